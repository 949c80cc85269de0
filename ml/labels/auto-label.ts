import type { CandleHit } from '../../core/patterns/candles.ts';
import type { ChartPattern } from '../../core/patterns/chart-patterns.ts';
import { type BarrierTouch, type TripleBarrierSpec, tripleBarrier } from './triple-barrier.ts';

/** A label looks ahead by its nature; `knownAtIndex` says which bar must have closed before anybody may use it. */
export interface Known {
  readonly knownAtIndex: number;
}

export interface BarrierLabel extends BarrierTouch, Known {}

/**
 * Triple-barrier labels that are decided: an event whose vertical barrier lies beyond the end and that touched neither other barrier is left out, and so
 * is one whose volatility is undefined. Known at the bar whose close ended it.
 */
export function labelByBarriers(close: ArrayLike<number>, volatility: ArrayLike<number>, events: Iterable<number>, spec: TripleBarrierSpec): BarrierLabel[] {
  const measured = [...events].filter((event) => event < close.length - 1 && !Number.isNaN(volatility[event]!));
  return tripleBarrier(close, volatility, measured, spec)
    .filter((touch) => touch.barrier !== 'vertical' || touch.event + spec.horizonBars < close.length)
    .map((touch) => ({ ...touch, knownAtIndex: touch.touch }));
}

/** A pattern as an event to be judged: what it is called, the bar at whose close it was known, and where it points. */
export interface PatternEvent {
  readonly pattern: string;
  readonly index: number;
  readonly direction: 1 | -1;
}

/** Candle patterns as events. A hikkake and its confirmation are events of one name. */
export function candleEvents(hits: readonly CandleHit[]): PatternEvent[] {
  return hits.map(({ pattern, index, value }) => ({ pattern, index, direction: value > 0 ? 1 : -1 }));
}

/** Chart patterns as events, from the bar that completed them; a horizontal channel points nowhere and is none. */
export function chartEvents(patterns: readonly ChartPattern[]): PatternEvent[] {
  return patterns.flatMap(({ kind, confirmedIndex, direction }) => (direction === 0 ? [] : [{ pattern: kind, index: confirmedIndex, direction }]));
}

export type PatternOutcome = 'worked' | 'failed' | 'undecided';
const OUTCOMES = { profit: 'worked', stop: 'failed', vertical: 'undecided' } as const satisfies Record<BarrierTouch['barrier'], PatternOutcome>;

export interface PatternLabel extends BarrierLabel {
  readonly pattern: string;
  readonly direction: 1 | -1;
  readonly outcome: PatternOutcome;
  /** E.g. `doubleTop.worked`. */
  readonly name: string;
}

/** What became of each pattern: a bet in its direction from the close at which it was known, ended by the first barrier. In order of event. */
export function labelPatternOutcomes(
  close: ArrayLike<number>,
  volatility: ArrayLike<number>,
  patterns: readonly PatternEvent[],
  spec: Omit<TripleBarrierSpec, 'side'>,
): PatternLabel[] {
  const labels = patterns.flatMap(({ pattern, index, direction }) =>
    labelByBarriers(close, volatility, [index], { ...spec, side: direction }).map((label): PatternLabel => {
      const outcome = OUTCOMES[label.barrier];
      return { ...label, pattern, direction, outcome, name: `${pattern}.${outcome}` };
    }),
  );
  return labels.sort((a, b) => a.event - b.event);
}

/** The labels that may be used once the bar `index` has closed. */
export function knownLabels<T extends Known>(labels: readonly T[], index: number): T[] {
  return labels.filter((label) => label.knownAtIndex <= index);
}
