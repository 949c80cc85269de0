import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { TouchstoneError } from '../../core/errors.ts';

/**
 * Readies the tensor library on WebAssembly, which runs anywhere, on one thread: sums are taken in one order, so the same seed gives the same bits on every machine.
 * (The native backend is faster where it can be installed, but its bits are those of the machine; see docs/adr.)
 * @throws TouchstoneError TENSOR_BACKEND
 */
export async function selectBackend(): Promise<void> {
  if (tf.getBackend() !== 'wasm') setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new TouchstoneError('TENSOR_BACKEND', 'the WebAssembly tensor backend did not start');
  await tf.ready();
}
