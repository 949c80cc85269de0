import { bookFill, CASH_BOOK, equityOf, FLAT, type PositionBook } from '../core/execution/booking.ts';
import { applyOrderUpdate, exposedQty, isSettled, type OrderEffect, type OrderUpdate } from '../core/execution/lifecycle.ts';
import type { Fill, OrderIntent, OrderState } from '../core/execution/order.ts';
import { isQuoteOrder } from '../core/execution/quotes.ts';
import { type Decimal, divide, formatDecimal } from '../core/market/decimal.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import type { DurablePoint } from '../infra/durable.ts';
import type { Ledger, LedgerTransaction, StoredOrder } from '../infra/ledger/ledger.ts';
import type { Lease } from '../infra/ledger/lease.ts';
import type { VenueFill } from '../infra/venue.ts';

/** Binance takes 36 characters of [A-Za-z0-9-_]; an intent id has 32. The same intent always gives the same id. */
const CLIENT_ID_PREFIX = 'ts';
export const clientOrderIdOf = (intentId: string) => `${CLIENT_ID_PREFIX}${intentId}`;
export const isOurClientOrderId = (id: string) => /^ts[0-9a-f]{32}$/.test(id);

/** Something the caller must see to, and of which order. */
export interface BookEffect {
  readonly clientOrderId: string;
  readonly instrument: InstrumentName;
  readonly effect: OrderEffect | { readonly type: 'foreignFill'; readonly tradeId: string };
}

/** By strategy; base currency. */
export type Targets = ReadonlyMap<string, { readonly qty: Decimal; readonly eventTimeMs: number }>;

export interface AccountName {
  readonly account: string;
  readonly venue: string;
  readonly quoteCurrency: string;
}

/**
 * The ledger's present state of one account in memory: what `Ledger` holds, folded, so that decisions need no disk. It changes
 * in `commit` only, and only after the transaction is durable; a failed one leaves it as it was.
 */
export class AccountBook {
  readonly name: AccountName;
  /** Fault tests only. */
  readonly mutant: string | undefined;
  private readonly ledger: Ledger;
  private readonly lease: Lease;
  private readonly unsettled: Map<string, StoredOrder>;
  private readonly positionOf: Map<InstrumentName, PositionBook>;
  private readonly targetsOf = new Map<InstrumentName, Targets>();
  /** What was last told of each strategy's holding, by `holdingKey`. */
  private readonly told = new Map<string, Decimal>();
  private changes = 0;
  cash: Decimal;

  constructor(name: AccountName, ledger: Ledger, lease: Lease, mutant?: string) {
    this.name = name;
    this.mutant = mutant;
    this.ledger = ledger;
    this.lease = lease;
    this.unsettled = new Map(ledger.unsettledOrders().map((stored) => [stored.order.clientOrderId, stored]));
    this.positionOf = ledger.positions();
    for (const { instrument, strategy, qty, eventTimeMs } of ledger.targets()) {
      this.targetsOf.set(instrument, new Map(this.targets(instrument)).set(strategy, { qty, eventTimeMs }));
    }
    this.cash = ledger.balance(CASH_BOOK, name.quoteCurrency);
  }

  position(instrument: InstrumentName): PositionBook {
    return this.positionOf.get(instrument) ?? FLAT;
  }

  positions(): ReadonlyMap<InstrumentName, PositionBook> {
    return this.positionOf;
  }

  /** Grows with every change: equal before and after means that nothing happened in between. */
  version(): number {
    return this.changes;
  }

  fillCursors(): ReadonlyMap<InstrumentName, string | undefined> {
    return this.ledger.fillCursors();
  }

  openings(): ReadonlyMap<string, Decimal> {
    return this.ledger.openings();
  }

  /** Orders that may still trade, or whose fills are not all booked. */
  openOrders(instrument?: InstrumentName): StoredOrder[] {
    const all = [...this.unsettled.values()];
    return instrument === undefined ? all : all.filter(({ order }) => order.instrument === instrument);
  }

  isOpen(clientOrderId: string): boolean {
    return this.unsettled.has(clientOrderId);
  }

  order(clientOrderId: string): StoredOrder | undefined {
    return this.unsettled.get(clientOrderId) ?? this.ledger.order(clientOrderId);
  }

  /** What each strategy wants of an instrument, as far as the account has acted on it. */
  targets(instrument: InstrumentName): Targets {
    return this.targetsOf.get(instrument) ?? new Map();
  }

  /** Instruments that some strategy has or had a target of. */
  targetInstruments(): InstrumentName[] {
    return [...this.targetsOf.keys()];
  }

  toldHolding(key: string): Decimal | undefined {
    return this.told.get(key);
  }

  equity(mark: (instrument: InstrumentName) => Decimal | undefined): { positionsQuote: Decimal; equityQuote: Decimal } {
    return equityOf(
      this.cash,
      [...this.positionOf].map(([instrument, position]) => [position, mark(instrument)] as const),
    );
  }

  /** One durable step. Memory follows once it is on disk. @throws what `Ledger.write` throws */
  commit<T>(point: DurablePoint, work: (stage: BookStage) => T): { readonly result: T; readonly effects: readonly BookEffect[] } {
    let stage: BookStage | undefined;
    const result = this.ledger.write(point, this.lease, (tx) => {
      stage = new BookStage(this, tx, this.ledger);
      return work(stage);
    });
    this.adopt(stage!);
    return { result, effects: stage!.effects };
  }

  private adopt(stage: BookStage): void {
    for (const [id, stored] of stage.orders) {
      if (isSettled(stored)) this.unsettled.delete(id);
      else this.unsettled.set(id, stored);
    }
    for (const [instrument, position] of stage.positions) this.positionOf.set(instrument, position);
    for (const [instrument, targets] of stage.changedTargets) this.targetsOf.set(instrument, targets);
    for (const [key, qty] of stage.changedTold) this.told.set(key, qty);
    this.cash += stage.cashDelta;
    if (stage.orders.size > 0) this.changes++;
  }
}

/** The changes of one transaction: written through to the ledger at once, shown to memory by `AccountBook.commit` only. */
export class BookStage {
  readonly tx: LedgerTransaction;
  readonly orders = new Map<string, StoredOrder>();
  readonly positions = new Map<InstrumentName, PositionBook>();
  readonly changedTargets = new Map<InstrumentName, Targets>();
  readonly changedTold = new Map<string, Decimal>();
  readonly effects: BookEffect[] = [];
  cashDelta: Decimal = 0n;
  private readonly book: AccountBook;
  private readonly ledger: Ledger;

  constructor(book: AccountBook, tx: LedgerTransaction, ledger: Ledger) {
    this.book = book;
    this.tx = tx;
    this.ledger = ledger;
  }

  order(clientOrderId: string): StoredOrder | undefined {
    return this.orders.get(clientOrderId) ?? this.book.order(clientOrderId);
  }

  position(instrument: InstrumentName): PositionBook {
    return this.positions.get(instrument) ?? this.book.position(instrument);
  }

  cash(): Decimal {
    return this.book.cash + this.cashDelta;
  }

  /** Orders that may still trade, or whose fills are not all booked. */
  openOrders(instrument?: InstrumentName): StoredOrder[] {
    const before = this.book.openOrders(instrument).filter(({ order }) => !this.orders.has(order.clientOrderId));
    const staged = [...this.orders.values()].filter((stored) => !isSettled(stored) && (instrument === undefined || stored.order.instrument === instrument));
    return [...before, ...staged];
  }

  /** Unbooked and unfilled quantity of one side, UNKNOWN orders whole: what would be traded if everything open filled at once. */
  exposed(instrument: InstrumentName, side: 'buy' | 'sell'): Decimal {
    let total = 0n;
    for (const stored of this.openOrders(instrument)) if (stored.order.side === side) total += exposedQty(stored);
    return total;
  }

  targets(instrument: InstrumentName): Targets {
    return this.changedTargets.get(instrument) ?? this.book.targets(instrument);
  }

  setTarget(instrument: InstrumentName, strategy: string, qty: Decimal, signalId: string, eventTimeMs: number): void {
    this.changedTargets.set(instrument, new Map(this.targets(instrument)).set(strategy, { qty, eventTimeMs }));
    this.tx.putTarget(strategy, instrument, qty, signalId, eventTimeMs);
  }

  /** Message `holding`: what the account holds for a strategy, when that is not what was told last. */
  tellHolding(instrument: InstrumentName, strategy: string, eventTimeMs: number, price?: string): void {
    const key = holdingKey(instrument, strategy);
    if (this.held(instrument, strategy) === (this.changedTold.get(key) ?? this.book.toldHolding(key))) return;
    this.appendHolding(instrument, strategy, eventTimeMs, price ?? averageEntryPrice(this.position(instrument)));
  }

  /** Tells every holding again, so that topic `fills` has it however long ago it last changed. */
  restateHoldings(eventTimeMs: number): void {
    for (const instrument of this.book.targetInstruments()) {
      const price = averageEntryPrice(this.position(instrument));
      for (const strategy of this.targets(instrument).keys()) this.appendHolding(instrument, strategy, eventTimeMs, price);
    }
  }

  private held(instrument: InstrumentName, strategy: string): Decimal {
    return this.targets(instrument).get(strategy)?.qty ?? 0n;
  }

  private appendHolding(instrument: InstrumentName, strategy: string, eventTimeMs: number, price: string): void {
    const qty = this.held(instrument, strategy);
    this.changedTold.set(holdingKey(instrument, strategy), qty);
    const { account } = this.book.name;
    this.tx.append('fills', 'holding', eventTimeMs, { account, strategy, instrument, qty: formatDecimal(qty), price, eventTimeMs });
  }

  /** FLAT ALL: nobody wants anything of it any more. */
  clearTargets(instrument: InstrumentName, nowMs: number): void {
    const cleared = [...this.targets(instrument)].map(([strategy, { eventTimeMs }]) => [strategy, { qty: 0n, eventTimeMs }] as const);
    this.changedTargets.set(instrument, new Map(cleared));
    this.tx.clearTargets(instrument);
    for (const [strategy] of cleared) this.tellHolding(instrument, strategy, nowMs);
  }

  /** The durable intent: from here on the order is taken as sent until something else is proven. */
  open(intent: OrderIntent, sentTimeMs: number): StoredOrder {
    const order: OrderState = {
      intentId: intent.intentId,
      signalId: intent.signalId,
      strategy: intent.strategy,
      account: intent.account,
      clientOrderId: clientOrderIdOf(intent.intentId),
      instrument: intent.instrument,
      side: intent.side,
      type: intent.type,
      timeInForce: intent.timeInForce,
      qty: intent.qty,
      ...(intent.price === undefined ? {} : { price: intent.price }),
      reduceOnly: intent.reduceOnly,
      status: 'SENDING',
      filledQty: '0',
      createdTimeMs: sentTimeMs,
      updatedTimeMs: sentTimeMs,
    };
    const stored: StoredOrder = { order, trades: new Map(), venueFilledQty: 0n, sentTimeMs, eventTimeMs: intent.eventTimeMs, maxAgeMs: intent.maxAgeMs };
    this.tx.insertOrder(stored, intent.leg ?? 0);
    this.tx.append('orders', 'order', sentTimeMs, order);
    this.orders.set(order.clientOrderId, stored);
    return stored;
  }

  /** Folds what was learned of an order. Inputs that change something are kept in the log beside their result. */
  update(clientOrderId: string, update: OrderUpdate): void {
    const stored = this.order(clientOrderId);
    if (!stored) return;
    const { state, effects, changed } = applyOrderUpdate(stored, update);
    for (const effect of effects) this.effects.push({ clientOrderId, instrument: stored.order.instrument, effect });
    if (!changed) return;
    const next: StoredOrder = { ...stored, ...state };
    this.orders.set(clientOrderId, next);
    this.tx.append(null, 'update', update.timeMs, { clientOrderId, update });
    this.tx.updateOrder(next, isSettled(next));
    this.tx.append('orders', 'order', next.order.updatedTimeMs, next.order);
  }

  /**
   * Books a fill once, whichever path brings it and however often. A trade that no order of ours made is recorded and reported,
   * never booked: it is the user's.
   * @returns false when it cannot be told yet whose it is, because an order of the instrument is UNKNOWN
   */
  fill(told: VenueFill): boolean {
    const { venue } = this.book.name;
    const fill = this.book.mutant === 'no-fill-identity' ? { ...told, tradeId: `${told.tradeId}~${this.ledger.lastSequence()}` } : told;
    if (this.tx.hasFill(venue, fill.instrument, fill.tradeId)) return true;
    const stored = this.ownerOf(fill);
    if (!stored) {
      if (this.openOrders(fill.instrument).some(({ order }) => order.venueOrderId === undefined)) return false;
      const sequence = this.tx.append(null, 'foreignFill', fill.eventTimeMs, fill);
      const nobody = { account: this.book.name.account, clientOrderId: fill.clientOrderId ?? '', intentId: '', signalId: '', strategy: '' };
      this.tx.insertFill(venue, { ...fill, ...nobody }, sequence);
      this.effects.push({ clientOrderId: '', instrument: fill.instrument, effect: { type: 'foreignFill', tradeId: fill.tradeId } });
      return true;
    }
    this.bookOwn(stored, fill);
    return true;
  }

  private bookOwn(stored: StoredOrder, venueFill: VenueFill): void {
    const { venue } = this.book.name;
    const { account, clientOrderId, intentId, signalId, strategy, instrument } = stored.order;
    const fill: Fill = { ...venueFill, account, clientOrderId, intentId, signalId, strategy };
    const sequence = this.tx.append('fills', 'fill', fill.eventTimeMs, fill);
    // Kept as it was before the fill: an order that had settled would otherwise be read back with it.
    this.orders.set(clientOrderId, stored);
    this.tx.insertFill(venue, fill, sequence);
    const before = this.position(instrument);
    const { position, entries } = bookFill(before, fill, parseInstrument(instrument));
    this.tx.putEntries(sequence, entries);
    for (const { book, asset, amount } of entries) {
      if (book === CASH_BOOK && asset === this.book.name.quoteCurrency) this.cashDelta += amount;
    }
    this.positions.set(instrument, position);
    this.tx.putPosition(instrument, position);
    this.tx.append('fills', 'position', fill.eventTimeMs, positionFacts(account, instrument, position, 'fill', fill.eventTimeMs));
    this.update(clientOrderId, { type: 'fill', tradeId: fill.tradeId, qty: fill.qty, price: fill.price, timeMs: fill.eventTimeMs });
    if (!isQuoteOrder(stored.order)) return;
    const target = this.targets(instrument).get(strategy);
    this.setTarget(instrument, strategy, (target?.qty ?? 0n) + position.qty - before.qty, signalId, target?.eventTimeMs ?? fill.eventTimeMs);
    this.tellHolding(instrument, strategy, fill.eventTimeMs, fill.price);
  }

  private ownerOf(fill: VenueFill): StoredOrder | undefined {
    if (fill.clientOrderId !== undefined) return this.order(fill.clientOrderId);
    const staged = [...this.orders.values()].find(({ order }) => order.instrument === fill.instrument && order.venueOrderId === fill.venueOrderId);
    if (staged) return staged;
    return this.ledger.orderByVenueId(fill.instrument, fill.venueOrderId);
  }
}

/** Data of a `position` message, but for the sequence, which the outbox adds. */
export function positionFacts(account: string, instrument: InstrumentName, position: PositionBook, cause: 'fill' | 'adjustment', eventTimeMs: number) {
  return {
    account,
    instrument,
    qty: formatDecimal(position.qty),
    averageEntryPrice: averageEntryPrice(position),
    realisedPnlQuote: formatDecimal(position.realised),
    feesQuote: formatDecimal(position.fees),
    cause,
    eventTimeMs,
  };
}

const averageEntryPrice = ({ qty, cost }: PositionBook) => formatDecimal(qty === 0n ? 0n : divide(cost, qty));

const holdingKey = (instrument: InstrumentName, strategy: string) => `${instrument} ${strategy}`;
