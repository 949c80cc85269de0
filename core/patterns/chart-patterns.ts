import { Atr } from '../indicators/atr.ts';
import { type IndicatorDefinition, onBars } from '../indicators/indicator.ts';
import type { BarColumns } from '../market/bars.ts';
import { CHART_PATTERN_KINDS, type ChartPatternKind, findChannel, priceAt, SHAPE_FINDERS, type Shape } from './chart-shapes.ts';
import { Swings } from './swings.ts';

/** Points that the longest shape needs. */
const POINTS = 6;
const ATR_PERIOD = 14;
/** Shapes that wait to be completed; the oldest makes room. */
const CAPACITY = 16;
const NONE: readonly ChartPattern[] = [];

export interface ChartPatternOptions {
  /** Bars on each side that make a swing point; it is known so many bars late. */
  readonly span: number;
  /** Prices are equal when they differ by at most this share of the shape's height. */
  readonly tolerance: number;
  /** Least length of a flag's pole, in ATR(14). */
  readonly poleAtr: number;
  readonly maxPoleBars: number;
}

export const CHART_PATTERN_DEFAULTS: ChartPatternOptions = { span: 3, tolerance: 0.15, poleAtr: 4, maxPoleBars: 20 };

export interface ChartPattern {
  readonly kind: ChartPatternKind;
  /** First and last swing point. */
  readonly fromIndex: number;
  readonly toIndex: number;
  /** The bar at whose close it was known: of a shape that completes, the breakout; of a channel, the confirmation of its last point. */
  readonly confirmedIndex: number;
  /** Where it points: 1 up, −1 down, 0 a horizontal channel. */
  readonly direction: 1 | -1 | 0;
  /** Prices that make it, by name: neckline and extreme; upper and lower; pole and edge. */
  readonly levels: Readonly<Record<string, number>>;
}

/**
 * Chart patterns on confirmed swing points; `chart-shapes.ts` defines each. Whenever a swing point is confirmed, the shapes that the latest
 * points make begin to wait. A shape is told once, on the first bar at whose close it is complete, and is dropped when a close ends it, when
 * it has waited too long, when its last point moves outwards, or when newer points make one of its kind. Channels are told when their last point is confirmed; two told in a row
 * share no more than a point. Nothing is told before the bar at which it could be known, and nothing told is taken back.
 */
export class ChartPatterns {
  private readonly options: ChartPatternOptions;
  private readonly swings: Swings;
  private readonly atr = new Atr(ATR_PERIOD);
  private index = -1;
  private waiting: readonly Shape[] = [];
  private channelToIndex = -1;

  constructor(options: ChartPatternOptions = CHART_PATTERN_DEFAULTS) {
    this.options = options;
    this.swings = new Swings(options.span, POINTS);
  }

  get isReady(): boolean {
    return this.swings.isReady;
  }

  /** What is known with this bar and was not known before; mostly nothing. */
  update(high: number, low: number, close: number): readonly ChartPattern[] {
    this.index++;
    this.atr.update(high, low, close);
    const isNew = this.swings.update(high, low);
    if (isNew) this.findShapes();
    const channel = isNew ? this.findNewChannel() : undefined;
    if (!channel && this.allWait(close)) return NONE;
    const completed = this.waiting.map((shape) => this.completed(shape, close)).filter((pattern) => pattern !== undefined);
    this.waiting = this.waiting.filter((shape) => this.waitsOn(shape, close));
    return channel ? [...completed, channel] : completed;
  }

  private allWait(close: number): boolean {
    for (const shape of this.waiting) if (!this.waitsOn(shape, close)) return false;
    return true;
  }

  private findShapes(): void {
    const limits = {
      tolerance: this.options.tolerance,
      leastPole: Number.isNaN(this.atr.value) ? Number.POSITIVE_INFINITY : this.options.poleAtr * this.atr.value,
      maxPoleBars: this.options.maxPoleBars,
    };
    const found = SHAPE_FINDERS.map((find) => find(this.swings.points, limits)).filter((shape) => shape !== undefined);
    const kept = this.waiting.filter((shape) => shape.toIndex !== this.swings.replacedIndex && !found.some(({ kind }) => kind === shape.kind));
    this.waiting = [...kept, ...found].slice(-CAPACITY);
  }

  private findNewChannel(): ChartPattern | undefined {
    const channel = findChannel(this.swings.points, this.options.tolerance);
    if (!channel || channel.fromIndex < this.channelToIndex) return undefined;
    this.channelToIndex = channel.toIndex;
    return { ...channel, confirmedIndex: this.index };
  }

  private completed(shape: Shape, close: number): ChartPattern | undefined {
    if (this.index > shape.lastIndex) return undefined;
    const direction = this.breakOf(shape, close);
    if (direction === 0) return undefined;
    return { kind: shape.kind, fromIndex: shape.fromIndex, toIndex: shape.toIndex, confirmedIndex: this.index, direction, levels: shape.levels };
  }

  private breakOf(shape: Shape, close: number): 1 | -1 | 0 {
    if (shape.breakUp && close > priceAt(shape.breakUp, this.index)) return 1;
    return shape.breakDown && close < priceAt(shape.breakDown, this.index) ? -1 : 0;
  }

  private waitsOn(shape: Shape, close: number): boolean {
    if (this.index >= shape.lastIndex || this.breakOf(shape, close) !== 0) return false;
    return !(shape.endAbove !== undefined && close > shape.endAbove) && !(shape.endBelow !== undefined && close < shape.endBelow);
  }

  snapshot(): unknown {
    return { index: this.index, swings: this.swings.snapshot(), atr: this.atr.snapshot(), waiting: this.waiting, channelToIndex: this.channelToIndex };
  }

  restore(state: unknown): void {
    const saved = state as { index: number; swings: unknown; atr: unknown; waiting: Shape[]; channelToIndex: number };
    this.index = saved.index;
    this.swings.restore(saved.swings);
    this.atr.restore(saved.atr);
    this.waiting = saved.waiting;
    this.channelToIndex = saved.channelToIndex;
  }
}

/** All patterns of a history, in the order in which they became known. */
export function findChartPatterns(
  bars: Pick<BarColumns, 'length' | 'high' | 'low' | 'close'>,
  options: ChartPatternOptions = CHART_PATTERN_DEFAULTS,
): ChartPattern[] {
  const patterns = new ChartPatterns(options);
  const found: ChartPattern[] = [];
  for (let i = 0; i < bars.length; i++) found.push(...patterns.update(bars.high[i]!, bars.low[i]!, bars.close[i]!));
  return found;
}

export const chartPatterns: IndicatorDefinition = {
  name: 'chartPatterns',
  description: 'Chart patterns on confirmed swings, on the bar that completes them: 1 upwards, −1 downwards (horizontalChannel: 1), else 0',
  formula: 'shapes on swing points; see docs/patterns.md',
  parameters: {
    span: { default: CHART_PATTERN_DEFAULTS.span, min: 1, max: 200, integer: true, description: 'bars on each side of a swing point' },
    tolerance: { default: CHART_PATTERN_DEFAULTS.tolerance, min: 0, max: 0.5, description: 'what counts as equal, as a share of the height' },
    poleAtr: { default: CHART_PATTERN_DEFAULTS.poleAtr, min: 0, max: 100, description: 'least length of a flag pole in ATR' },
    maxPoleBars: { default: CHART_PATTERN_DEFAULTS.maxPoleBars, min: 1, max: 1_000, integer: true, description: 'bars of a flag pole at most' },
  },
  outputs: CHART_PATTERN_KINDS,
  warmupBars: ({ span }) => 2 * span!,
  create: ({ span, tolerance, poleAtr, maxPoleBars }) =>
    onBars(
      new ChartPatterns({ span: span!, tolerance: tolerance!, poleAtr: poleAtr!, maxPoleBars: maxPoleBars! }),
      CHART_PATTERN_KINDS.length,
      (patterns, bar, values) => {
        const found = patterns.update(bar.high, bar.low, bar.close);
        if (!patterns.isReady) return;
        values.fill(0);
        for (const { kind, direction } of found) values[CHART_PATTERN_KINDS.indexOf(kind)] = direction === 0 ? 1 : direction;
      },
    ),
};
