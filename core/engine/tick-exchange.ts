import { TouchstoneError } from '../errors.ts';
import { aheadAfterUpdate, type QueueModel } from '../venue/queue-model.ts';
import { type BookLadder, EMPTY_SIDE, type LadderSide } from './book-ladder.ts';
import { TickFills } from './tick-fills.ts';
import { ACCEPTED, CANCELED, EXPIRED, FILL, FOK, LIMIT, MARKET, POST_ONLY, REJECTED, type TickMessages } from './tick-messages.ts';

const NO_KEY = 0x7fff_ffff;
const ENDLESS_LOTS = Number.POSITIVE_INFINITY;

/** Our resting orders of one side, best price first, then first come. Keys as in `LadderSide`: the highest is the best. */
class OwnSide {
  count = 0;
  /** Of the first; `EMPTY_SIDE` when there is none. */
  bestKey = EMPTY_SIDE;
  /** Of the last; beyond every price when there is none. */
  worstKey = NO_KEY;
  readonly slots: Int32Array;

  constructor(capacity: number) {
    this.slots = new Int32Array(capacity);
  }
}

/** What we took from levels of one side since the feed last restated them. There are few, so they are searched one by one. */
class TakenLevels {
  count = 0;
  #keys = new Int32Array(16);
  #lots = new Float64Array(16);

  lotsAt(key: number): number {
    for (let i = 0; i < this.count; i++) if (this.#keys[i] === key) return this.#lots[i]!;
    return 0;
  }

  add(key: number, lots: number): void {
    for (let i = 0; i < this.count; i++) {
      if (this.#keys[i] !== key) continue;
      this.#lots[i]! += lots;
      return;
    }
    if (this.count === this.#keys.length) this.#grow();
    this.#keys[this.count] = key;
    this.#lots[this.count++] = lots;
  }

  delete(key: number): void {
    for (let i = 0; i < this.count; i++) {
      if (this.#keys[i] !== key) continue;
      this.#keys[i] = this.#keys[--this.count]!;
      this.#lots[i] = this.#lots[this.count]!;
      return;
    }
  }

  clear(): void {
    this.count = 0;
  }

  #grow(): void {
    const keys = new Int32Array(this.count * 2);
    const lots = new Float64Array(this.count * 2);
    keys.set(this.#keys);
    lots.set(this.#lots);
    this.#keys = keys;
    this.#lots = lots;
  }
}

/**
 * The venue's side of a tick replay: the rules of `SimulatedVenue` for one instrument in whole ticks and lots, without an account. Orders
 * live in slots, one at a time each. Answers go into `responses`, which delays them; executions are also kept in `fills` at the venue's time.
 *
 * Queue positions that a model leaves fractional are rounded against us: a fill is whole lots, never more than were certainly reached.
 */
export class TickExchange {
  readonly fills = new TickFills();
  lastTradeTicks = 0;
  hasTraded = false;
  positionLots = 0;
  /** Proceeds less cost, in ticks × lots: whole numbers, hence exact. */
  cashTickLots = 0;
  makerTickLots = 0;
  takerTickLots = 0;
  nowMs = Number.NaN;
  readonly #ladder: BookLadder;
  readonly #model: QueueModel;
  readonly #responses: TickMessages;
  readonly #ownBids: OwnSide;
  readonly #ownAsks: OwnSide;
  readonly #live: Uint8Array;
  readonly #side: Int8Array;
  readonly #key: Int32Array;
  readonly #left: Float64Array;
  /** Market quantity queued before the order; infinite when not known. */
  readonly #ahead: Float64Array;
  /** Traded at the order's price since its level was last stated. */
  readonly #traded: Float64Array;
  /** Keys from which we took more than the feed knows of. */
  readonly #takenBids = new TakenLevels();
  readonly #takenAsks = new TakenLevels();
  #unknownQueues = 0;
  #wasCleared = false;
  #offeredKey = EMPTY_SIDE;

  constructor(slotCount: number, ladder: BookLadder, model: QueueModel, responses: TickMessages) {
    this.#ladder = ladder;
    this.#model = model;
    this.#responses = responses;
    this.#ownBids = new OwnSide(slotCount);
    this.#ownAsks = new OwnSide(slotCount);
    this.#live = new Uint8Array(slotCount);
    this.#side = new Int8Array(slotCount);
    this.#key = new Int32Array(slotCount);
    this.#left = new Float64Array(slotCount);
    this.#ahead = new Float64Array(slotCount);
    this.#traded = new Float64Array(slotCount);
  }

  onBid(priceTicks: number, lots: number): void {
    const own = this.#ownBids;
    if (priceTicks >= own.worstKey && priceTicks <= own.bestKey) this.#restate(own, priceTicks, this.#ladder.bids.lotsAt(priceTicks), lots);
    if (this.#takenBids.count > 0 && this.#ladder.bids.lotsAt(priceTicks) !== lots) this.#takenBids.delete(priceTicks);
    this.#ladder.bids.set(priceTicks, lots);
  }

  onAsk(priceTicks: number, lots: number): void {
    const own = this.#ownAsks;
    const key = -priceTicks;
    if (key >= own.worstKey && key <= own.bestKey) this.#restate(own, key, this.#ladder.asks.lotsAt(key), lots);
    if (this.#takenAsks.count > 0 && this.#ladder.asks.lotsAt(key) !== lots) this.#takenAsks.delete(key);
    this.#ladder.asks.set(key, lots);
  }

  onClear(): void {
    this.#ladder.clear();
    this.#takenBids.clear();
    this.#takenAsks.clear();
    this.#traded.fill(0);
    this.#wasCleared = true;
  }

  /** The book is whole: resting orders that it crosses trade, at their price and for what is displayed. */
  onBookEnd(): void {
    if (this.#wasCleared || this.#unknownQueues > 0) this.#reviewQueues();
    const { bids, asks } = this.#ladder;
    if (-asks.best <= this.#ownBids.bestKey) this.#sweep(this.#ownBids, asks, this.#takenAsks);
    if (-bids.best <= this.#ownAsks.bestKey) this.#sweep(this.#ownAsks, bids, this.#takenBids);
  }

  /** @param takerSide 1 when the taker bought */
  onTrade(takerSide: number, priceTicks: number, lots: number): void {
    this.lastTradeTicks = priceTicks;
    this.hasTraded = true;
    if (takerSide > 0) {
      if (-priceTicks <= this.#ownAsks.bestKey) this.#tradeAgainst(this.#ownAsks, -priceTicks, lots);
    } else if (priceTicks <= this.#ownBids.bestKey) this.#tradeAgainst(this.#ownBids, priceTicks, lots);
  }

  /**
   * @param priceTicks limit; not read for market orders
   * @throws TouchstoneError SLOT_TAKEN when the slot's order is open: that is `replace`
   */
  place(slot: number, side: number, priceTicks: number, lots: number, type: number): void {
    if (this.#live[slot] !== 0) throw new TouchstoneError('SLOT_TAKEN', `slot ${slot} holds an order already`);
    const isBuy = side > 0;
    const opposite = isBuy ? this.#ladder.asks : this.#ladder.bids;
    const taken = isBuy ? this.#takenAsks : this.#takenBids;
    const key = type === MARKET ? NO_KEY : isBuy ? priceTicks : -priceTicks;
    if (type === POST_ONLY ? this.#offered(opposite, taken, key, 1) > 0 : type === MARKET && !this.#ladder.hasBook && !this.hasTraded) {
      this.#respond(REJECTED, slot, 0, 0, 0);
      return;
    }
    this.#respond(ACCEPTED, slot, 0, lots, 0);
    this.#side[slot] = isBuy ? 1 : -1;
    this.#key[slot] = key;
    this.#left[slot] = lots;
    const offered = this.#offered(opposite, taken, key, lots);
    if (type === FOK && offered < lots) {
      this.#respond(EXPIRED, slot, 0, lots, 0);
      return;
    }
    this.#expireOwn(isBuy ? this.#ownAsks : this.#ownBids, type === MARKET, key, offered >= lots);
    if (offered > 0) this.#take(slot, opposite, taken, key, false);
    if (this.#left[slot] === 0) return;
    if (type === POST_ONLY || type === LIMIT) this.#rest(slot);
    else this.#respond(EXPIRED, slot, 0, this.#left[slot]!, 0);
  }

  replace(slot: number, side: number, priceTicks: number, lots: number, type: number): void {
    if (this.#live[slot] === 0) {
      this.#respond(REJECTED, slot, 0, 0, 0);
      return;
    }
    this.#remove(slot);
    this.place(slot, side, priceTicks, lots, type);
  }

  cancel(slot: number): void {
    if (this.#live[slot] === 0) {
      this.#respond(REJECTED, slot, 0, 0, 0);
      return;
    }
    this.#remove(slot);
    this.#respond(CANCELED, slot, 0, this.#left[slot]!, 0);
  }

  #restate(own: OwnSide, key: number, before: number, displayed: number): void {
    for (let i = 0; i < own.count; i++) {
      const slot = own.slots[i]!;
      if (this.#key[slot] !== key) continue;
      this.#setAhead(slot, aheadAfterUpdate(this.#model, this.#ahead[slot]!, before, displayed, this.#traded[slot]!));
      this.#traded[slot] = 0;
    }
  }

  /** After the book was told anew, or while a queue is unknown: what is displayed bounds what stands before us. */
  #reviewQueues(): void {
    for (let slot = 0; slot < this.#live.length; slot++) {
      if (this.#live[slot] === 0 || (!this.#wasCleared && this.#ahead[slot] !== ENDLESS_LOTS)) continue;
      this.#setAhead(slot, Math.min(this.#ahead[slot]!, this.#queueAt(slot)));
    }
    this.#wasCleared = false;
  }

  #setAhead(slot: number, ahead: number): void {
    if (this.#ahead[slot] === ENDLESS_LOTS && ahead !== ENDLESS_LOTS) this.#unknownQueues--;
    this.#ahead[slot] = ahead;
  }

  /** Displayed at the order's price; unknown beyond the worst level that we can see. */
  #queueAt(slot: number): number {
    const side = this.#side[slot]! > 0 ? this.#ladder.bids : this.#ladder.asks;
    const key = this.#key[slot]!;
    const lots = side.lotsAt(key);
    return lots > 0 || side.below(key) !== EMPTY_SIDE ? lots : ENDLESS_LOTS;
  }

  #sweep(own: OwnSide, opposite: LadderSide, taken: TakenLevels): void {
    let i = 0;
    while (i < own.count) {
      const slot = own.slots[i]!;
      if (-opposite.best > this.#key[slot]!) return;
      this.#take(slot, opposite, taken, this.#key[slot]!, true);
      if (this.#left[slot] === 0) this.#remove(slot);
      else i++;
    }
  }

  #tradeAgainst(own: OwnSide, tradeKey: number, lots: number): void {
    let left = lots;
    let i = 0;
    while (i < own.count) {
      const slot = own.slots[i]!;
      const key = this.#key[slot]!;
      if (key < tradeKey) return;
      if (key > tradeKey) this.#setAhead(slot, 0);
      else this.#traded[slot]! += lots;
      const reached = left - this.#ahead[slot]!;
      this.#setAhead(slot, reached >= 0 ? 0 : -reached);
      const qty = reached > 0 ? Math.min(Math.floor(reached), this.#left[slot]!) : 0;
      if (qty > 0) {
        left -= qty;
        this.#fill(slot, key, qty, 1);
      }
      if (this.#left[slot] === 0) this.#remove(slot);
      else i++;
    }
  }

  /** Quantity within the limit, at most `lots`; the worst key of it is remembered. */
  #offered(opposite: LadderSide, taken: TakenLevels, limitKey: number, lots: number): number {
    this.#offeredKey = EMPTY_SIDE;
    if (!this.#ladder.hasBook) {
      if (!this.hasTraded) return 0;
      this.#offeredKey = opposite === this.#ladder.asks ? -this.lastTradeTicks : this.lastTradeTicks;
      return -this.#offeredKey <= limitKey ? lots : 0;
    }
    let offered = 0;
    for (let key = opposite.best; key !== EMPTY_SIDE && -key <= limitKey && offered < lots; key = opposite.below(key)) {
      const free = opposite.lotsAt(key) - taken.lotsAt(key);
      if (free <= 0) continue;
      offered += free;
      this.#offeredKey = key;
    }
    return offered < lots ? offered : lots;
  }

  /** Trades a slot's order against the book, as taker at the levels' prices or as maker at its own. */
  #take(slot: number, opposite: LadderSide, taken: TakenLevels, limitKey: number, isMaker: boolean): void {
    if (!this.#ladder.hasBook) {
      this.#fill(slot, opposite === this.#ladder.asks ? this.lastTradeTicks : -this.lastTradeTicks, this.#left[slot]!, 0);
      return;
    }
    for (let key = opposite.best; key !== EMPTY_SIDE && -key <= limitKey && this.#left[slot]! > 0; key = opposite.below(key)) {
      const free = opposite.lotsAt(key) - taken.lotsAt(key);
      if (free <= 0) continue;
      const qty = Math.min(free, this.#left[slot]!);
      taken.add(key, qty);
      this.#fill(slot, isMaker ? this.#key[slot]! : -key, qty, isMaker ? 1 : 0);
    }
  }

  /** Our resting orders that a new one would reach expire instead of trading with it. */
  #expireOwn(own: OwnSide, isMarket: boolean, key: number, isFilledWhole: boolean): void {
    if (own.count === 0) return;
    const bound = isFilledWhole || isMarket ? -this.#offeredKey : key;
    if (isMarket && this.#offeredKey === EMPTY_SIDE) return;
    let i = 0;
    while (i < own.count) {
      const slot = own.slots[i]!;
      const distance = bound + this.#key[slot]!;
      if (distance > 0 || (distance === 0 && !isFilledWhole)) {
        this.#remove(slot);
        this.#respond(EXPIRED, slot, 0, this.#left[slot]!, 0);
      } else i++;
    }
  }

  #fill(slot: number, key: number, lots: number, isMaker: number): void {
    const side = this.#side[slot]!;
    const priceTicks = side > 0 ? key : -key;
    const notional = priceTicks * lots;
    this.#left[slot]! -= lots;
    this.positionLots += side * lots;
    this.cashTickLots -= side * notional;
    if (isMaker === 1) this.makerTickLots += notional;
    else this.takerTickLots += notional;
    this.fills.push(this.nowMs, slot, side * lots, priceTicks, isMaker);
    this.#respond(FILL, slot, priceTicks, lots, isMaker);
  }

  #respond(kind: number, slot: number, priceTicks: number, lots: number, isMaker: number): void {
    this.#responses.send(this.nowMs, kind, slot, this.#side[slot]!, priceTicks, isMaker, lots, this.#left[slot]!);
  }

  /** Behind all that is displayed at its price, and behind our own older orders there. */
  #rest(slot: number): void {
    const own = this.#side[slot]! > 0 ? this.#ownBids : this.#ownAsks;
    const key = this.#key[slot]!;
    let at = own.count;
    while (at > 0 && this.#key[own.slots[at - 1]!]! < key) {
      own.slots[at] = own.slots[at - 1]!;
      at--;
    }
    own.slots[at] = slot;
    own.count++;
    this.#live[slot] = 1;
    this.#traded[slot] = 0;
    this.#ahead[slot] = this.#queueAt(slot);
    if (this.#ahead[slot] === ENDLESS_LOTS) this.#unknownQueues++;
    this.#markEnds(own);
  }

  #remove(slot: number): void {
    const own = this.#side[slot]! > 0 ? this.#ownBids : this.#ownAsks;
    let at = 0;
    while (own.slots[at] !== slot) at++;
    own.count--;
    for (; at < own.count; at++) own.slots[at] = own.slots[at + 1]!;
    this.#live[slot] = 0;
    this.#setAhead(slot, 0);
    this.#markEnds(own);
  }

  #markEnds(own: OwnSide): void {
    own.bestKey = own.count > 0 ? this.#key[own.slots[0]!]! : EMPTY_SIDE;
    own.worstKey = own.count > 0 ? this.#key[own.slots[own.count - 1]!]! : NO_KEY;
  }
}
