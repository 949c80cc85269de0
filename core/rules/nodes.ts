import type { BarIndicator, SeriesIndicator } from '../indicators/indicator.ts';
import type { Ohlcv } from '../market/events.ts';

/**
 * The parts of a compiled expression. Every value lives in one array of slots, truth as 1 and 0, what is not known yet as NaN; a node
 * reads slots written before it and writes its own, once a bar. What a node remembers is in slots too, or in the indicator it holds.
 */
export interface Node {
  update(slots: Float64Array, bar: Ohlcv): void;
  /** What is not in the slots. */
  snapshot?(): unknown;
  restore?(state: unknown): void;
}

/** An indicator of the bar itself: all outputs into consecutive slots. */
export class BarIndicatorNode implements Node {
  private readonly indicator: BarIndicator;
  private readonly out: number;

  constructor(indicator: BarIndicator, out: number) {
    this.indicator = indicator;
    this.out = out;
  }

  update(slots: Float64Array, bar: Ohlcv): void {
    this.indicator.update(bar);
    const { values } = this.indicator;
    for (let i = 0; i < values.length; i++) slots[this.out + i] = values[i]!;
  }

  snapshot(): unknown {
    return this.indicator.snapshot();
  }

  restore(state: unknown): void {
    this.indicator.restore(state);
  }
}

/** An indicator of one series, whatever series that is: all outputs into consecutive slots. */
export class SeriesIndicatorNode implements Node {
  private readonly indicator: SeriesIndicator;
  private readonly source: number;
  private readonly out: number;

  constructor(indicator: SeriesIndicator, source: number, out: number) {
    this.indicator = indicator;
    this.source = source;
    this.out = out;
  }

  update(slots: Float64Array): void {
    const { indicator, out } = this;
    slots[out] = indicator.update(slots[this.source]!);
    const { values } = indicator;
    for (let i = 1; i < values.length; i++) slots[out + i] = values[i]!;
  }

  snapshot(): unknown {
    return this.indicator.snapshot();
  }

  restore(state: unknown): void {
    this.indicator.restore(state);
  }
}

/** A series as it was some bars ago. */
export class HistoryNode implements Node {
  private readonly source: number;
  private readonly ring: number;
  private readonly barsAgo: number;
  private readonly out: number;

  /** `ring`: the first of `barsAgo` slots, and one more, 0 at first, for the place in them. */
  constructor(source: number, barsAgo: number, ring: number, out: number) {
    this.source = source;
    this.barsAgo = barsAgo;
    this.ring = ring;
    this.out = out;
  }

  update(slots: Float64Array): void {
    const place = this.ring + this.barsAgo;
    const next = slots[place]!;
    slots[this.out] = slots[this.ring + next]!;
    slots[this.ring + next] = slots[this.source]!;
    slots[place] = next + 1 === this.barsAgo ? 0 : next + 1;
  }
}

/** True on the bar on which `a` comes from at or below `b` to above it. */
export class CrossNode implements Node {
  private readonly a: number;
  private readonly b: number;
  private readonly previous: number;
  private readonly out: number;

  /** `previous`: a slot for a − b of the bar before, of which only the sign counts. */
  constructor(a: number, b: number, previous: number, out: number) {
    this.a = a;
    this.b = b;
    this.previous = previous;
    this.out = out;
  }

  update(slots: Float64Array): void {
    const a = slots[this.a]!;
    const b = slots[this.b]!;
    const side = a > b ? 1 : a <= b ? 0 : Number.NaN;
    slots[this.out] = side === 1 && slots[this.previous] === 0 ? 1 : 0;
    slots[this.previous] = side;
  }
}

/** True when the series rose (`sign` 1) or fell (−1) on each of the last `bars` bars. */
export class RunNode implements Node {
  private readonly source: number;
  private readonly sign: number;
  private readonly bars: number;
  private readonly state: number;
  private readonly out: number;

  /** `state`: two slots, for the value of the bar before and the length of the run. */
  constructor(source: number, sign: number, bars: number, state: number, out: number) {
    this.source = source;
    this.sign = sign;
    this.bars = bars;
    this.state = state;
    this.out = out;
  }

  update(slots: Float64Array): void {
    const value = slots[this.source]!;
    const goesOn = (value - slots[this.state]!) * this.sign > 0;
    const run = goesOn ? (Number.isNaN(slots[this.state + 1]!) ? 0 : slots[this.state + 1]!) + 1 : 0;
    slots[this.state] = value;
    slots[this.state + 1] = run;
    slots[this.out] = run >= this.bars ? 1 : 0;
  }
}

/** Bars since the condition was last true: 0 on such a bar, NaN before the first. */
export class BarsSinceNode implements Node {
  private readonly condition: number;
  private readonly out: number;

  constructor(condition: number, out: number) {
    this.condition = condition;
    this.out = out;
  }

  update(slots: Float64Array): void {
    slots[this.out] = slots[this.condition] === 1 ? 0 : slots[this.out]! + 1;
  }
}

export type Operation = '+' | '-' | '*' | '/' | '%' | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'and' | 'or' | 'not' | 'negate' | 'abs' | 'min' | 'max';

/** `a` op `b`; operations of one operand ignore `b`. A comparison with NaN is false, `!=` included. */
export function operate(operation: Operation, a: number, b: number): number {
  switch (operation) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '<':
      return a < b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a < b || a > b ? 1 : 0;
    case 'and':
      return a === 1 && b === 1 ? 1 : 0;
    case 'or':
      return a === 1 || b === 1 ? 1 : 0;
    case 'not':
      return a === 1 ? 0 : 1;
    case 'negate':
      return -a;
    case 'abs':
      return Math.abs(a);
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    default:
      return Number.NaN;
  }
}

export class OperationNode implements Node {
  private readonly operation: Operation;
  private readonly a: number;
  private readonly b: number;
  private readonly out: number;

  constructor(operation: Operation, a: number, b: number, out: number) {
    this.operation = operation;
    this.a = a;
    this.b = b;
    this.out = out;
  }

  update(slots: Float64Array): void {
    slots[this.out] = operate(this.operation, slots[this.a]!, slots[this.b]!);
  }
}
