import { type Decimal, formatDecimal, parseDecimal } from '../market/decimal.ts';

export interface AssetBalance {
  readonly asset: string;
  readonly free: Decimal;
  /** Promised to open orders. */
  readonly locked: Decimal;
}

/** Exact balances of one account. Neither part of a balance ever goes below zero: a step that would is a programmer's error and throws. */
export class Balances {
  readonly #assets = new Map<string, { free: Decimal; locked: Decimal }>();

  constructor(initial: Readonly<Record<string, string>>) {
    for (const [asset, text] of Object.entries(initial)) this.#assets.set(asset, { free: parseDecimal(text), locked: 0n });
  }

  free(asset: string): Decimal {
    return this.#assets.get(asset)?.free ?? 0n;
  }

  /** Adds to both parts; negative amounts take away. */
  add(asset: string, free: Decimal, locked: Decimal): void {
    let balance = this.#assets.get(asset);
    if (!balance) {
      balance = { free: 0n, locked: 0n };
      this.#assets.set(asset, balance);
    }
    if (balance.free + free < 0n || balance.locked + locked < 0n) throw new RangeError(`balance of ${asset} would go below zero`);
    balance.free += free;
    balance.locked += locked;
  }

  lock(asset: string, amount: Decimal): void {
    this.add(asset, -amount, amount);
  }

  unlock(asset: string, amount: Decimal): void {
    this.add(asset, amount, -amount);
  }

  list(): AssetBalance[] {
    return [...this.#assets].map(([asset, { free, locked }]) => ({ asset, free, locked }));
  }

  snapshot(): ReadonlyArray<readonly [asset: string, free: string, locked: string]> {
    return this.list().map(({ asset, free, locked }) => [asset, formatDecimal(free), formatDecimal(locked)]);
  }

  restore(state: ReturnType<Balances['snapshot']>): void {
    this.#assets.clear();
    for (const [asset, free, locked] of state) this.#assets.set(asset, { free: parseDecimal(free), locked: parseDecimal(locked) });
  }
}
