import type { InstrumentSpec } from './specs.ts';

/** Where a tape came from: a raw capture of trades and book changes, trade and book files, candles made into ticks, a seeded random walk, or a market that stands still. */
export type TapeKind = 'capture' | 'trades-and-books' | 'bars' | 'synthetic' | 'still';

/**
 * A stretch of one instrument's market, to be played in a loop. Columns, because ten instruments of them stay in memory.
 * Times are milliseconds from the beginning, prices whole ticks. Book step 0 builds the book from nothing; each later step changes it.
 */
export interface Tape {
  readonly spec: InstrumentSpec;
  readonly kind: TapeKind;
  /** File names, or the seed. */
  readonly source: string;
  readonly lengthMs: number;
  readonly tradeMs: Float64Array;
  readonly tradeTicks: Int32Array;
  readonly tradeQty: Float64Array;
  /** 1 when the taker sold. */
  readonly tradeSold: Uint8Array;
  readonly stepMs: Float64Array;
  /** Index one past the step's last change. */
  readonly stepEnd: Uint32Array;
  readonly changeTicks: Int32Array;
  /** New quantity of the level; 0 removes it. */
  readonly changeQty: Float64Array;
  readonly changeIsAsk: Uint8Array;
}

export type LevelChange = readonly [ticks: number, qty: number, isAsk: boolean];

/** Collects a tape. Trades and steps are added in time order, each kind for itself. */
export class TapeBuilder {
  readonly #tradeMs: number[] = [];
  readonly #tradeTicks: number[] = [];
  readonly #tradeQty: number[] = [];
  readonly #tradeSold: number[] = [];
  readonly #stepMs: number[] = [];
  readonly #stepEnd: number[] = [];
  readonly #changeTicks: number[] = [];
  readonly #changeQty: number[] = [];
  readonly #changeIsAsk: number[] = [];

  addTrade(offsetMs: number, ticks: number, qty: number, isSold: boolean): void {
    this.#tradeMs.push(offsetMs);
    this.#tradeTicks.push(ticks);
    this.#tradeQty.push(qty);
    this.#tradeSold.push(isSold ? 1 : 0);
  }

  addStep(offsetMs: number, changes: Iterable<LevelChange>): void {
    for (const [ticks, qty, isAsk] of changes) {
      this.#changeTicks.push(ticks);
      this.#changeQty.push(qty);
      this.#changeIsAsk.push(isAsk ? 1 : 0);
    }
    this.#stepMs.push(offsetMs);
    this.#stepEnd.push(this.#changeTicks.length);
  }

  build(spec: InstrumentSpec, kind: TapeKind, source: string, lengthMs: number): Tape {
    return {
      spec,
      kind,
      source,
      lengthMs,
      tradeMs: Float64Array.from(this.#tradeMs),
      tradeTicks: Int32Array.from(this.#tradeTicks),
      tradeQty: Float64Array.from(this.#tradeQty),
      tradeSold: Uint8Array.from(this.#tradeSold),
      stepMs: Float64Array.from(this.#stepMs),
      stepEnd: Uint32Array.from(this.#stepEnd),
      changeTicks: Int32Array.from(this.#changeTicks),
      changeQty: Float64Array.from(this.#changeQty),
      changeIsAsk: Uint8Array.from(this.#changeIsAsk),
    };
  }
}

/** The changes that turn one set of levels into another. */
export function* levelDifference(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>, isAsk: boolean): Generator<LevelChange> {
  for (const ticks of before.keys()) if (!after.has(ticks)) yield [ticks, 0, isAsk];
  for (const [ticks, qty] of after) if (before.get(ticks) !== qty) yield [ticks, qty, isAsk];
}
