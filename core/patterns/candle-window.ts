/** Bars kept. A power of two that holds the oldest bar a rule looks at and the ten before it. */
const SIZE = 16;
const MASK = SIZE - 1;
const LONG_PERIOD = 10;
const SHORT_PERIOD = 5;

/**
 * The last bars as candles, and what counts as long, short and near among them. `ago` counts back from the newest bar, which is 0.
 *
 * A candle's measure is the mean of the bars BEFORE it (ten for bodies, shadows and doji, five for distances), so a candle is never part
 * of its own yardstick. Means are summed anew each bar: an outlier leaves no trace once it is out. Undefined measures are NaN, and
 * every comparison with NaN is false, so a rule cannot fire on them. Settings are TA-Lib's defaults. Nothing is allocated by an update.
 */
export class CandleWindow {
  /** Bars seen so far. */
  bars = 0;
  private readonly opens = undefinedBars();
  private readonly highs = undefinedBars();
  private readonly lows = undefinedBars();
  private readonly closes = undefinedBars();
  private readonly bodies = undefinedBars();
  private readonly ranges = undefinedBars();
  private readonly shadows = undefinedBars();
  private readonly bodyMeans = undefinedBars();
  private readonly rangeMeans = undefinedBars();
  private readonly nearMeans = undefinedBars();
  private readonly shadowMeans = undefinedBars();

  update(open: number, high: number, low: number, close: number): void {
    const at = this.bars & MASK;
    this.measure(at);
    this.opens[at] = open;
    this.highs[at] = high;
    this.lows[at] = low;
    this.closes[at] = close;
    this.bodies[at] = Math.abs(close - open);
    this.ranges[at] = high - low;
    this.shadows[at] = close >= open ? high - close + (open - low) : high - open + (close - low);
    this.bars++;
  }

  private measure(at: number): void {
    const { bodies, ranges, shadows } = this;
    let body = 0;
    let range = 0;
    let shadow = 0;
    let near = 0;
    for (let back = LONG_PERIOD; back > SHORT_PERIOD; back--) {
      const i = (at - back) & MASK;
      body += bodies[i]!;
      range += ranges[i]!;
      shadow += shadows[i]!;
    }
    for (let back = SHORT_PERIOD; back > 0; back--) {
      const i = (at - back) & MASK;
      body += bodies[i]!;
      range += ranges[i]!;
      shadow += shadows[i]!;
      near += ranges[i]!;
    }
    this.bodyMeans[at] = body / LONG_PERIOD;
    this.rangeMeans[at] = range / LONG_PERIOD;
    this.shadowMeans[at] = shadow / LONG_PERIOD;
    this.nearMeans[at] = near / SHORT_PERIOD;
  }

  private index(ago: number): number {
    return (this.bars - 1 - ago) & MASK;
  }

  open(ago: number): number {
    return this.opens[this.index(ago)]!;
  }

  high(ago: number): number {
    return this.highs[this.index(ago)]!;
  }

  low(ago: number): number {
    return this.lows[this.index(ago)]!;
  }

  close(ago: number): number {
    return this.closes[this.index(ago)]!;
  }

  /** 1 when the close is not below the open, −1 when it is. */
  colour(ago: number): 1 | -1 {
    const i = this.index(ago);
    return this.closes[i]! >= this.opens[i]! ? 1 : -1;
  }

  isWhite(ago: number): boolean {
    return this.colour(ago) === 1;
  }

  isBlack(ago: number): boolean {
    return this.colour(ago) === -1;
  }

  body(ago: number): number {
    return this.bodies[this.index(ago)]!;
  }

  /** The higher end of the body. */
  top(ago: number): number {
    const i = this.index(ago);
    return Math.max(this.opens[i]!, this.closes[i]!);
  }

  /** The lower end of the body. */
  bottom(ago: number): number {
    const i = this.index(ago);
    return Math.min(this.opens[i]!, this.closes[i]!);
  }

  upperShadow(ago: number): number {
    return this.high(ago) - this.top(ago);
  }

  lowerShadow(ago: number): number {
    return this.bottom(ago) - this.low(ago);
  }

  /** The mean body: the limit of long and of short ones. */
  usualBody(ago: number): number {
    return this.bodyMeans[this.index(ago)]!;
  }

  hasLongBody(ago: number): boolean {
    return this.body(ago) > this.usualBody(ago);
  }

  hasShortBody(ago: number): boolean {
    return this.body(ago) < this.usualBody(ago);
  }

  /** Open and close all but equal: within a tenth of the usual range. */
  isDoji(ago: number): boolean {
    return this.body(ago) <= this.tenthOfRange(ago);
  }

  /** A tenth of the usual range: the limit of a doji's body and of a shadow that hardly shows. */
  tenthOfRange(ago: number): number {
    return 0.1 * this.rangeMeans[this.index(ago)]!;
  }

  hasNoUpperShadow(ago: number): boolean {
    return this.upperShadow(ago) < this.tenthOfRange(ago);
  }

  hasNoLowerShadow(ago: number): boolean {
    return this.lowerShadow(ago) < this.tenthOfRange(ago);
  }

  /** Half of the usual two shadows: the limit of a short one. */
  usualShadow(ago: number): number {
    return this.shadowMeans[this.index(ago)]! / 2;
  }

  /** Distances by the range of the five bars before: near, far, and as good as equal. */
  near(ago: number): number {
    return 0.2 * this.nearMeans[this.index(ago)]!;
  }

  far(ago: number): number {
    return 0.6 * this.nearMeans[this.index(ago)]!;
  }

  equal(ago: number): number {
    return 0.05 * this.nearMeans[this.index(ago)]!;
  }

  bodyGapsUp(ago: number, from: number): boolean {
    return this.bottom(ago) > this.top(from);
  }

  bodyGapsDown(ago: number, from: number): boolean {
    return this.top(ago) < this.bottom(from);
  }

  /** A gap that the shadows leave open too. */
  gapsUp(ago: number, from: number): boolean {
    return this.low(ago) > this.high(from);
  }

  gapsDown(ago: number, from: number): boolean {
    return this.high(ago) < this.low(from);
  }

  snapshot(): unknown {
    return { bars: this.bars, columns: this.columns().map((column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value))) };
  }

  restore(state: unknown): void {
    const saved = state as { bars: number; columns: (number | null)[][] };
    this.bars = saved.bars;
    for (const [i, column] of this.columns().entries()) column.set(saved.columns[i]!.map((value) => value ?? Number.NaN));
  }

  private columns(): readonly Float64Array[] {
    const { opens, highs, lows, closes, bodies, ranges, shadows, bodyMeans, rangeMeans, nearMeans, shadowMeans } = this;
    return [opens, highs, lows, closes, bodies, ranges, shadows, bodyMeans, rangeMeans, nearMeans, shadowMeans];
  }
}

function undefinedBars(): Float64Array {
  return new Float64Array(SIZE).fill(Number.NaN);
}
