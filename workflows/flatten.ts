import type { FlattenResult } from '../activities/flatten.ts';
import { trackProgress } from './progress.ts';
import { attended, resolveInput } from './stubs.ts';

/** FLAT ALL: halt, cancel, reduce-only close, verified at the venue. The activity is retried until the account is flat. */
export async function flatten(rawInput: unknown = {}): Promise<FlattenResult> {
  const progress = trackProgress('flatten');
  const input = await resolveInput('flatten', rawInput);
  progress.label({ strategy: input.account });
  progress.stage('flattening');
  const result = await attended.flattenAccount(input);
  progress.stage('flat');
  return result;
}
