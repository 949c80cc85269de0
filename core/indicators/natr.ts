import { Atr } from './atr.ts';
import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';

/** Normalised average true range: 100 · ATR / close, percent of the price, so that ranges compare across prices. J. Forman, 2006. */
export const natr: IndicatorDefinition = {
  name: 'natr',
  description: 'Average true range (Wilder), percent of the close',
  formula: '100·ATR/close; J. Forman, 2006',
  parameters: { period: PERIOD },
  outputs: ['natr'],
  warmupBars: ({ period }) => period!,
  create: ({ period }) => onValue(new Atr(period!), (range, bar) => (100 * range.update(bar.high, bar.low, bar.close)) / bar.close),
};
