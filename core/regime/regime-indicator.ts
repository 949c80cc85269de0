import { type IndicatorDefinition, onBars } from '../indicators/indicator.ts';
import { RegimeDetector, type RegimeDetectorState } from './regime-detector.ts';
import { DEFAULT_REGIME_SETTINGS } from './regime-model.ts';

const { trainingBars, refitBars, trendBars, vixHorizonBars, periodsPerYear } = DEFAULT_REGIME_SETTINGS;

/**
 * The regime detector as an indicator: crypto VIX (percent), its ratio to its median, and the filtered probabilities of the trends.
 * Undefined until the first fit; in a market that never moved there is none. `trainingBars` must be 50 more than `trendBars` or longer.
 */
export const regime: IndicatorDefinition = {
  name: 'regime',
  description: 'Crypto VIX by GARCH, and probabilities of bull, bear and range by a hidden Markov model, fitted to the past alone',
  formula: 'GARCH(1,1) and a Gaussian hidden Markov model, fitted to the past on a schedule; see docs/regimes.md',
  parameters: {
    trainingBars: { default: trainingBars, min: 52, max: 100_000, integer: true, description: 'bars each fit sees' },
    refitBars: { default: refitBars, min: 1, max: 100_000, integer: true, description: 'bars between fits' },
    trendBars: { default: trendBars, min: 2, max: 10_000, integer: true, description: 'bars over which a trend is measured' },
    vixHorizonBars: { default: vixHorizonBars, min: 1, max: 100_000, integer: true, description: 'bars ahead that the crypto VIX speaks of' },
    periodsPerYear: { default: periodsPerYear, min: 1, max: 31_536_000, description: 'bars in a year: 8,760 of one hour' },
  },
  outputs: ['cryptoVix', 'vixRatio', 'bull', 'bear', 'range'],
  warmupBars: (parameters) => parameters.trainingBars!,
  waitsForEvents: true,
  create: (parameters) => {
    const detector = new RegimeDetector(parameters);
    const stateful = {
      update: (close: number) => detector.update(close),
      snapshot: () => detector.snapshot(),
      restore: (state: unknown) => detector.restore(state as RegimeDetectorState),
    };
    return onBars(stateful, 5, (inner, bar, values) => {
      const reading = inner.update(bar.close);
      if (!reading) return;
      values[0] = reading.cryptoVix;
      values[1] = reading.vixRatio;
      values[2] = reading.probabilities.bull;
      values[3] = reading.probabilities.bear;
      values[4] = reading.probabilities.range;
    });
  },
};
