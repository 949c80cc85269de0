import type { BookEvent } from '../market/events.ts';
import { weightedBookImbalance } from '../microstructure/book-imbalance.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Goes with the heavier side of the book. The imbalance of the first `levels` levels, weighted towards the best, is averaged with a half-life
 * of `halfLifeMs` of event time, so that a quote that flickers decides nothing. Long above `entry`, out below `exit`, held at least `holdMs`.
 */
class OrderBookImbalance implements Strategy {
  private readonly levels: number;
  private readonly decay: number;
  private readonly halfLifeMs: number;
  private readonly entry: number;
  private readonly exit: number;
  private readonly holdMs: number;
  private isLong = false;
  private sinceMs = 0;
  private lastTimeMs = -1;
  private average = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.levels = parameters.levels!;
    this.decay = parameters.decay!;
    this.halfLifeMs = parameters.halfLifeMs!;
    this.entry = parameters.entry!;
    this.exit = parameters.exit!;
    this.holdMs = parameters.holdMs!;
  }

  onBook(book: BookEvent, out: StrategyOutput): void {
    const imbalance = weightedBookImbalance(book, this.levels, this.decay);
    if (imbalance === undefined || book.bids.length === 0 || book.asks.length === 0) return;
    const elapsedMs = this.lastTimeMs < 0 ? 0 : Math.max(0, book.eventTimeMs - this.lastTimeMs);
    const kept = this.lastTimeMs < 0 ? 0 : 0.5 ** (elapsedMs / this.halfLifeMs);
    this.average = kept * this.average + (1 - kept) * imbalance;
    this.lastTimeMs = Math.max(this.lastTimeMs, book.eventTimeMs);
    const { average } = this;
    if (this.isLong ? average < this.exit && book.eventTimeMs - this.sinceMs >= this.holdMs : average > this.entry) {
      this.isLong = !this.isLong;
      this.sinceMs = book.eventTimeMs;
      const rule = this.isLong ? 'more is bid than asked' : 'no more bid than asked';
      out.target(this.isLong ? 1 : 0, { rule, imbalance, average, bid: book.bids[0]![0], ask: book.asks[0]![0] });
    }
  }

  snapshot(): unknown {
    const { isLong, sinceMs, lastTimeMs, average } = this;
    return { isLong, sinceMs, lastTimeMs, average };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; sinceMs: number; lastTimeMs: number; average: number };
    this.isLong = saved.isLong;
    this.sinceMs = saved.sinceMs;
    this.lastTimeMs = saved.lastTimeMs;
    this.average = saved.average;
  }
}

export const orderBookImbalance: StrategyDefinition = {
  type: 'order-book-imbalance',
  codeVersion: 1,
  description: 'Long while the weighted, averaged imbalance of the book leans to the bid',
  parameters: {
    levels: { default: 5, min: 1, max: 1_000, integer: true, description: 'levels of each side that are read' },
    decay: { default: 0.5, min: 0, max: 10, description: 'weight of a level is exp(−decay · level), the best being level 0' },
    halfLifeMs: { default: 1_000, min: 1, max: 600_000, description: 'half-life of the average, event time' },
    entry: { default: 0.4, min: -1, max: 1, description: 'average imbalance above which it is entered' },
    exit: { default: 0, min: -1, max: 1, description: 'average imbalance below which it is left' },
    holdMs: { default: 1_000, min: 0, max: 3_600_000, description: 'shortest time in a position, event time' },
  },
  // Bars tell of gaps; the book itself needs none.
  warmupBars: () => 1,
  create: (parameters) => new OrderBookImbalance(parameters),
};
