import type { ParityResult } from '../activities/parity-proof.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/** Replays the recorded market of a range through the strategies and compares the decisions with those made live. */
export async function parityProof(rawInput: unknown = {}): Promise<ParityResult> {
  const progress = trackProgress('parity proof');
  const input = await resolveInput('parityProof', rawInput);
  progress.label({ strategy: input.account });
  progress.stage('replaying');
  const result = await research.proveParity(input);
  progress.stage(result.equal ? 'equal' : 'different');
  return result;
}
