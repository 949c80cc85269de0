import type { BarColumns } from '../market/bars.ts';
import { runBacktest } from './backtest.ts';
import type { BarEngineConfig } from './bar-engine.ts';
import type { IntrabarPath } from './bar-path.ts';

/** Equity at the end, quote currency, by what was assumed of the price inside the bars. */
export type IntrabarBracket = Readonly<Record<IntrabarPath, number>>;

/**
 * What the bars do not tell: one backtest for each way the price may have gone inside them. The three differ only where a bar holds both a
 * stop and a limit order beyond its open, so never for orders at the market or without a stop; and each such bar is decided by itself.
 * For one round trip worst ≤ neutral ≤ best where making costs no more than taking. Over many, trades that would not have been there
 * otherwise can win or lose, so the three are cases, not limits.
 * @throws TouchstoneError as `runBacktest`
 */
export function bracketIntrabar(config: BarEngineConfig, bars: BarColumns): IntrabarBracket {
  const endsAt = (intrabar: IntrabarPath) => runBacktest({ ...config, execution: { ...config.execution, intrabar } }, bars).finalEquityQuote;
  return { worst: endsAt('worst'), neutral: endsAt('neutral'), best: endsAt('best') };
}
