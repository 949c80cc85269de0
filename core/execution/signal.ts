import type { InstrumentName } from '../market/instrument.ts';
import type { Why } from '../strategies/strategy.ts';

/** A wanted position. Targets, never deltas: acting twice on the same target does nothing the second time. */
export interface Signal {
  /** hash(strategy, version, account, triggering event id, instrument, leg). */
  readonly signalId: string;
  readonly strategy: string;
  /** Hash of the strategy's code version and configuration. */
  readonly version: string;
  readonly account: string;
  readonly instrument: InstrumentName;
  /** Base currency, decimal text; absent when `quotes` is given. */
  readonly targetQty?: string;
  readonly quotes?: ReadonlyArray<{ readonly side: 'buy' | 'sell'; readonly price: string; readonly qty: string }>;
  /** Price the size was computed at (the triggering event's), decimal text. */
  readonly referencePrice: string;
  /** The triggering event's venue time. Age is counted from it, at the moment of sending. */
  readonly eventTimeMs: number;
  readonly maxAgeMs: number;
  readonly triggerEventId: string;
  /** Event times of the oldest and newest event the decision had read. */
  readonly readFromMs: number;
  readonly readToMs: number;
  readonly modelId?: string;
  readonly why: Why;
}
