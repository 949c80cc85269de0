import type { BookEvent, FundingEvent, Interval, Ohlcv, TradeEvent } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';

/** A fill as a strategy sees it. */
export interface StrategyFill {
  readonly instrument: InstrumentName;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly qty: number;
  readonly eventTimeMs: number;
}

/** One resting quote of a quote set; a quote set replaces the strategy's working quotes. */
export interface Quote {
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly qty: number;
}

/** Why a decision was made: the values read, by name. Kept with the signal, so "why did it buy?" has an answer. */
export type Why = Readonly<Record<string, number | string | boolean>>;

/**
 * What a strategy may say. A target is a whole position, never a delta: saying it twice changes nothing.
 * `fraction` is of the strategy's configured size: 1 = fully long, 0 = flat, -1 = fully short (spot clips at 0).
 */
export interface StrategyOutput {
  target(fraction: number, why: Why): void;
  quotes(quotes: readonly Quote[], why: Why): void;
}

/**
 * The one interface of backtest, paper and live. Pure: no I/O, clock or chance; time is the event's.
 * Handlers are called with closed bars and past events only. State is the strategy's own and must survive
 * `restore(snapshot())` without a difference.
 */
export interface Strategy {
  /** A closed bar of the configured interval. The object is reused for the next bar: take its numbers, do not keep it. */
  onBar?(bar: Ohlcv, out: StrategyOutput): void;
  onTrade?(trade: TradeEvent, out: StrategyOutput): void;
  onBook?(book: BookEvent, out: StrategyOutput): void;
  onFill?(fill: StrategyFill, out: StrategyOutput): void;
  onFunding?(funding: FundingEvent, out: StrategyOutput): void;
  /** Plain JSON. */
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** A parameter of a strategy with its range, for configuration, search and evolution. */
export interface ParameterSpec {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly description: string;
}

/** What a strategy's file exports; the registry maps `type` of a YAML file to it. */
export interface StrategyDefinition {
  /** The `type` in YAML, e.g. `trend-following`. */
  readonly type: string;
  /** Raised whenever the same bars and parameters may give other targets; part of the version of every signal. */
  readonly codeVersion: number;
  readonly description: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Bars that must pass before the first output means anything. */
  warmupBars(parameters: Readonly<Record<string, number>>): number;
  create(parameters: Readonly<Record<string, number>>, instrument: InstrumentName): Strategy;
}

/** A strategy as configured: one YAML file of `config/strategies/`. */
export interface StrategyConfig {
  readonly name: string;
  readonly type: string;
  readonly account: string;
  readonly instruments: readonly InstrumentName[];
  readonly interval: Interval;
  /** Position at target 1, in quote currency, as decimal text. */
  readonly sizeQuote: string;
  readonly maxAgeMs: number;
  readonly parameters: Readonly<Record<string, number>>;
}
