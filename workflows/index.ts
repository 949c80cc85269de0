/** Entry of the workflow bundle: every workflow type, under the name people start it by. */
export { backfill } from './backfill.ts';
export { backtest } from './backtest.ts';
export { dailyReport } from './daily-report.ts';
export { evolve } from './evolve.ts';
export { flatten } from './flatten.ts';
export { nightly } from './nightly.ts';
export { parityProof } from './parity-proof.ts';
export { promote } from './promote.ts';
export { reconcile } from './reconcile.ts';
export { retrain } from './retrain.ts';
export { walkForward } from './walk-forward.ts';
