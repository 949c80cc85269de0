import { TouchstoneError } from '../errors.ts';
import { patternIndicators } from '../patterns/indicators.ts';
import { regime } from '../regime/regime-indicator.ts';
import { suggestion } from '../suggestion.ts';
import { ad } from './ad.ts';
import { adx } from './adx.ts';
import { aroon } from './aroon.ts';
import { amihud } from '../microstructure/amihud.ts';
import { corwinSchultz } from '../microstructure/corwin-schultz.ts';
import { rollSpreadIndicator } from '../microstructure/roll-spread.ts';
import { atr } from './atr.ts';
import { bollinger } from './bollinger.ts';
import { cci } from './cci.ts';
import { cmf } from './cmf.ts';
import { cmo } from './cmo.ts';
import { dema } from './dema.ts';
import { donchian } from './donchian.ts';
import { ema } from './ema.ts';
import { emaCross } from './ema-cross.ts';
import { heikinAshi } from './heikin-ashi.ts';
import { hma } from './hma.ts';
import { ichimoku } from './ichimoku.ts';
import type { IndicatorDefinition } from './indicator.ts';
import { keltner } from './keltner.ts';
import { linregSlope } from './linreg-slope.ts';
import { macd } from './macd.ts';
import { mfi } from './mfi.ts';
import { mom } from './momentum.ts';
import { natr } from './natr.ts';
import { obv } from './obv.ts';
import { parabolicSar } from './parabolic-sar.ts';
import { presetsOf } from './presets.ts';
import { roc } from './roc.ts';
import { highest, lowest } from './rolling-max.ts';
import { rsi } from './rsi.ts';
import { sma, volumeSma } from './sma.ts';
import { stddev } from './stddev.ts';
import { stochRsi } from './stoch-rsi.ts';
import { stochFast, stochSlow } from './stochastic.ts';
import { supertrend } from './supertrend.ts';
import { tema } from './tema.ts';
import { twapSession } from './twap.ts';
import { logReturn, realisedVolatility } from './volatility.ts';
import { vwapRolling, vwapSession } from './vwap.ts';
import { rma } from './wilder.ts';
import { williamsR } from './williams-r.ts';
import { wma } from './wma.ts';

/** The one table of indicators: strategies, features, dashboard and command line find them here by name. */
export const INDICATORS: readonly IndicatorDefinition[] = [
  sma,
  volumeSma,
  ema,
  emaCross,
  wma,
  dema,
  tema,
  hma,
  rma,
  rsi,
  stochRsi,
  cmo,
  macd,
  roc,
  mom,
  linregSlope,
  bollinger,
  stddev,
  atr,
  natr,
  adx,
  aroon,
  donchian,
  highest,
  lowest,
  keltner,
  supertrend,
  parabolicSar,
  ichimoku,
  heikinAshi,
  stochFast,
  stochSlow,
  williamsR,
  cci,
  vwapSession,
  vwapRolling,
  twapSession,
  obv,
  ad,
  cmf,
  mfi,
  logReturn,
  realisedVolatility,
  ...patternIndicators,
  amihud,
  rollSpreadIndicator,
  corwinSchultz,
  regime,
];

/** Indicators under another name with other defaults: `rsi-2` is `rsi` with period 2. */
export const PRESETS: readonly IndicatorDefinition[] = presetsOf(INDICATORS);

const BY_NAME: ReadonlyMap<string, IndicatorDefinition> = new Map([...INDICATORS, ...PRESETS].map((definition) => [definition.name, definition]));

/**
 * An indicator or a preset by name. `others` are definitions from outside core (`infra/technicalindicators.ts`); core's own win.
 * @throws TouchstoneError UNKNOWN_INDICATOR, with the nearest name, or the names there are where none is near.
 */
export function findIndicator(name: string, others: readonly IndicatorDefinition[] = []): IndicatorDefinition {
  const found = BY_NAME.get(name) ?? others.find((indicator) => indicator.name === name);
  if (found) return found;
  const names = [...BY_NAME.keys(), ...others.map((indicator) => indicator.name)];
  const hint = suggestion(name, names) || `; there are: ${names.join(', ')}`;
  throw new TouchstoneError('UNKNOWN_INDICATOR', `no indicator ${JSON.stringify(name.slice(0, 40))}${hint}`);
}
