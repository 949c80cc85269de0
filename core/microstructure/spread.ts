import type { BookLevels } from '../market/book.ts';
import type { Side } from '../market/events.ts';
import { sideSign } from '../market/side.ts';
import { midPrice } from './microprice.ts';

const BPS = 10_000;

/** (ask − bid)/mid in bps; undefined while a side is empty. */
export function quotedSpreadBps(book: BookLevels): number | undefined {
  const mid = midPrice(book);
  return mid === undefined ? undefined : ((book.asks[0]![0] - book.bids[0]![0]) / mid) * BPS;
}

/** What a taker paid for immediacy: 2·side·(price − mid)/mid in bps, mid being that of the moment before the trade. */
export function effectiveSpreadBps(takerSide: Side, price: number, mid: number): number {
  return (2 * sideSign(takerSide) * (price - mid) * BPS) / mid;
}

/** What the maker kept of it once the price had answered: 2·side·(price − later mid)/mid in bps. Effective less realised is the price impact. */
export function realisedSpreadBps(takerSide: Side, price: number, mid: number, laterMid: number): number {
  return (2 * sideSign(takerSide) * (price - laterMid) * BPS) / mid;
}

export interface SpreadAnalysisOptions {
  /** Time after a trade at which the mid is taken for the realised spread; 5 s is usual. */
  readonly horizonMs: number;
  /** A weight is halved after so much event time; without it everything since the start counts alike. */
  readonly halfLifeMs?: number;
}

/** Trades that wait for their later mid; when more wait, the oldest are given up. */
const MAX_PENDING = 4_096;
/** Numbers held for each of them. */
const FIELDS = 5;

/** A mean whose old weights fade. */
interface FadingMean {
  sum: number;
  weight: number;
}

/**
 * Bid-ask spread of one instrument, live: quoted (weighted by time), effective, realised and price impact (weighted by quantity), all in
 * bps of the mid. The mid of a horizon is the one in force at that moment, and is used only once event time has passed it.
 * Definitions: R. Huang and H. Stoll, Dealer versus Auction Markets, 1996.
 */
export class SpreadAnalysis {
  private readonly horizonMs: number;
  private readonly halfLifeMs: number;
  private timeMs = Number.NaN;
  private mid = Number.NaN;
  private spreadBps = Number.NaN;
  private readonly quoted: FadingMean = { sum: 0, weight: 0 };
  private readonly effective: FadingMean = { sum: 0, weight: 0 };
  private readonly realised: FadingMean = { sum: 0, weight: 0 };
  /** Effective spreads of the trades whose realised one is known, so that their difference compares like with like. */
  private readonly resolved: FadingMean = { sum: 0, weight: 0 };
  private readonly means: readonly FadingMean[] = [this.quoted, this.effective, this.realised, this.resolved];
  /** A ring; of each trade: due time, sign, price, mid, quantity. */
  private readonly pending = new Float64Array(MAX_PENDING * FIELDS);
  private head = 0;
  private count = 0;
  /** Trades given up because too many were waiting. */
  droppedTrades = 0;

  constructor({ horizonMs, halfLifeMs = Number.POSITIVE_INFINITY }: SpreadAnalysisOptions) {
    this.horizonMs = horizonMs;
    this.halfLifeMs = halfLifeMs;
  }

  /** Best prices after a change of the book. Event times must not fall. */
  onQuote(timeMs: number, bid: number, ask: number): void {
    this.advance(timeMs);
    this.mid = (bid + ask) / 2;
    this.spreadBps = ((ask - bid) / this.mid) * BPS;
  }

  onTrade(timeMs: number, price: number, qty: number, takerSide: Side): void {
    this.advance(timeMs);
    if (Number.isNaN(this.mid) || !(qty > 0)) return;
    add(this.effective, effectiveSpreadBps(takerSide, price, this.mid), qty);
    if (this.count === MAX_PENDING) {
      this.dropFirst();
      this.droppedTrades++;
    }
    const slot = ((this.head + this.count++) % MAX_PENDING) * FIELDS;
    this.pending[slot] = timeMs + this.horizonMs;
    this.pending[slot + 1] = sideSign(takerSide);
    this.pending[slot + 2] = price;
    this.pending[slot + 3] = this.mid;
    this.pending[slot + 4] = qty;
  }

  /** The book is not known any more: no mid until the next quote, and trades that were waiting get none. */
  onGap(timeMs: number): void {
    this.advance(timeMs);
    this.mid = Number.NaN;
    this.spreadBps = Number.NaN;
    this.count = 0;
  }

  /** NaN while nothing is known. */
  get quotedBps(): number {
    return meanOf(this.quoted);
  }

  get effectiveBps(): number {
    return meanOf(this.effective);
  }

  get realisedBps(): number {
    return meanOf(this.realised);
  }

  /** Effective less realised spread of the trades whose horizon has passed: what takers knew. */
  get impactBps(): number {
    return meanOf(this.resolved) - meanOf(this.realised);
  }

  /** Everything up to `timeMs` is settled with what was in force before it. */
  private advance(timeMs: number): void {
    if (timeMs > this.timeMs) {
      const elapsedMs = timeMs - this.timeMs;
      this.fade(2 ** (-elapsedMs / this.halfLifeMs));
      if (!Number.isNaN(this.spreadBps)) add(this.quoted, this.spreadBps, elapsedMs);
    }
    while (this.count > 0 && this.pending[this.head * FIELDS]! < timeMs) this.resolveFirst();
    if (!(timeMs <= this.timeMs)) this.timeMs = timeMs;
  }

  private resolveFirst(): void {
    const { pending } = this;
    const slot = this.head * FIELDS;
    const side = pending[slot + 1]! > 0 ? 'buy' : 'sell';
    const price = pending[slot + 2]!;
    const mid = pending[slot + 3]!;
    const qty = pending[slot + 4]!;
    add(this.realised, realisedSpreadBps(side, price, mid, this.mid), qty);
    add(this.resolved, effectiveSpreadBps(side, price, mid), qty);
    this.dropFirst();
  }

  private dropFirst(): void {
    this.head = this.head + 1 === MAX_PENDING ? 0 : this.head + 1;
    this.count--;
  }

  private fade(factor: number): void {
    if (factor === 1) return;
    for (let i = 0; i < this.means.length; i++) {
      this.means[i]!.sum *= factor;
      this.means[i]!.weight *= factor;
    }
  }

  snapshot(): unknown {
    const orNull = (number: number) => (Number.isNaN(number) ? null : number);
    const waiting = Array.from({ length: this.count }, (_, i) => {
      const slot = ((this.head + i) % MAX_PENDING) * FIELDS;
      return Array.from(this.pending.subarray(slot, slot + FIELDS));
    });
    return {
      last: [this.timeMs, this.mid, this.spreadBps].map(orNull),
      means: this.means.map(({ sum, weight }) => [sum, weight]),
      waiting,
      droppedTrades: this.droppedTrades,
    };
  }

  restore(state: unknown): void {
    const saved = state as { last: (number | null)[]; means: [number, number][]; waiting: number[][]; droppedTrades: number };
    [this.timeMs, this.mid, this.spreadBps] = saved.last.map((number) => number ?? Number.NaN) as [number, number, number];
    this.means.forEach((mean, i) => {
      [mean.sum, mean.weight] = saved.means[i]!;
    });
    this.head = 0;
    this.count = saved.waiting.length;
    saved.waiting.forEach((fields, i) => {
      this.pending.set(fields, i * FIELDS);
    });
    this.droppedTrades = saved.droppedTrades;
  }
}

function add(mean: FadingMean, value: number, weight: number): void {
  mean.sum += value * weight;
  mean.weight += weight;
}

function meanOf({ sum, weight }: FadingMean): number {
  return weight > 0 ? sum / weight : Number.NaN;
}
