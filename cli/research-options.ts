import type { Command } from 'commander';
import type { StandInType } from '../core/engine/analyse-stand-ins.ts';
import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import type { BarMargin } from '../core/engine/bar-margin.ts';
import { TouchstoneError } from '../core/errors.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { INTERVAL_MS, type Interval, type MarketEvent } from '../core/market/events.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import type { RiskLimits } from '../core/risk/decision.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Configuration } from '../infra/config.ts';
import type { OutputStreams } from './output.ts';

/** What commands that run strategies over history need. */
export interface ResearchDeps {
  readonly streams: OutputStreams;
  /** Where data is looked for without `--data`. */
  readonly dataDir: () => string | undefined;
  readStrategy(path: string): StrategyConfig;
  configuration(): Pick<Configuration, 'system' | 'risk'>;
  readBars(dataDir: string, instrument: InstrumentName, interval: Interval, fromMs: number | undefined, toMs: number | undefined): Promise<BarColumns>;
  /** Funding rates of a perpetual, oldest first; empty when the directory has none. */
  readFunding(dataDir: string, instrument: InstrumentName): Promise<readonly { readonly timeMs: number; readonly rate: number }[]>;
  /** Recorded trades and books within a range, in order. @throws TouchstoneError NO_DATA */
  readRecording(dataDir: string, instrument: InstrumentName, fromMs: number | undefined, toMs: number | undefined): Promise<MarketEvent[]>;
}

/** Options of every command that runs strategies over history. */
export interface HistoryOptions {
  readonly data?: string;
  readonly instrument?: string;
  readonly interval?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface TradingOptions {
  readonly cash: string;
  readonly feeBps: string;
  readonly makerFeeBps?: string;
  readonly slippageBps: string;
  readonly order: string;
  readonly stopLossBps?: string;
  readonly market: string;
  readonly leverage?: string;
  readonly maintenanceBps?: string;
}

/** Of a careful account; a venue's first tier asks for 40 to 65 basis points of the large coins. */
const LEVERAGE = '5';
const MAINTENANCE_BPS = '50';

export function historyOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'directory of market data files (default: TOUCHSTONE_DATA)')
    .option('--instrument <name>', "venue:BASE/QUOTE, e.g. binance:BTC/USDT (default: the strategy's first)")
    .option('--interval <interval>', `bars: ${Object.keys(INTERVAL_MS).join(', ')} (default: the strategy's)`)
    .option('--from <date>', 'first day or time, UTC, e.g. 2021-01-01')
    .option('--to <date>', 'end, exclusive');
}

export function tradingOptions(command: Command): Command {
  return command
    .option('--cash <quote>', 'cash at the beginning, quote currency', '10000')
    .option('--fee-bps <bps>', 'fee of market orders, basis points', '10')
    .option('--maker-fee-bps <bps>', 'fee of limit orders that rested (default: as --fee-bps)')
    .option('--slippage-bps <bps>', 'how much worse market and stop orders trade', '1')
    .option('--order <type>', 'how targets are traded: market (next open) or limit (at the deciding close)', 'market')
    .option('--stop-loss-bps <bps>', 'rest a stop order so far from each entry')
    .option('--market <kind>', 'spot (targets below 0 count as 0) or perpetual (goes short, pays the funding that the data has)', 'spot')
    .option('--leverage <factor>', `perpetual: largest position, times the equity (default: "${LEVERAGE}")`)
    .option('--maintenance-bps <bps>', `perpetual: share of a position that must stay behind it; below, all is lost (default: "${MAINTENANCE_BPS}")`);
}

/** The directory of `--data`. @throws TouchstoneError NO_DATA */
export function dataDirOption(options: HistoryOptions, deps: Pick<ResearchDeps, 'dataDir'>): string {
  const dataDir = options.data ?? deps.dataDir();
  if (dataDir === undefined) throw new TouchstoneError('NO_DATA', 'no market data: give --data DIR or set TOUCHSTONE_DATA');
  return dataDir;
}

/** `--from` and `--to` in ms. @throws TouchstoneError BAD_OPTION */
export function rangeOption({ from, to }: HistoryOptions): { readonly fromMs: number | undefined; readonly toMs: number | undefined } {
  const fromMs = timeOption('--from', from);
  const toMs = timeOption('--to', to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) throw new TouchstoneError('BAD_OPTION', `--from ${from} is not before --to ${to}`);
  return { fromMs, toMs };
}

export const cashOption = (options: TradingOptions) => numberOption('--cash', options.cash, 1, 1e12);

/** @throws TouchstoneError BAD_OPTION */
export function marketOption({ market }: TradingOptions): 'spot' | 'perpetual' {
  if (market === 'spot' || market === 'perpetual') return market;
  throw new TouchstoneError('BAD_OPTION', `--market is ${JSON.stringify(market)}; want spot or perpetual`);
}

/** Margin of a perpetual, undefined on spot. @throws TouchstoneError BAD_OPTION */
export function marginOption(options: TradingOptions): BarMargin | undefined {
  const isGiven = options.leverage !== undefined || options.maintenanceBps !== undefined;
  if (marketOption(options) === 'spot') {
    if (isGiven) throw new TouchstoneError('BAD_OPTION', '--leverage and --maintenance-bps are for --market perpetual');
    return undefined;
  }
  return {
    leverage: numberOption('--leverage', options.leverage ?? LEVERAGE, 1, 125),
    maintenanceRate: numberOption('--maintenance-bps', options.maintenanceBps ?? MAINTENANCE_BPS, 0, 5_000) / 10_000,
  };
}

/** Limits of the account that the strategy trades. */
export function limitsOf(name: string, { system, risk }: Pick<Configuration, 'system' | 'risk'>): RiskLimits {
  const account = system.accounts.find((candidate) => candidate.name === name);
  if (!account) throw new TouchstoneError('BAD_CONFIG', `no account ${JSON.stringify(name)} in touchstone.yaml`);
  return risk.get(account.risk)!;
}

export function executionOptions(options: TradingOptions): BarEngineConfig['execution'] {
  if (options.order !== 'market' && options.order !== 'limit')
    throw new TouchstoneError('BAD_OPTION', `--order is ${JSON.stringify(options.order)}; want market or limit`);
  return {
    takerFeeBps: numberOption('--fee-bps', options.feeBps, 0, 1_000),
    makerFeeBps: numberOption('--maker-fee-bps', options.makerFeeBps ?? options.feeBps, -100, 1_000),
    slippageBps: numberOption('--slippage-bps', options.slippageBps, 0, 1_000),
    orderType: options.order,
    ...(options.stopLossBps !== undefined && { stopLossBps: numberOption('--stop-loss-bps', options.stopLossBps, 1, 9_999) }),
    // A limit and its stop may meet within one bar; the extreme nearer to the open is taken to have come first.
    ...(options.stopLossBps !== undefined && options.order === 'limit' && { intrabar: 'neutral' as const }),
  };
}

/** What a reader must know to judge the figures. */
export function assumptionsOf({ execution, instrument }: Pick<BarEngineConfig, 'execution' | 'instrument'>): string[] {
  const { takerFeeBps, makerFeeBps, slippageBps, orderType, stopLossBps } = execution;
  const way = orderType === 'market' ? 'at the next open' : 'by a limit order at the deciding close, filled only when the price trades through it';
  return [
    `Targets are traded ${way}; fees ${takerFeeBps} bps taking and ${makerFeeBps} bps resting, slippage ${slippageBps} bps, taken in quote currency.`,
    ...(stopLossBps === undefined ? [] : [`A stop order rests ${stopLossBps} bps from each entry.`]),
    `Trading rules are assumed from the data: tick ${instrument.tickSize}, step ${instrument.stepSize}, least order ${instrument.minNotional}.`,
  ];
}

/** @throws TouchstoneError BAD_OPTION */
export function intervalOption(text: string | undefined): Interval | undefined {
  if (text === undefined || Object.hasOwn(INTERVAL_MS, text)) return text as Interval | undefined;
  throw new TouchstoneError('BAD_OPTION', `--interval is ${JSON.stringify(text)}; want one of ${Object.keys(INTERVAL_MS).join(', ')}`);
}

/** A date or time in ms, UTC. @throws TouchstoneError BAD_OPTION */
export function timeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // A date alone is UTC by the standard, a date with a time is not: say so for it.
  const timeMs = Date.parse(/T.*(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(timeMs))
    throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a date such as 2021-01-31 or 2021-01-31T12:00`);
  return timeMs;
}

/** @throws TouchstoneError BAD_OPTION outside [min, max] */
export function numberOption(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a number from ${min} to ${max}`);
  return value;
}

/** @throws TouchstoneError BAD_OPTION */
export function wholeNumberOption(name: string, text: string, min: number, max: number): number {
  const value = numberOption(name, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a whole number`);
}

/** What a strategy may read besides bars, in words. */
export const EVENT_WORDS: Readonly<Record<StandInType, string>> = {
  book: 'books',
  trade: 'trades',
  mark: 'mark prices',
  funding: 'funding',
  openInterest: 'open interest',
  liquidation: 'liquidations',
};
