import { TouchstoneError } from '../errors.ts';
import { walkBook } from '../execution/walk-book.ts';
import type { BookLevels, LevelChange, Levels } from '../market/book.ts';
import type { Side } from '../market/events.ts';

export interface LiquidityForecastOptions {
  /** How far ahead decay is measured and forecasts are checked. */
  readonly horizonMs: number;
  /** Levels of each side that are followed. */
  readonly levels: number;
  /** An observation counts half after so many later ones. */
  readonly halfLifeSamples: number;
  /** Sizes whose usual slippage is learnt and whose forecasts are checked; base currency, ascending. */
  readonly referenceQtys: readonly number[];
}

export interface SlippageForecast {
  /** Against the mid of then; undefined when today's visible book cannot fill the order. */
  readonly slippageBps: number | undefined;
  /** Share of today's book that is expected to stand then: the weight of today's slippage, in (0, 1]. */
  readonly survival: number;
  readonly todayBps: number | undefined;
  /** Undefined until a sampled book could fill that size. */
  readonly usualBps: number | undefined;
  /** Larger than the largest reference size: what is usual is only known to be no less than that size's. */
  readonly isBeyondReference: boolean;
}

/** How good forecasts of one size were, both sides together, fading as the fit does. */
export interface ForecastError {
  readonly qty: number;
  /** Σ|forecast − realised| / Σ realised. */
  readonly errorShare: number;
  /** The same of a forecast that the book stays as it is: what ours must beat. */
  readonly unchangedErrorShare: number;
  /** Mean of forecast − realised: above 0 = too pessimistic. */
  readonly biasBps: number;
  readonly forecasts: number;
}

/** Of a book at an earlier time. Slippages in the order of `places`; null where the book could not fill the size. */
interface Sample {
  readonly timeMs: number;
  readonly bids: Levels;
  readonly asks: Levels;
  readonly forecastBps: readonly (number | null)[];
  readonly todayBps: readonly (number | null)[];
}

/** Fading sums of one size and side. */
interface SizeSums {
  usual: number;
  usualWeight: number;
  error: number;
  unchangedError: number;
  bias: number;
  realised: number;
  checkWeight: number;
}

const SIDES: readonly Side[] = ['buy', 'sell'];
/** All but nothing left counts as this much: a logarithm must exist. */
const LEAST_SURVIVAL = 1e-3;

/**
 * Slippage that a market order will meet a little later, from the decay of the book. Resting quantity is cancelled or taken, and what comes
 * in its place is as usual, so with S(h) = e^(−κh), the share of today's book that still stands after h,
 *   slippage(qty, h) = S(h)·slippage of today's book + (1 − S(h))·usual slippage of that size.
 * - κ is fitted to the survival of the sampled levels: least squares through the origin of −ln S on the time that passed.
 * - usual: mean over the samples for each reference size and side, a straight line between sizes; below the smallest, that of the smallest.
 * Both fade by `halfLifeSamples`. A book is sampled, followed for `horizonMs`, compared with what then stands, and the next is sampled.
 * Levels that have moved out of sight are left out of the comparison. Moves of the mid are not foreseen.
 * @throws TouchstoneError BAD_PARAMETER unless all options are above 0 and the sizes ascend
 */
export class LiquidityForecast {
  private readonly options: LiquidityForecastOptions;
  private readonly fading: number;
  /** A size and side each: buys of all sizes, then sells. */
  private readonly places: readonly { readonly side: Side; readonly qty: number }[];
  private sums: SizeSums[];
  private sample: Sample | undefined;
  private weightedDecay = 0;
  private decayWeight = 0;
  private checked = 0;

  constructor(options: LiquidityForecastOptions) {
    const { horizonMs, levels, halfLifeSamples, referenceQtys } = options;
    for (const [name, value] of Object.entries({ horizonMs, levels, halfLifeSamples })) {
      if (!(value > 0)) throw new TouchstoneError('BAD_PARAMETER', `liquidity forecast: ${name} is ${value}; want a number above 0`);
    }
    if (referenceQtys.length === 0 || referenceQtys.some((qty, i) => !(qty > (referenceQtys[i - 1] ?? 0)))) {
      throw new TouchstoneError('BAD_PARAMETER', `liquidity forecast: reference sizes ${referenceQtys.join(', ')}; want ascending numbers above 0`);
    }
    this.options = options;
    this.fading = 0.5 ** (1 / halfLifeSamples);
    this.places = SIDES.flatMap((side) => referenceQtys.map((qty) => ({ side, qty })));
    this.sums = this.places.map(() => ({ usual: 0, usualWeight: 0, error: 0, unchangedError: 0, bias: 0, realised: 0, checkWeight: 0 }));
  }

  /** A change of the book; event times must not fall. */
  onBook(timeMs: number, book: BookLevels): void {
    if (this.sample && timeMs - this.sample.timeMs < this.options.horizonMs) return;
    if (book.bids.length === 0 || book.asks.length === 0) return;
    const now = this.places.map(({ side, qty }) => slippageOf(book, side, qty));
    this.fade();
    if (this.sample) {
      this.learnDecay(this.sample, timeMs, book);
      this.check(this.sample, now);
    }
    this.learnUsual(now);
    this.sample = this.take(timeMs, book, now);
  }

  /** The book was lost: what was being followed is forgotten. */
  onGap(): void {
    this.sample = undefined;
  }

  /** κ per second; NaN before the first comparison. */
  get decayPerSecond(): number {
    return this.decayWeight > 0 ? (1_000 * this.weightedDecay) / this.decayWeight : Number.NaN;
  }

  /** S(h), in (0, 1]: 1 before the first comparison. */
  survival(horizonMs: number): number {
    return this.decayWeight > 0 ? Math.exp((-this.weightedDecay / this.decayWeight) * horizonMs) : 1;
  }

  /** What an order of `qty` sent `horizonMs` from now will cost. */
  forecast(book: BookLevels, side: Side, qty: number, horizonMs = this.options.horizonMs): SlippageForecast {
    const todayBps = slippageOf(book, side, qty) ?? undefined;
    const usualBps = this.usual(side, qty);
    const survival = this.survival(horizonMs);
    const isBeyondReference = qty > this.options.referenceQtys.at(-1)!;
    return { slippageBps: blend(todayBps, usualBps, survival, isBeyondReference), survival, todayBps, usualBps, isBeyondReference };
  }

  /** By size; sizes of which no forecast was checked are left out. */
  get errors(): readonly ForecastError[] {
    const { referenceQtys } = this.options;
    return referenceQtys.flatMap((qty, i) => {
      const both = [this.sums[i]!, this.sums[referenceQtys.length + i]!];
      const total = (key: keyof SizeSums) => both[0]![key] + both[1]![key];
      const realised = total('realised');
      if (!(realised > 0)) return [];
      const shares = { errorShare: total('error') / realised, unchangedErrorShare: total('unchangedError') / realised };
      return [{ qty, ...shares, biasBps: total('bias') / total('checkWeight'), forecasts: this.checked }];
    });
  }

  private usual(side: Side, qty: number): number | undefined {
    const { referenceQtys } = this.options;
    const first = side === 'buy' ? 0 : referenceQtys.length;
    const at = (i: number) => {
      const { usual, usualWeight } = this.sums[first + i]!;
      return usualWeight > 0 ? usual / usualWeight : undefined;
    };
    const above = referenceQtys.findIndex((reference) => reference >= qty);
    if (above <= 0) return at(above === 0 ? 0 : referenceQtys.length - 1);
    const [low, high] = [at(above - 1), at(above)];
    if (low === undefined || high === undefined) return undefined;
    const [from, to] = [referenceQtys[above - 1]!, referenceQtys[above]!];
    return low + ((high - low) * (qty - from)) / (to - from);
  }

  private fade(): void {
    this.weightedDecay *= this.fading;
    this.decayWeight *= this.fading;
    for (const sums of this.sums) for (const key of Object.keys(sums) as (keyof SizeSums)[]) sums[key] *= this.fading;
  }

  private learnDecay(sample: Sample, timeMs: number, book: BookLevels): void {
    const bids = compare(sample.bids, book.bids, 1);
    const asks = compare(sample.asks, book.asks, -1);
    const before = bids.before + asks.before;
    if (!(before > 0)) return;
    const elapsedMs = timeMs - sample.timeMs;
    this.weightedDecay += elapsedMs * -Math.log(Math.max(LEAST_SURVIVAL, (bids.survived + asks.survived) / before));
    this.decayWeight += elapsedMs * elapsedMs;
  }

  private learnUsual(now: readonly (number | null)[]): void {
    now.forEach((slippage, place) => {
      if (slippage === null) return;
      this.sums[place]!.usual += slippage;
      this.sums[place]!.usualWeight += 1;
    });
  }

  private check(sample: Sample, now: readonly (number | null)[]): void {
    this.checked++;
    now.forEach((realised, place) => {
      const [forecast, today] = [sample.forecastBps[place]!, sample.todayBps[place]!];
      if (realised === null || forecast === null || today === null) return;
      const sums = this.sums[place]!;
      sums.error += Math.abs(forecast - realised);
      sums.unchangedError += Math.abs(today - realised);
      sums.bias += forecast - realised;
      sums.realised += realised;
      sums.checkWeight += 1;
    });
  }

  private take(timeMs: number, { bids, asks }: BookLevels, todayBps: readonly (number | null)[]): Sample {
    const { levels, horizonMs } = this.options;
    // Copies: whoever owns the book may go on writing into it.
    const copy = (side: Levels) => side.slice(0, levels).map(([price, qty]): LevelChange => [price, qty]);
    const survival = this.survival(horizonMs);
    const forecastBps = this.places.map(({ side, qty }, place) => blend(todayBps[place] ?? undefined, this.usual(side, qty), survival, false) ?? null);
    return { timeMs, bids: copy(bids), asks: copy(asks), forecastBps, todayBps };
  }

  snapshot(): unknown {
    const { sample = null, weightedDecay, decayWeight, checked } = this;
    return { sample, weightedDecay, decayWeight, checked, sums: this.sums.map((sums) => ({ ...sums })) };
  }

  restore(state: unknown): void {
    const saved = state as { sample: Sample | null; weightedDecay: number; decayWeight: number; checked: number; sums: SizeSums[] };
    this.sample = saved.sample ?? undefined;
    this.weightedDecay = saved.weightedDecay;
    this.decayWeight = saved.decayWeight;
    this.checked = saved.checked;
    this.sums = saved.sums.map((sums) => ({ ...sums }));
  }
}

/** Null when the book cannot fill the order. */
function slippageOf(book: BookLevels, side: Side, qty: number): number | null {
  const walk = walkBook(book, side, qty);
  return walk.unfilled > 0 ? null : (walk.slippageVsMidBps ?? null);
}

function blend(today: number | undefined, usual: number | undefined, survival: number, isBeyondReference: boolean): number | undefined {
  if (today === undefined || usual === undefined) return today;
  return survival * today + (1 - survival) * (isBeyondReference ? Math.max(today, usual) : usual);
}

/** Of the sampled levels that are still in sight: what they held before, and what of it still stands. `direction` 1 for bids, −1 for asks. */
function compare(sampled: Levels, now: Levels, direction: 1 | -1): { before: number; survived: number } {
  const deepest = now[now.length - 1]![0] * direction;
  let before = 0;
  let survived = 0;
  let j = 0;
  for (const [price, qty] of sampled) {
    if (price * direction < deepest) break;
    while (j < now.length && now[j]![0] * direction > price * direction) j++;
    const standing: LevelChange | undefined = now[j];
    before += qty;
    if (standing && standing[0] === price) survived += Math.min(qty, standing[1]);
  }
  return { before, survived };
}
