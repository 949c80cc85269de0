import { InferenceSession, Tensor } from 'onnxruntime-node';
import { TouchstoneError } from '../core/errors.ts';

/** A trained model being served. */
export interface ServedModel {
  readonly windowBars: number;
  readonly featureCount: number;
  /**
   * Calibrated probabilities of `windows` = count × windowBars × featureCount raw features, row-major.
   * @throws TouchstoneError BAD_WINDOW when the length does not fit or a value is not finite
   */
  predict(windows: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Serves an ONNX model with input `window` [batch, windowBars, features] and output `probability` [batch, 1], on one thread: a prediction takes microseconds and must not
 * take the cores of the processes that trade.
 * @throws TouchstoneError BAD_MODEL
 */
export async function loadModel(onnx: Uint8Array): Promise<ServedModel> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', logSeverityLevel: 3 });
  } catch (cause) {
    throw new TouchstoneError('BAD_MODEL', 'the bytes are not an ONNX model that can be served', { cause });
  }
  const input = session.inputMetadata.find((port) => port.name === 'window');
  const [, windowBars, featureCount] = input?.isTensor ? input.shape : [];
  if (typeof windowBars !== 'number' || typeof featureCount !== 'number' || !session.outputNames.includes('probability')) {
    throw new TouchstoneError('BAD_MODEL', 'the model has no input `window` of [batch, bars, features] or no output `probability`');
  }
  const size = windowBars * featureCount;
  return {
    windowBars,
    featureCount,
    async predict(windows) {
      const count = windows.length / size;
      if (!Number.isInteger(count) || count === 0)
        throw new TouchstoneError('BAD_WINDOW', `${windows.length} values are no whole windows of ${windowBars} × ${featureCount}`);
      if (!windows.every(Number.isFinite)) throw new TouchstoneError('BAD_WINDOW', 'a feature is not a finite number');
      const { probability } = await session.run({ window: new Tensor('float32', windows, [count, windowBars, featureCount]) }, ['probability']);
      return probability!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
