import type { Ohlcv } from '../market/events.ts';
import type { Node } from './nodes.ts';

/** The first slots, written from each bar. */
export const SOURCES = ['open', 'high', 'low', 'close', 'volume'] as const;

/** Compiled expressions over one stream of bars. Allocates nothing per bar. */
export class Program {
  readonly slots: Float64Array;
  private readonly nodes: readonly Node[];

  /** `initial`: every slot's first value; NaN for all but constants. */
  constructor(nodes: readonly Node[], initial: readonly number[]) {
    this.nodes = nodes;
    this.slots = Float64Array.from(initial);
  }

  update(bar: Ohlcv): void {
    const { slots, nodes } = this;
    slots[0] = bar.open;
    slots[1] = bar.high;
    slots[2] = bar.low;
    slots[3] = bar.close;
    slots[4] = bar.volume;
    for (let i = 0; i < nodes.length; i++) nodes[i]!.update(slots, bar);
  }

  /** JSON has no NaN and no infinity: those are text. */
  snapshot(): unknown {
    const slots = Array.from(this.slots, (value) => (Number.isFinite(value) ? value : String(value)));
    return { slots, nodes: this.nodes.map((node) => node.snapshot?.() ?? null) };
  }

  restore(state: unknown): void {
    const saved = state as { slots: (number | string)[]; nodes: unknown[] };
    this.slots.set(saved.slots.map(Number));
    for (const [i, node] of this.nodes.entries()) node.restore?.(saved.nodes[i]);
  }
}
