import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { DEFAULT_FIT, type FitSettings } from '../../../ml/training/fit.ts';
import type { DatasetSpec } from '../../../ml/training/dataset.ts';

/** A small problem with a known answer, for tests of learning. */
const MINUTE_MS = 60_000;

export const smallSpec: DatasetSpec = {
  intervalMs: MINUTE_MS,
  features: [{ feature: 'logReturn', parameters: { period: 1 } }, { feature: 'rsi', parameters: { period: 5 } }, { feature: 'closePosition' }],
  label: { profitMultiple: 1, stopMultiple: 1, horizonBars: 5, side: 1 },
  volatilitySpan: 20,
  windowBars: 8,
  validationShare: 0.2,
  testShare: 0.2,
};

export const smallFit: FitSettings = {
  ...DEFAULT_FIT,
  network: { ...DEFAULT_FIT.network, units: [6], learningRate: 0.02 },
  epochs: 4,
  batchSize: 64,
  patience: 4,
};

/** Minute bars of a market in which each return leans on the one before by `momentum`: at 0 there is nothing to learn. */
export function momentumBars(count: number, momentum: number, seed = 'bars'): BarColumns {
  const rng = new Rng(seed);
  let close = 100;
  let change = 0;
  return barColumns(
    Array.from({ length: count }, (_, i) => {
      const open = close;
      change = momentum * change + 0.002 * rng.normal();
      close = open * Math.exp(change);
      const reach = 0.0005 * Math.abs(rng.normal());
      return {
        openTimeMs: i * MINUTE_MS,
        open,
        high: Math.max(open, close) * (1 + reach),
        low: Math.min(open, close) * (1 - reach),
        close,
        volume: 1 + rng.uniform(),
      };
    }),
  );
}
