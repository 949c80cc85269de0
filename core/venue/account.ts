import type { Decimal } from '../market/decimal.ts';
import { multiply } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import { type InstrumentName, parseInstrument } from '../market/instrument.ts';
import { type AssetBalance, Balances } from './balances.ts';
import type { MarginState } from './margin-account.ts';
import type { RejectCode, SubmitOrder } from './orders.ts';

/** An open order as an account sees it: `locked` is what it still has promised, and the account's to change. */
export type LockedOrder = SubmitOrder & { readonly filledQty: Decimal; locked: Decimal };

/** What the venue closes by force, at this price, for this fee. */
export interface ForcedClose {
  readonly instrument: InstrumentName;
  readonly side: Side;
  readonly qty: Decimal;
  readonly price: Decimal;
  readonly feeQuote: Decimal;
}

export interface AccountSnapshot {
  readonly balances: ReturnType<Balances['snapshot']>;
  readonly margin?: MarginState;
}

/** The money behind orders. `worstQuote` is what an order costs at its limit, or walking the book as it stands. */
export interface VenueAccount {
  refusal(order: SubmitOrder, worstQuote: Decimal): RejectCode | undefined;
  lock(order: LockedOrder, worstQuote: Decimal): void;
  /** Gives back what the order still has locked. */
  release(order: LockedOrder): void;
  /** Books one fill, which `order.filledQty` counts already. */
  fill(order: LockedOrder, price: Decimal, qty: Decimal, feeRate: Decimal): { readonly commission: Decimal; readonly commissionAsset: string };
  /** The most that a reduce-only order of this side could trade; 0 where there is no position to reduce. */
  reducible(instrument: InstrumentName, side: Side): Decimal;
  /** A new mark price; positions to be closed by force because of it, one at a time: ask again after each. */
  onMark(instrument: InstrumentName, price: Decimal): void;
  onFunding(instrument: InstrumentName, rate: Decimal): void;
  nextLiquidation(): ForcedClose | undefined;
  liquidate(close: ForcedClose): void;
  list(): AssetBalance[];
  snapshot(): AccountSnapshot;
  restore(state: AccountSnapshot): void;
}

/** Coins that are bought and sold: a sell locks its quantity, a buy its worst cost; commission is taken from what is received. */
export class SpotAccount implements VenueAccount {
  readonly #balances: Balances;

  constructor(initial: Readonly<Record<string, string>>) {
    this.#balances = new Balances(initial);
  }

  refusal(order: SubmitOrder, worstQuote: Decimal): RejectCode | undefined {
    if (order.reduceOnly) return 'REDUCE_ONLY';
    const needed = order.side === 'sell' ? order.qty : worstQuote;
    return needed > this.#balances.free(promisedAsset(order)) ? 'INSUFFICIENT_BALANCE' : undefined;
  }

  lock(order: LockedOrder, worstQuote: Decimal): void {
    order.locked = order.side === 'sell' ? order.qty - order.filledQty : worstQuote;
    this.#balances.lock(promisedAsset(order), order.locked);
  }

  release(order: LockedOrder): void {
    this.#balances.unlock(promisedAsset(order), order.locked);
    order.locked = 0n;
  }

  fill(order: LockedOrder, price: Decimal, qty: Decimal, feeRate: Decimal): { commission: Decimal; commissionAsset: string } {
    const { base, quote } = parseInstrument(order.instrument);
    const quoteQty = multiply(price, qty);
    if (order.side === 'sell') {
      const commission = multiply(quoteQty, feeRate);
      this.#balances.add(base, 0n, -qty);
      this.#balances.add(quote, quoteQty - commission, 0n);
      order.locked -= qty;
      return { commission, commissionAsset: quote };
    }
    const commission = multiply(qty, feeRate);
    // What stays locked is the cost of the rest at the limit; a better price frees the difference.
    const keeps = order.type === 'market' ? order.locked - quoteQty : multiply(order.price!, order.qty - order.filledQty);
    this.#balances.add(quote, order.locked - quoteQty - keeps, keeps - order.locked);
    this.#balances.add(base, qty - commission, 0n);
    order.locked = keeps;
    return { commission, commissionAsset: base };
  }

  reducible(): Decimal {
    return 0n;
  }

  onMark(): void {}

  onFunding(): void {}

  nextLiquidation(): undefined {
    return undefined;
  }

  liquidate(): void {}

  list(): AssetBalance[] {
    return this.#balances.list();
  }

  snapshot(): AccountSnapshot {
    return { balances: this.#balances.snapshot() };
  }

  restore(state: AccountSnapshot): void {
    this.#balances.restore(state.balances);
  }
}

function promisedAsset(order: SubmitOrder): string {
  const { base, quote } = parseInstrument(order.instrument);
  return order.side === 'buy' ? quote : base;
}
