import type { Rng } from '../../../core/random.ts';
import { type InstrumentSpec, toTicks } from './specs.ts';
import { type Tape, TapeBuilder, levelDifference } from './tape.ts';
import type { RecordedBars } from './tape-files.ts';

/** Tapes that are made, not recorded: candles expanded into ticks, a random walk, and a market that stands still. */

/** Three legs a candle: open, one extreme, the other, close. */
const TICKS_PER_LEG = 50;
const WALK_MS = 1_800_000;
const WALK_TRADES = 3_600;
/** About 60 % a year. */
const VOLATILITY_PER_SQRT_MS = 0.6 / Math.sqrt(365 * 86_400_000);
const LEVELS = 20;
const STILL_MS = 86_400_000;

interface MadeTrade {
  readonly offsetMs: number;
  readonly ticks: number;
  readonly qty: number;
  readonly isSold: boolean;
}

/** Each candle becomes a seeded walk from open to close that touches high and low exactly, and whose volumes add up to the candle's within rounding to the step. */
export function barsTape(bars: RecordedBars, spec: InstrumentSpec, rng: Rng): Tape {
  const trades: MadeTrade[] = [];
  bars.rows.forEach((bar, index) => {
    if (bar.volume <= 0) return;
    const prices = bridge(bar, rng);
    const weights = prices.map(() => -Math.log(1 - rng.uniform()));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const times = prices.map(() => rng.uniform() * bars.intervalMs).sort((a, b) => a - b);
    prices.forEach((price, i) => {
      const previous = trades.at(-1)?.ticks;
      const ticks = toTicks(price, spec);
      const isSold = previous === undefined || previous === ticks ? rng.uniform() < 0.5 : ticks < previous;
      trades.push({ offsetMs: Math.floor(index * bars.intervalMs + times[i]!), ticks, qty: roundQty((bar.volume * weights[i]!) / total, spec), isSold });
    });
  });
  return made(trades, spec, 'bars', bars.source, bars.rows.length * bars.intervalMs);
}

export function walkTape(spec: InstrumentSpec, rng: Rng): Tape {
  const trades: MadeTrade[] = [];
  const times = Array.from({ length: WALK_TRADES }, () => Math.floor(rng.uniform() * WALK_MS)).sort((a, b) => a - b);
  let price = spec.startPrice;
  let lastMs = 0;
  for (const offsetMs of times) {
    const move = VOLATILITY_PER_SQRT_MS * Math.sqrt(offsetMs - lastMs + 1) * rng.normal();
    price *= Math.exp(move);
    lastMs = offsetMs;
    const notional = 400 * -Math.log(1 - rng.uniform());
    trades.push({ offsetMs, ticks: toTicks(price, spec), qty: roundQty(notional / price, spec), isSold: move < 0 });
  }
  return made(trades, spec, 'synthetic', `seed ${rng.seed}`, WALK_MS);
}

/** One book, no trades: what happens is only what a test scripts. */
export function stillTape(spec: InstrumentSpec): Tape {
  const tape = new TapeBuilder();
  const { bids, asks } = madeBook(toTicks(spec.startPrice, spec), false, roundQty(5_000 / spec.startPrice, spec), spec);
  tape.addStep(0, [...levelDifference(new Map(), bids, false), ...levelDifference(new Map(), asks, true)]);
  return tape.build(spec, 'still', 'scripted', STILL_MS);
}

/** Open, then the nearer extreme, the other one, and the close, with noise between that never leaves [low, high]. */
function bridge(bar: RecordedBars['rows'][number], rng: Rng): number[] {
  const corners = bar.close >= bar.open ? [bar.open, bar.low, bar.high, bar.close] : [bar.open, bar.high, bar.low, bar.close];
  const prices = [bar.open];
  for (let leg = 0; leg < 3; leg++) {
    const from = corners[leg]!;
    const to = corners[leg + 1]!;
    for (let i = 1; i <= TICKS_PER_LEG; i++) {
      const share = i / TICKS_PER_LEG;
      const noise = (bar.high - bar.low) * 0.1 * rng.normal() * Math.sqrt(share * (1 - share));
      prices.push(i === TICKS_PER_LEG ? to : Math.min(bar.high, Math.max(bar.low, from + (to - from) * share + noise)));
    }
  }
  return prices;
}

function made(trades: readonly MadeTrade[], spec: InstrumentSpec, kind: 'bars' | 'synthetic', source: string, lengthMs: number): Tape {
  const tape = new TapeBuilder();
  const typicalQty = (trades.reduce((sum, trade) => sum + trade.qty, 0) / trades.length) * 4;
  let book = { bids: new Map<number, number>(), asks: new Map<number, number>() };
  let lastStepMs = Number.NEGATIVE_INFINITY;
  for (const [index, trade] of trades.entries()) {
    const offsetMs = index === 0 ? 0 : trade.offsetMs;
    if (offsetMs - lastStepMs >= 100) {
      const next = madeBook(trade.ticks, trade.isSold, typicalQty, spec);
      tape.addStep(offsetMs, [...levelDifference(book.bids, next.bids, false), ...levelDifference(book.asks, next.asks, true)]);
      book = next;
      lastStepMs = offsetMs;
    }
    tape.addTrade(offsetMs, trade.ticks, trade.qty, trade.isSold);
  }
  return tape.build(spec, kind, source, lengthMs);
}

/** A book around a trade: best prices one spread apart, deeper levels on a fixed grid with fixed quantities, so that a small move changes few levels. */
function madeBook(ticks: number, isSold: boolean, typicalQty: number, spec: InstrumentSpec): { bids: Map<number, number>; asks: Map<number, number> } {
  const grid = Math.max(1, Math.round(ticks / 20_000));
  const bestBid = isSold ? ticks : ticks - grid;
  const bestAsk = isSold ? ticks + grid : ticks;
  const bids = new Map([[bestBid, levelQty(bestBid, typicalQty, spec)]]);
  const asks = new Map([[bestAsk, levelQty(bestAsk, typicalQty, spec)]]);
  for (let level = 1; level < LEVELS; level++) {
    const bid = (Math.ceil(bestBid / grid) - level) * grid;
    const ask = (Math.floor(bestAsk / grid) + level) * grid;
    if (bid > 0) bids.set(bid, levelQty(bid, typicalQty * (1 + level / 4), spec));
    asks.set(ask, levelQty(ask, typicalQty * (1 + level / 4), spec));
  }
  return { bids, asks };
}

/** Between a half and one and a half times typical, fixed by the price (a multiplicative hash). */
function levelQty(ticks: number, typicalQty: number, spec: InstrumentSpec): number {
  const fraction = (Math.imul(ticks, 0x9e3779b1) >>> 0) / 4_294_967_296;
  return roundQty(typicalQty * (0.5 + fraction), spec);
}

function roundQty(qty: number, spec: InstrumentSpec): number {
  const scale = 10 ** spec.qtyDecimals;
  return Math.max(1, Math.round(qty * scale)) / scale;
}
