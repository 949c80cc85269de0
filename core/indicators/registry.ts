import { TouchstoneError } from '../errors.ts';
import { amihud } from '../microstructure/amihud.ts';
import { corwinSchultz } from '../microstructure/corwin-schultz.ts';
import { rollSpreadIndicator } from '../microstructure/roll-spread.ts';
import { patternIndicators } from '../patterns/indicators.ts';
import { atr } from './atr.ts';
import { bollinger } from './bollinger.ts';
import { donchian } from './donchian.ts';
import { ema } from './ema.ts';
import type { IndicatorDefinition } from './indicator.ts';
import { macd } from './macd.ts';
import { obv } from './obv.ts';
import { rsi } from './rsi.ts';
import { sma, volumeSma } from './sma.ts';
import { logReturn, realisedVolatility } from './volatility.ts';
import { vwapRolling, vwapSession } from './vwap.ts';
import { rma } from './wilder.ts';

/** The one table of indicators: strategies, features, dashboard and command line find them here by name. */
export const INDICATORS: readonly IndicatorDefinition[] = [
  sma,
  volumeSma,
  ema,
  rma,
  rsi,
  macd,
  bollinger,
  atr,
  donchian,
  vwapSession,
  vwapRolling,
  obv,
  logReturn,
  realisedVolatility,
  amihud,
  rollSpreadIndicator,
  corwinSchultz,
  ...patternIndicators,
];

/**
 * An indicator by name. `others` are definitions from outside core (`infra/technicalindicators.ts`); core's own win.
 * @throws TouchstoneError UNKNOWN_INDICATOR, with the names there are.
 */
export function findIndicator(name: string, others: readonly IndicatorDefinition[] = []): IndicatorDefinition {
  const found = INDICATORS.find((indicator) => indicator.name === name) ?? others.find((indicator) => indicator.name === name);
  if (found) return found;
  const names = [...INDICATORS, ...others].map((indicator) => indicator.name).join(', ');
  throw new TouchstoneError('UNKNOWN_INDICATOR', `no indicator ${JSON.stringify(name.slice(0, 40))}; there are: ${names}`);
}
