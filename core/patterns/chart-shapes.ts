import type { Swing } from './swings.ts';

export const CHART_PATTERN_KINDS = [
  'doubleTop',
  'doubleBottom',
  'headAndShoulders',
  'inverseHeadAndShoulders',
  'ascendingTriangle',
  'descendingTriangle',
  'symmetricTriangle',
  'bullFlag',
  'bearFlag',
  'risingChannel',
  'fallingChannel',
  'horizontalChannel',
] as const;
export type ChartPatternKind = (typeof CHART_PATTERN_KINDS)[number];

/** A straight line through (index, price). Plain JSON. */
export interface Line {
  readonly index: number;
  readonly price: number;
  /** Price a bar. */
  readonly slope: number;
}

export function lineThrough(a: Swing, b: Swing): Line {
  return { index: a.index, price: a.price, slope: (b.price - a.price) / (b.index - a.index) };
}

export function priceAt(line: Line, index: number): number {
  return line.price + line.slope * (index - line.index);
}

/** A shape that is there, and the closes that would complete it or end it. Plain JSON. */
export interface Shape {
  readonly kind: ChartPatternKind;
  readonly fromIndex: number;
  readonly toIndex: number;
  /** A close above completes it upwards. */
  readonly breakUp?: Line;
  /** A close below completes it downwards. */
  readonly breakDown?: Line;
  /** A close beyond ends it. */
  readonly endAbove?: number;
  readonly endBelow?: number;
  /** Last bar on which it may complete. */
  readonly lastIndex: number;
  /** Prices to show. */
  readonly levels: Readonly<Record<string, number>>;
}

export interface ShapeLimits {
  /** Prices are equal when they differ by at most this share of the shape's height. */
  readonly tolerance: number;
  /** Least length of a flag's pole, quote currency. */
  readonly leastPole: number;
  /** Bars of a flag's pole at most; its flag may take twice as long. */
  readonly maxPoleBars: number;
}

type Finder = (points: readonly Swing[], limits: ShapeLimits) => Shape | undefined;

/**
 * Two extremes of equal price with one between them. The move into the first began beyond that middle one, so there is something to turn.
 * Completes on a close beyond the middle extreme, ends on one beyond the outer ones.
 */
const double: Finder = (points, { tolerance }) => {
  if (points.length < 4) return undefined;
  const [before, first, middle, second] = points.slice(-4) as [Swing, Swing, Swing, Swing];
  const side = second.side;
  const height = Math.min(side * first.price, side * second.price) - side * middle.price;
  if (!(height > 0 && Math.abs(first.price - second.price) <= tolerance * height && side * before.price <= side * middle.price)) return undefined;
  const outer = side === 1 ? Math.max(first.price, second.price) : Math.min(first.price, second.price);
  return turning(side === 1 ? 'doubleTop' : 'doubleBottom', side, first, second, flat(middle), outer);
};

/**
 * Three extremes of which the middle one, the head, stands out by more than the tolerance and the outer ones, the shoulders, are equal within it;
 * height is from the head to the neckline, the line through the two extremes between. Both shoulders lie beyond both of these, and the move into the
 * first shoulder began beyond the neckline's first point. Completes on a close beyond the neckline, ends on one beyond the head.
 */
const headAndShoulders: Finder = (points, { tolerance }) => {
  if (points.length < 6) return undefined;
  const [before, left, first, head, second, right] = points.slice(-6) as [Swing, Swing, Swing, Swing, Swing, Swing];
  const side = right.side;
  const neckline = lineThrough(first, second);
  const height = side * (head.price - priceAt(neckline, head.index));
  const highShoulder = Math.max(side * left.price, side * right.price);
  const lowShoulder = Math.min(side * left.price, side * right.price);
  const standsOut = side * head.price - highShoulder > tolerance * height && highShoulder - lowShoulder <= tolerance * height;
  const isAbove = lowShoulder > Math.max(side * first.price, side * second.price);
  if (!(height > 0 && standsOut && isAbove && side * before.price <= side * first.price)) return undefined;
  return turning(side === 1 ? 'headAndShoulders' : 'inverseHeadAndShoulders', side, left, right, neckline, head.price);
};

function flat(at: Swing): Line {
  return { index: at.index, price: at.price, slope: 0 };
}

/** A shape that turns the move that led into it; it may complete for as long as it took to form. */
function turning(kind: ChartPatternKind, side: 1 | -1, from: Swing, to: Swing, neckline: Line, outer: number): Shape {
  const times = { fromIndex: from.index, toIndex: to.index, lastIndex: to.index + (to.index - from.index) };
  const levels = { neckline: priceAt(neckline, to.index), extreme: outer };
  return side === 1 ? { kind, ...times, breakDown: neckline, endAbove: outer, levels } : { kind, ...times, breakUp: neckline, endBelow: outer, levels };
}

/**
 * Two highs and two lows in turn whose lines come together: highs equal and lows rising (ascending), lows equal and highs falling (descending), or
 * highs falling and lows rising (symmetric), each by more than the tolerance of the height at the first point. Completes on a close beyond
 * either line before they meet, and within as many bars as it took.
 */
const triangle: Finder = (points, { tolerance }) => {
  if (points.length < 4) return undefined;
  const last4 = points.slice(-4) as [Swing, Swing, Swing, Swing];
  const [from, , , to] = last4;
  const [firstHigh, secondHigh] = last4.filter((point) => point.side === 1) as [Swing, Swing];
  const [firstLow, secondLow] = last4.filter((point) => point.side === -1) as [Swing, Swing];
  const upper = lineThrough(firstHigh, secondHigh);
  const lower = lineThrough(firstLow, secondLow);
  const height = priceAt(upper, from.index) - priceAt(lower, from.index);
  const limit = tolerance * height;
  if (!(height > 0 && priceAt(upper, to.index) > priceAt(lower, to.index))) return undefined;
  const highs = secondHigh.price - firstHigh.price;
  const lows = secondLow.price - firstLow.price;
  const kind = triangleKind(highs, lows, limit);
  if (!kind) return undefined;
  const meetIndex = from.index + height / (lower.slope - upper.slope);
  const lastIndex = Math.min(to.index + (to.index - from.index), Math.floor(meetIndex));
  const levels = { upper: priceAt(upper, to.index), lower: priceAt(lower, to.index) };
  return { kind, fromIndex: from.index, toIndex: to.index, breakUp: upper, breakDown: lower, lastIndex, levels };
};

function triangleKind(highs: number, lows: number, limit: number): ChartPatternKind | undefined {
  if (Math.abs(highs) <= limit && lows > limit) return 'ascendingTriangle';
  if (Math.abs(lows) <= limit && highs < -limit) return 'descendingTriangle';
  return highs < -limit && lows > limit ? 'symmetricTriangle' : undefined;
}

/**
 * A pole, a move of at least `leastPole` within `maxPoleBars`, and a flag: a pause of two more points against it that gives back at most half of it
 * and takes at most twice `maxPoleBars`. Completes on a close beyond the line from the pole's end through the flag's last point,
 * in the pole's direction; ends on a close that gives back more than half.
 */
const flag: Finder = (points, { leastPole, maxPoleBars }) => {
  if (points.length < 4) return undefined;
  const [start, top, back, last] = points.slice(-4) as [Swing, Swing, Swing, Swing];
  const side = last.side;
  const pole = side * (top.price - start.price);
  const isSteep = pole >= leastPole && top.index - start.index <= maxPoleBars;
  const isPause = side * (top.price - back.price) <= pole / 2 && side * last.price < side * top.price && last.index - top.index <= 2 * maxPoleBars;
  if (!(pole > 0 && isSteep && isPause)) return undefined;
  const edge = lineThrough(top, last);
  const half = top.price - (side * pole) / 2;
  const times = { fromIndex: start.index, toIndex: last.index, lastIndex: last.index + 2 * maxPoleBars };
  const levels = { pole: top.price, edge: last.price };
  return side === 1
    ? { kind: 'bullFlag', ...times, breakUp: edge, endBelow: half, levels }
    : { kind: 'bearFlag', ...times, breakDown: edge, endAbove: half, levels };
};

/** Shapes that wait for a close to complete them. */
export const SHAPE_FINDERS: readonly Finder[] = [double, headAndShoulders, triangle, flag];

export interface Channel {
  readonly kind: ChartPatternKind;
  readonly direction: 1 | -1 | 0;
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly levels: Readonly<Record<string, number>>;
}

/**
 * Five points in turn: three on one line and two on a parallel one, each within the tolerance of the height between the lines. It rises or falls
 * when it drifts by more than the tolerance from its first to its last point, else it is horizontal. Known when its last point is.
 */
export function findChannel(points: readonly Swing[], tolerance: number): Channel | undefined {
  if (points.length < 5) return undefined;
  const [from, firstOther, middle, secondOther, to] = points.slice(-5) as [Swing, Swing, Swing, Swing, Swing];
  const line = lineThrough(from, to);
  const other = lineThrough(firstOther, secondOther);
  const height = to.side * (priceAt(line, middle.index) - priceAt(other, middle.index));
  const limit = tolerance * height;
  const bars = to.index - from.index;
  const isParallel = Math.abs(line.slope - other.slope) * bars <= limit;
  if (!(height > 0 && isParallel && Math.abs(middle.price - priceAt(line, middle.index)) <= limit)) return undefined;
  const drift = line.slope * bars;
  const direction = drift > limit ? 1 : drift < -limit ? -1 : 0;
  const kind = direction === 1 ? 'risingChannel' : direction === -1 ? 'fallingChannel' : 'horizontalChannel';
  const [here, there] = [priceAt(line, to.index), priceAt(other, to.index)];
  return { kind, direction, fromIndex: from.index, toIndex: to.index, levels: { upper: Math.max(here, there), lower: Math.min(here, there) } };
}
