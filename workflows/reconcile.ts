import type { ReconcileResult } from '../activities/reconcile.ts';
import { trackProgress } from './progress.ts';
import { attended, resolveInput } from './stubs.ts';

/** Compares the ledger of an account with its venue, and says every difference; it changes nothing at the venue. */
export async function reconcile(rawInput: unknown = {}): Promise<ReconcileResult> {
  const progress = trackProgress('reconcile');
  const input = await resolveInput('reconcile', rawInput);
  progress.label({ strategy: input.account });
  progress.stage('reconciling');
  const result = await attended.reconcileAccount(input);
  progress.stage('done');
  return result;
}
