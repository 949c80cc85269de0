import { TouchstoneError } from '../errors.ts';
import type { Side } from '../market/events.ts';
import { sideSign } from '../market/side.ts';
import { RollingKyleLambda } from './kyle-lambda.ts';
import { RollingRank } from './rolling-rank.ts';
import { TradeFlowImbalance } from './trade-flow-imbalance.ts';
import { Vpin } from './vpin.ts';

export interface TickDataOptions {
  /** Base currency; a fiftieth of a day's usual volume is customary. */
  readonly bucketVolume: number;
  /** Buckets over which VPIN and Kyle's lambda are measured. */
  readonly vpinWindow: number;
  /** Buckets whose VPIN the present one is ranked among. */
  readonly toxicityWindow: number;
  /** Trades of the flow imbalance. */
  readonly flowWindow: number;
  /** Time constants of the trade rates that a burst is told from. */
  readonly shortMs: number;
  readonly longMs: number;
  /** Deviations above the long rate from which it is a burst. */
  readonly burstScore: number;
}

/** Everything is NaN during its warm-up. */
export interface TickFeatures {
  /** In [0, 1]. */
  readonly vpin: number;
  /** Share of the last buckets' VPIN that is below the present one, in (0, 1): above 0.9 the flow is toxic by the authors' measure. */
  readonly toxicity: number;
  /** In [−1, 1]. */
  readonly flowImbalance: number;
  /** Price change per unit of net taker volume, over the last buckets. */
  readonly kyleLambda: number;
  /** By the long rate. */
  readonly tradesPerSecond: number;
  /** Deviations of the short rate above the long one. */
  readonly burstScore: number;
  readonly isBurst: boolean;
}

/**
 * Features of one instrument's trades, live: VPIN and its rank (flow toxicity), flow imbalance, Kyle's lambda by volume bucket, and bursts.
 *
 * Burst: an exponentially fading count of the trades before this one, N = Σ e^(−age/shortMs), has mean λ·shortMs and variance λ·shortMs/2
 * when trades come by chance at the long rate λ; the score is its distance from that mean in deviations. Times are the events'.
 * @throws TouchstoneError BAD_PARAMETER unless 0 < shortMs < longMs
 */
export class TickDataAnalyzer {
  private readonly options: TickDataOptions;
  private readonly vpin: Vpin;
  private readonly rank: RollingRank;
  private readonly flow: TradeFlowImbalance;
  private readonly lambda: RollingKyleLambda;
  private price = Number.NaN;
  private flowImbalance = Number.NaN;
  private toxicity = Number.NaN;
  private kyle = Number.NaN;
  private score = Number.NaN;
  private startMs = Number.NaN;
  private timeMs = Number.NaN;
  private shortCount = 0;
  private longCount = 0;

  constructor(options: TickDataOptions) {
    const { bucketVolume, vpinWindow, toxicityWindow, flowWindow, shortMs, longMs } = options;
    if (!(shortMs > 0 && longMs > shortMs)) throw new TouchstoneError('BAD_PARAMETER', `tick data: want 0 < shortMs < longMs, not ${shortMs} and ${longMs}`);
    this.options = options;
    this.vpin = new Vpin(bucketVolume, vpinWindow);
    this.rank = new RollingRank(toxicityWindow);
    this.flow = new TradeFlowImbalance(flowWindow);
    this.lambda = new RollingKyleLambda(vpinWindow);
  }

  onTrade(timeMs: number, price: number, qty: number, takerSide: Side): void {
    const sign = sideSign(takerSide);
    this.price = price;
    this.countTrade(timeMs);
    this.flowImbalance = this.flow.update(qty, sign);
    this.vpin.update(qty, sign > 0 ? 1 : 0, this.onBucket);
  }

  /** Trades are missing: rates begin anew, since silence that was not seen is no calm, and no price change is taken over the gap. VPIN goes on. */
  onGap(): void {
    this.lambda.onGap();
    this.startMs = Number.NaN;
    this.timeMs = Number.NaN;
    this.shortCount = 0;
    this.longCount = 0;
    this.score = Number.NaN;
  }

  private readonly onBucket = (buyVolume: number, sellVolume: number, vpin: number): void => {
    this.kyle = this.lambda.update(this.price, buyVolume - sellVolume);
    if (!Number.isNaN(vpin)) this.toxicity = this.rank.update(vpin);
  };

  private countTrade(timeMs: number): void {
    const { shortMs, longMs } = this.options;
    if (Number.isNaN(this.startMs)) {
      this.startMs = timeMs;
      this.timeMs = timeMs;
    }
    const elapsedMs = Math.max(0, timeMs - this.timeMs);
    this.timeMs += elapsedMs;
    this.shortCount *= Math.exp(-elapsedMs / shortMs);
    this.longCount *= Math.exp(-elapsedMs / longMs);
    const expected = this.ratePerMs * shortMs;
    this.score = (this.shortCount - expected) / Math.sqrt(expected / 2);
    this.shortCount++;
    this.longCount++;
  }

  /** The long rate, corrected for the time since the start; NaN until `longMs` have passed, and while there is no rate. */
  private get ratePerMs(): number {
    const { longMs } = this.options;
    const seenMs = this.timeMs - this.startMs;
    if (!(seenMs >= longMs) || this.longCount === 0) return Number.NaN;
    return this.longCount / (longMs * -Math.expm1(-seenMs / longMs));
  }

  get features(): TickFeatures {
    return {
      vpin: this.vpin.value,
      toxicity: this.toxicity,
      flowImbalance: this.flowImbalance,
      kyleLambda: this.kyle,
      tradesPerSecond: 1_000 * this.ratePerMs,
      burstScore: this.score,
      isBurst: this.score >= this.options.burstScore,
    };
  }

  snapshot(): unknown {
    const { price, flowImbalance, toxicity, kyle, score, startMs, timeMs, shortCount, longCount } = this;
    const numbers = [price, flowImbalance, toxicity, kyle, score, startMs, timeMs].map((value) => (Number.isNaN(value) ? null : value));
    const parts = { vpin: this.vpin.snapshot(), rank: this.rank.snapshot(), flow: this.flow.snapshot(), lambda: this.lambda.snapshot() };
    return { numbers, shortCount, longCount, ...parts };
  }

  restore(state: unknown): void {
    const saved = state as { numbers: (number | null)[]; shortCount: number; longCount: number; vpin: unknown; rank: unknown; flow: unknown; lambda: unknown };
    const numbers = saved.numbers.map((value) => value ?? Number.NaN) as [number, number, number, number, number, number, number];
    [this.price, this.flowImbalance, this.toxicity, this.kyle, this.score, this.startMs, this.timeMs] = numbers;
    this.shortCount = saved.shortCount;
    this.longCount = saved.longCount;
    this.vpin.restore(saved.vpin);
    this.rank.restore(saved.rank);
    this.flow.restore(saved.flow);
    this.lambda.restore(saved.lambda);
  }
}
