import type { BookEvent, Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { legsOf } from './legs.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

const BPS = 10_000;

interface Top {
  bid: number;
  ask: number;
  timeMs: number;
}

/**
 * One asset on two venues: buys where it is asked lower and sells where it is bid higher. Coins do not travel in time, so both venues hold
 * `inventory` of the size at rest; a gap of at least `entryBps` between the one's bid and the other's ask, which has to pay both fees,
 * moves the holding to the cheaper venue, and it is moved back once the gap the other way is at least −`exitBps`. What is held in all stays
 * the same. Reads books where there are any, else the closes of bars; a quote older than `maxQuoteAgeMs` decides nothing.
 */
class CrossExchangeArbitrage implements Strategy {
  private readonly names: readonly InstrumentName[];
  private readonly inventory: number;
  private readonly entry: number;
  private readonly exit: number;
  private readonly maxQuoteAgeMs: number;
  private readonly tops: readonly [Top, Top];
  /** The leg that holds more: 0, 1, or −1 at rest; −2 before anything was said. */
  private richer = -2;
  private hasBooks = false;

  constructor(parameters: Readonly<Record<string, number>>, names: readonly InstrumentName[]) {
    this.names = names;
    this.inventory = parameters.inventory!;
    this.entry = parameters.entryBps! / BPS;
    this.exit = parameters.exitBps! / BPS;
    this.maxQuoteAgeMs = parameters.maxQuoteAgeMs!;
    const top = (): Top => ({ bid: Number.NaN, ask: Number.NaN, timeMs: -1 });
    this.tops = [top(), top()];
  }

  onBook(book: BookEvent, out: StrategyOutput): void {
    const top = this.tops[this.names.indexOf(book.instrument)];
    if (!top) return;
    this.hasBooks = true;
    top.bid = book.bids[0]?.[0] ?? Number.NaN;
    top.ask = book.asks[0]?.[0] ?? Number.NaN;
    top.timeMs = book.eventTimeMs;
    this.decide(book.eventTimeMs, out);
  }

  onBars(bars: readonly Ohlcv[], out: StrategyOutput): void {
    if (this.hasBooks) return;
    for (const [leg, top] of this.tops.entries()) {
      top.bid = bars[leg]!.close;
      top.ask = bars[leg]!.close;
      top.timeMs = bars[leg]!.openTimeMs;
    }
    this.decide(bars[0]!.openTimeMs, out);
  }

  private decide(nowMs: number, out: StrategyOutput): void {
    const [a, b] = this.tops;
    if (nowMs - a.timeMs > this.maxQuoteAgeMs || nowMs - b.timeMs > this.maxQuoteAgeMs) return;
    /** What selling on the second and buying on the first brings, and the other way round. */
    const intoFirst = b.bid / a.ask - 1;
    const intoSecond = a.bid / b.ask - 1;
    if (Number.isNaN(intoFirst + intoSecond)) return;
    const richer = this.next(intoFirst, intoSecond);
    if (richer === this.richer) return;
    this.richer = richer;
    const why = { rule: richer < 0 ? 'at rest' : `cheaper at ${this.names[richer]!}`, intoFirstBps: intoFirst * BPS, intoSecondBps: intoSecond * BPS };
    const moved = Math.min(this.inventory, 1 - this.inventory);
    out.target(this.inventory + (richer === 0 ? moved : richer === 1 ? -moved : 0), why, this.names[0]!);
    out.target(this.inventory + (richer === 1 ? moved : richer === 0 ? -moved : 0), why, this.names[1]!);
  }

  private next(intoFirst: number, intoSecond: number): number {
    if (intoFirst >= this.entry) return 0;
    if (intoSecond >= this.entry) return 1;
    if (this.richer === 0) return intoSecond >= -this.exit ? -1 : 0;
    if (this.richer === 1) return intoFirst >= -this.exit ? -1 : 1;
    return -1;
  }

  snapshot(): unknown {
    const tops = this.tops.map(({ bid, ask, timeMs }) => [bid, ask].map((price) => (Number.isNaN(price) ? null : price)).concat(timeMs));
    return { richer: this.richer, hasBooks: this.hasBooks, tops };
  }

  restore(state: unknown): void {
    const saved = state as { richer: number; hasBooks: boolean; tops: [number | null, number | null, number][] };
    this.richer = saved.richer;
    this.hasBooks = saved.hasBooks;
    for (const [leg, [bid, ask, timeMs]] of saved.tops.entries()) Object.assign(this.tops[leg]!, { bid: bid ?? Number.NaN, ask: ask ?? Number.NaN, timeMs });
  }
}

export const crossExchangeArbitrage: StrategyDefinition = {
  type: 'cross-exchange-arbitrage',
  codeVersion: 1,
  description: 'One asset on two venues: the holding moves to where it is cheaper',
  scope: 'group',
  legs: [2, 2],
  parameters: {
    entryBps: { default: 30, min: 0.1, max: 5_000, description: "gap of one venue's bid over the other's ask that is traded, basis points: above both fees" },
    exitBps: { default: 5, min: -5_000, max: 5_000, description: 'cost at which the holding is moved back, basis points' },
    inventory: { default: 0.5, min: 0.05, max: 0.95, description: 'share of the size that each venue holds at rest' },
    maxQuoteAgeMs: { default: 2_000, min: 1, max: 86_400_000, description: 'an older quote decides nothing; event time' },
  },
  warmupBars: () => 1,
  create: (parameters, _instrument, instruments) => new CrossExchangeArbitrage(parameters, legsOf('cross-exchange-arbitrage', instruments, 2)),
};
