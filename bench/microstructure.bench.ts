import { DEFAULT_SLIPPAGE_LIMITS, estimateSlippageBps, SlippageControl } from '../core/execution/slippage-control.ts';
import { type BookDiff, type BookLevels, type LevelChange, OrderBook } from '../core/market/book.ts';
import type { Side } from '../core/market/events.ts';
import { LiquidityForecast } from '../core/microstructure/liquidity-forecast.ts';
import { OrderBookAnalyzer } from '../core/microstructure/order-book-analyzer.ts';
import { TickDataAnalyzer } from '../core/microstructure/tick-data-analyzer.ts';
import { Rng } from '../core/random.ts';
import { systemClock } from '../infra/clock.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { quantile } from './stack.ts';

const LEVELS = 1_500;
const DIFFS = 500;
/** As Binance's spot stream of ten messages a second has them. */
const CHANGES_PER_DIFF = 30;
const TOP = 10;
const TICK = 0.01;
const MID = 60_000;
const SAMPLES = 20_000;
const WARMUP_SAMPLES = 5_000;
const MAX_LATENCY_MS = 1;

interface Feed {
  readonly bids: readonly LevelChange[];
  readonly asks: readonly LevelChange[];
  readonly diffs: readonly BookDiff[];
}

/** A book around a fixed middle: most changes near the best, some deep in it, one in three a removal. */
function makeFeed(): Feed {
  const rng = new Rng('book');
  const priceAt = (direction: 1 | -1, level: number) => Math.round(MID / TICK + direction * (1 + level)) * TICK;
  const level = () => (rng.uniform() < 0.8 ? Math.floor(60 * rng.uniform() ** 2) : rng.int(LEVELS));
  const side = (direction: 1 | -1) => Array.from({ length: LEVELS }, (_, i): LevelChange => [priceAt(direction, i), 1 + rng.int(100)]);
  const changes = (direction: 1 | -1) =>
    Array.from({ length: CHANGES_PER_DIFF / 2 }, (): LevelChange => [priceAt(direction, level()), rng.int(3) === 0 ? 0 : 1 + rng.int(100)]);
  return {
    bids: side(-1),
    asks: side(1),
    diffs: Array.from({ length: DIFFS }, (_, i) => ({ firstSequence: i + 1, lastSequence: i + 1, bids: changes(-1), asks: changes(1) })),
  };
}

function throughOurs({ bids, asks, diffs }: Feed): number {
  const book = new OrderBook();
  book.applySnapshot(0, bids, asks);
  let sum = 0;
  for (const diff of diffs) {
    book.applyDiff(diff);
    for (let i = 0; i < TOP; i++) sum += book.bidQty(i) - book.askQty(i);
  }
  return sum;
}

/** Two maps, their prices sorted whenever someone looks. */
function throughMaps({ bids, asks, diffs }: Feed): number {
  const sides = [new Map(bids), new Map(asks)] as const;
  let sum = 0;
  for (const diff of diffs) {
    for (const [price, qty] of diff.bids) qty > 0 ? sides[0].set(price, qty) : sides[0].delete(price);
    for (const [price, qty] of diff.asks) qty > 0 ? sides[1].set(price, qty) : sides[1].delete(price);
    const best = [[...sides[0].keys()].sort((a, b) => b - a), [...sides[1].keys()].sort((a, b) => a - b)] as const;
    for (let i = 0; i < TOP; i++) sum += sides[0].get(best[0][i]!)! - sides[1].get(best[1][i]!)!;
  }
  return sum;
}

/** Sorted plain arrays with `splice`: the usual better way. */
function throughArrays({ bids, asks, diffs }: Feed): number {
  const makeSide = (levels: readonly LevelChange[]) => ({ prices: levels.map(([price]) => price).reverse(), qtys: levels.map(([, qty]) => qty).reverse() });
  const sides = [makeSide(bids), makeSide(asks)] as const;
  const change = ({ prices, qtys }: { prices: number[]; qtys: number[] }, price: number, qty: number, direction: 1 | -1) => {
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prices[middle]! - price) * direction < 0) low = middle + 1;
      else high = middle;
    }
    const exists = prices[low] === price;
    if (qty > 0 && exists) qtys[low] = qty;
    else if (qty > 0) {
      prices.splice(low, 0, price);
      qtys.splice(low, 0, qty);
    } else if (exists) {
      prices.splice(low, 1);
      qtys.splice(low, 1);
    }
  };
  let sum = 0;
  for (const diff of diffs) {
    for (const [price, qty] of diff.bids) change(sides[0], price, qty, 1);
    for (const [price, qty] of diff.asks) change(sides[1], price, qty, -1);
    for (let i = 1; i <= TOP; i++) sum += sides[0].qtys[sides[0].qtys.length - i]! - sides[1].qtys[sides[1].qtys.length - i]!;
  }
  return sum;
}

function bookBenches(): BenchResult[] {
  const feed = makeFeed();
  if (throughOurs(feed) !== throughMaps(feed) || throughOurs(feed) !== throughArrays(feed)) throw new Error('the books differ');
  const diffsPerSecond = (work: (feed: Feed) => number) => (DIFFS * 1_000) / meanCpuMs(() => work(feed));
  const value = diffsPerSecond(throughOurs);
  const name = `order book, ${LEVELS} levels a side, ${CHANGES_PER_DIFF} changes a diff`;
  const maps = { name: 'maps, sorted when read', value: diffsPerSecond(throughMaps) };
  const arrays = { name: 'sorted arrays, splice', value: diffsPerSecond(throughArrays) };
  return [
    result({ name, value, unit: 'diffs/s', better: 'higher', goal: maps.value * 20, baseline: maps }),
    result({ name: 'the same, against a better baseline', value, unit: 'diffs/s', better: 'higher', goal: arrays.value, baseline: arrays }),
  ];
}

/** Books that move, 20 levels a side, as market events carry them. */
function movingBooks(): BookLevels[] {
  const rng = new Rng('moving');
  let mid = MID;
  return Array.from({ length: 1_000 }, () => {
    mid += (rng.int(3) - 1) * TICK;
    const side = (direction: 1 | -1) => Array.from({ length: 20 }, (_, i): LevelChange => [mid + direction * (i + 1) * TICK, 0.1 + rng.uniform()]);
    return { bids: side(-1), asks: side(1) };
  });
}

/** Wall-clock time of each call, the collector's pauses and the machine's other work included: what an order waits. */
function p99Ms(work: (i: number) => number): number {
  const times = new Float64Array(SAMPLES);
  let checksum = 0;
  for (let i = -WARMUP_SAMPLES; i < SAMPLES; i++) {
    const before = systemClock.monotonicMs();
    checksum += work(i + WARMUP_SAMPLES);
    const elapsed = systemClock.monotonicMs() - before;
    if (i >= 0) times[i] = elapsed;
  }
  if (Number.isNaN(checksum)) throw new Error('a benchmark computed NaN: it does not do what it should');
  return quantile([...times], 0.99);
}

function latencyBenches(): BenchResult[] {
  const books = movingBooks();
  const bookAt = (i: number) => books[i % books.length]!;
  const baseline = { name: 'mid alone', value: p99Ms((i) => bookAt(i).bids[0]![0] + bookAt(i).asks[0]![0]) };

  const forecast = new LiquidityForecast({ horizonMs: 1_000, levels: 20, halfLifeSamples: 100, referenceQtys: [1, 5, 10] });
  const control = new SlippageControl(DEFAULT_SLIPPAGE_LIMITS);
  const estimate = (i: number) => {
    const book = bookAt(i);
    forecast.onBook(i * 100, book);
    const now = estimateSlippageBps(book, 'buy', 5) ?? 0;
    const then = forecast.forecast(book, 'buy', 5).slippageBps ?? 0;
    return now + then + (control.judge(Math.max(now, then)) === 'accept' ? 1 : 0);
  };

  const analyzer = new OrderBookAnalyzer({
    ...{ depths: [1, 5, 20], decay: 0.5, flowWindow: 50, depthBps: 5, scoreWindow: 600, sampleMs: 100, horizonMs: 5_000, halfLifeMs: 600_000 },
  });
  const ticks = new TickDataAnalyzer({
    ...{ bucketVolume: 20, vpinWindow: 50, toxicityWindow: 200, flowWindow: 200, shortMs: 1_000, longMs: 60_000, burstScore: 5 },
  });
  const signal = (i: number) => {
    const book = bookAt(i);
    const side: Side = i % 3 === 0 ? 'sell' : 'buy';
    const price = (side === 'buy' ? book.asks : book.bids)[0]![0];
    analyzer.onBook(i * 100, book);
    analyzer.onTrade(i * 100, price, 1, side);
    ticks.onTrade(i * 100, price, 1, side);
    const { microprice, liquidityScore } = analyzer.features;
    return microprice + (liquidityScore || 0) + (ticks.features.vpin || 0);
  };

  const latency = (name: string, work: (i: number) => number) =>
    result({ name, value: p99Ms(work), unit: 'ms, p99', better: 'lower', goal: MAX_LATENCY_MS, baseline });
  return [latency('slippage: estimate, forecast and verdict of one order', estimate), latency('all measures of one book change and one trade', signal)];
}

export const bench: Bench = { name: 'microstructure', run: () => [...bookBenches(), ...latencyBenches()] };
