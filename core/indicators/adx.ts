import { fromNullable, type IndicatorDefinition, nullable, onBars, PERIOD } from './indicator.ts';

/**
 * Average directional index: how strongly the market trends, either way, in [0, 100]; with +DI and −DI, the shares of upward and downward
 * movement in the true range, in percent. Movement up = high − previous high where that is above 0 and above the movement down, which is
 * previous low − low; and the other way round. Sums of the first `period` − 1 bars with a predecessor seed Wilder's running sums
 * X = X − X/period + x. DX = 100·|+DI − −DI|/(+DI + −DI), the previous one where nothing moved; ADX is its Wilder average. DI is
 * defined from bar `period` on, ADX from bar 2·`period` − 1. J. W. Wilder, 1978, as in TA-Lib.
 */
export class Adx {
  adx = Number.NaN;
  plusDi = Number.NaN;
  minusDi = Number.NaN;
  private readonly period: number = 0;
  private previousHigh = Number.NaN;
  private previousLow = Number.NaN;
  private previousClose = Number.NaN;
  private plus = Number.NaN;
  private minus = Number.NaN;
  private range = Number.NaN;
  private dx = Number.NaN;
  private dxSum = Number.NaN;
  /** Bars seen, counted up to 2·period, from where on nothing depends on it. */
  private count = 0;

  constructor(period: number) {
    this.period = period;
    this.plus = 0;
    this.minus = 0;
    this.range = 0;
    this.dx = 0;
    this.dxSum = 0;
  }

  update(high: number, low: number, close: number): void {
    const up = high - this.previousHigh;
    const down = this.previousLow - low;
    const trueRange = Math.max(high, this.previousClose) - Math.min(low, this.previousClose);
    this.previousHigh = high;
    this.previousLow = low;
    this.previousClose = close;
    // The movement that counts, exactly, without a branch: which way a price moves is not to be predicted.
    const rise = (Math.abs(up) + up) / 2;
    const fall = (Math.abs(down) + down) / 2;
    const plus = rise * Number(rise > fall);
    const minus = fall * Number(fall > rise);
    if (this.count < this.period) this.seed(plus, minus, trueRange);
    else this.step(plus, minus, trueRange);
  }

  private seed(plus: number, minus: number, trueRange: number): void {
    if (this.count++ === 0) return;
    this.plus += plus;
    this.minus += minus;
    this.range += trueRange;
  }

  private step(up: number, down: number, trueRange: number): void {
    const { period } = this;
    const plus = this.plus + (up - this.plus / period);
    const minus = this.minus + (down - this.minus / period);
    const range = this.range + (trueRange - this.range / period);
    this.plus = plus;
    this.minus = minus;
    this.range = range;
    const isMoving = range !== 0;
    const plusDi = isMoving ? 100 * (plus / range) : 0;
    const minusDi = isMoving ? 100 * (minus / range) : 0;
    this.plusDi = plusDi;
    this.minusDi = minusDi;
    const sum = plusDi + minusDi;
    if (sum !== 0) this.dx = 100 * (Math.abs(plusDi - minusDi) / sum);
    if (this.count === 2 * period) this.adx = (this.adx * (period - 1) + this.dx) / period;
    else this.seedAdx();
  }

  private seedAdx(): void {
    this.dxSum += this.dx;
    if (++this.count === 2 * this.period) this.adx = this.dxSum / this.period;
  }

  snapshot(): unknown {
    const { count, dxSum, dx, plus, minus, range } = this;
    const outputs = [this.adx, this.plusDi, this.minusDi].map(nullable);
    return { count, sums: [plus, minus, range, dx, dxSum], previous: [this.previousHigh, this.previousLow, this.previousClose].map(nullable), outputs };
  }

  restore(state: unknown): void {
    const saved = state as { count: number; sums: number[]; previous: (number | null)[]; outputs: (number | null)[] };
    this.count = saved.count;
    [this.plus, this.minus, this.range, this.dx, this.dxSum] = saved.sums as [number, number, number, number, number];
    [this.previousHigh, this.previousLow, this.previousClose] = saved.previous.map(fromNullable) as [number, number, number];
    [this.adx, this.plusDi, this.minusDi] = saved.outputs.map(fromNullable) as [number, number, number];
  }
}

export const adx: IndicatorDefinition = {
  name: 'adx',
  description: 'Average directional index (Wilder), with +DI and −DI',
  formula: 'Wilder average of 100·|+DI − −DI|/(+DI + −DI); J. W. Wilder, 1978',
  parameters: { period: { ...PERIOD, min: 2 } },
  outputs: ['adx', 'plusDi', 'minusDi'],
  warmupBars: ({ period }) => 2 * period! - 1,
  create: ({ period }) =>
    onBars(new Adx(period!), 3, (index, bar, values) => {
      index.update(bar.high, bar.low, bar.close);
      values[0] = index.adx;
      values[1] = index.plusDi;
      values[2] = index.minusDi;
    }),
};
