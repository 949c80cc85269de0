import type { BookEvent, FundingEvent, Interval, LiquidationEvent, MarkEvent, Ohlcv, OpenInterestEvent, TradeEvent } from '../market/events.ts';
import type { Decimal } from '../market/decimal.ts';
import type { InstrumentName } from '../market/instrument.ts';

/** A fill as a strategy sees it. */
export interface StrategyFill {
  readonly instrument: InstrumentName;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly qty: number;
  readonly eventTimeMs: number;
}

/** What an account holds for a strategy: the whole quantity, so that hearing it twice changes nothing. */
export interface StrategyHolding {
  readonly instrument: InstrumentName;
  /** Base currency, signed, less commission taken in it. */
  readonly qty: Decimal;
  /** Quote currency: of the fill that made it so, else the account's average entry price. */
  readonly price: number;
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
  /** `instrument` names the leg that is meant; a strategy of one instrument leaves it out, a group never does. */
  target(fraction: number, why: Why, instrument?: InstrumentName): void;
  quotes(quotes: readonly Quote[], why: Why, instrument?: InstrumentName): void;
}

/**
 * The one interface of backtest, paper and live. Pure: no I/O, clock or chance; time is the event's.
 * Handlers are called with closed bars and past events only. State is the strategy's own and must survive
 * `restore(snapshot())` without a difference.
 */
export interface Strategy {
  /**
   * A closed bar of the configured interval. The object is reused for the next bar: take its numbers, do not keep it.
   * `instrument` is given to groups: whose bar it is.
   */
  onBar?(bar: Ohlcv, out: StrategyOutput, instrument?: InstrumentName): void;
  /**
   * Groups only: the closed bars of one open time, one a leg in the configured order. Called as the last of them arrives, so nothing is
   * decided on half a picture; an open time that one leg has no bar of is passed over. The objects are reused.
   */
  onBars?(bars: readonly Ohlcv[], out: StrategyOutput): void;
  onTrade?(trade: TradeEvent, out: StrategyOutput): void;
  onBook?(book: BookEvent, out: StrategyOutput): void;
  /** What a change of the strategy's holding amounts to: several fills may come as one, and FLAT ALL as a sale. */
  onFill?(fill: StrategyFill, out: StrategyOutput): void;
  /** What these four change is said with the next bar, trade or book: they carry no price to size by. */
  onFunding?(funding: FundingEvent, out: StrategyOutput): void;
  onMark?(mark: MarkEvent, out: StrategyOutput): void;
  onOpenInterest?(openInterest: OpenInterestEvent, out: StrategyOutput): void;
  onLiquidation?(liquidation: LiquidationEvent, out: StrategyOutput): void;
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
  /** `group`: one object sees all configured instruments. By default each instrument has an object of its own. */
  readonly scope?: 'instrument' | 'group';
  /** Of a group: how many instruments it trades, least and most. */
  readonly legs?: readonly [least: number, most: number];
  /** Says quote sets. No two of them may quote one instrument for one account: each set replaces all that rests there. */
  readonly isQuoting?: true;
  /** Loses its meaning where a target below 0 counts as 0, as on spot: there it is refused. */
  readonly needsShort?: boolean;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Bars that must pass before the first output means anything; of a group, complete sets of bars. */
  warmupBars(parameters: Readonly<Record<string, number>>): number;
  /** `instruments` is given to groups: all legs in the configured order, of which `instrument` is the first. */
  create(parameters: Readonly<Record<string, number>>, instrument: InstrumentName, instruments?: readonly InstrumentName[]): Strategy;
  /** For types whose rules stand in the configuration: the definition that a configuration makes. @throws TouchstoneError BAD_RULE, BAD_CONFIG */
  configure?(config: StrategyRules): StrategyDefinition;
}

/** What of a configuration shapes the code that runs. */
export type StrategyRules = Pick<StrategyConfig, 'name' | 'type' | 'rules' | 'members'>;

/** One line of the rule language: what to do `when` an expression is true at a bar's close. Exactly one of `enter` and `exit`. */
export interface RuleConfig {
  readonly when: string;
  readonly enter?: 'long' | 'short';
  readonly exit?: 'long' | 'short' | 'any';
  /** Expression: fraction of the configured size, in (0, 1]. */
  readonly size?: string;
  /** Expression: distance from the entry's close at which the position is closed, quote currency. */
  readonly stop?: string;
}

/** The rules of a strategy of type `rules`. */
export interface RulesConfig {
  /** Names that the expressions may use; configuration sets them and searches may move them. */
  readonly parameters?: Readonly<Record<string, ParameterSpec>>;
  readonly list: readonly RuleConfig[];
}

/** A strategy inside one of type `ensemble` or `router`. */
export interface StrategyMember {
  readonly type: string;
  /** Of an ensemble: share of the vote; the shares are scaled to sum to 1. */
  readonly weight?: number;
  /** Of a router: share of the size that it trades in each scenario of the market, in [0, 1]; none in a scenario that is left out. */
  readonly shares?: Readonly<Record<string, number>>;
  /** How many bars of the strategy's interval make one of this member's. */
  readonly bars: number;
  readonly parameters?: Readonly<Record<string, number>>;
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
  /** Of type `rules`. */
  readonly rules?: RulesConfig;
  /** Of types `ensemble` and `router`. */
  readonly members?: readonly StrategyMember[];
}
