/** One side of a book: quantities by price in ticks, kept sorted. */
export class Ladder {
  readonly #isAsk: boolean;
  /** Ascending. */
  #ticks: number[] = [];
  readonly #qty = new Map<number, number>();

  constructor(isAsk: boolean) {
    this.#isAsk = isAsk;
  }

  /** A quantity of 0 removes the level. */
  set(ticks: number, qty: number): void {
    const isKnown = this.#qty.has(ticks);
    if (qty > 0) this.#qty.set(ticks, qty);
    else this.#qty.delete(ticks);
    if (qty > 0 !== isKnown) {
      const at = lowerBound(this.#ticks, ticks);
      if (isKnown) this.#ticks.splice(at, 1);
      else this.#ticks.splice(at, 0, ticks);
    }
  }

  get best(): readonly [ticks: number, qty: number] | undefined {
    const ticks = this.#isAsk ? this.#ticks[0] : this.#ticks.at(-1);
    return ticks === undefined ? undefined : [ticks, this.#qty.get(ticks)!];
  }

  /** The best `depth` levels, best first. */
  top(depth: number): Array<readonly [ticks: number, qty: number]> {
    const ticks = this.#isAsk ? this.#ticks.slice(0, depth) : this.#ticks.slice(-depth).reverse();
    return ticks.map((level) => [level, this.#qty.get(level)!] as const);
  }

  levels(): ReadonlyMap<number, number> {
    return new Map(this.#qty);
  }

  clear(): void {
    this.#ticks = [];
    this.#qty.clear();
  }
}

/** Index of the first element that is not below `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
