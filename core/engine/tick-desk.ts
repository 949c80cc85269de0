import { TouchstoneError } from '../errors.ts';
import type { BookLadder } from './book-ladder.ts';
import { ACCEPTED, CANCEL, CANCELED, FILL, MARKET, NEW, POST_ONLY, REJECTED, REPLACE, type TickMessages } from './tick-messages.ts';

/** Nothing at the venue; nothing under way. */
const IDLE = 0;
/** A request has no answer yet. */
const PENDING = 1;
/** The venue holds the order, as far as we know. */
const WORKING = 2;

/**
 * Our side of a tick replay: what we know and what we want. Everything here is as late as the messages are.
 *
 * A strategy states what it wants, never what to change: an order in a slot, or a position. The desk asks the venue for the difference, with
 * one request under way in a slot at a time. A quote that was partly filled keeps its place in the queue until it is wanted differently; one
 * that is gone is placed again the next time it is stated.
 */
export class TickDesk {
  /** The book as we received it. */
  readonly ladder: BookLadder;
  nowMs = Number.NaN;
  /** Sum of the fills that we know of. */
  positionLots = 0;
  /** Requests sent so far. */
  requestCount = 0;
  readonly #requests: TickMessages;
  readonly #slotCount: number;
  readonly #state: Uint8Array;
  readonly #isWanted: Uint8Array;
  readonly #wantedSide: Int8Array;
  readonly #wantedType: Uint8Array;
  readonly #wantedTicks: Int32Array;
  readonly #wantedLots: Float64Array;
  readonly #sentSide: Int8Array;
  readonly #sentType: Uint8Array;
  readonly #sentTicks: Int32Array;
  readonly #sentLots: Float64Array;

  /** @param slotCount quotes at most; one more slot is kept for orders toward a target */
  constructor(slotCount: number, ladder: BookLadder, requests: TickMessages) {
    this.ladder = ladder;
    this.#requests = requests;
    this.#slotCount = slotCount;
    const all = slotCount + 1;
    this.#state = new Uint8Array(all);
    this.#isWanted = new Uint8Array(all);
    this.#wantedSide = new Int8Array(all);
    this.#wantedType = new Uint8Array(all);
    this.#wantedTicks = new Int32Array(all);
    this.#wantedLots = new Float64Array(all);
    this.#sentSide = new Int8Array(all);
    this.#sentType = new Uint8Array(all);
    this.#sentTicks = new Int32Array(all);
    this.#sentLots = new Float64Array(all);
  }

  /** True while the venue may hold an order of this slot. */
  isOpen(slot: number): boolean {
    return this.#state[slot] !== IDLE;
  }

  /**
   * States the order wanted in a slot from now on.
   * @param side 1 buys, −1 sells
   * @param lots whole, above 0
   */
  quote(slot: number, side: number, priceTicks: number, lots: number, type: number = POST_ONLY): void {
    if (slot >= this.#slotCount || !(lots > 0))
      throw new TouchstoneError('BAD_QUOTE', `no quote of ${lots} lots in slot ${slot}: there are ${this.#slotCount} slots`);
    this.#isWanted[slot] = 1;
    this.#wantedSide[slot] = side;
    this.#wantedTicks[slot] = priceTicks;
    this.#wantedLots[slot] = lots;
    this.#wantedType[slot] = type;
    if (this.#state[slot] !== PENDING) this.#settle(slot);
  }

  /** States that no order is wanted in a slot. */
  withdraw(slot: number): void {
    this.#isWanted[slot] = 0;
    if (this.#state[slot] === WORKING) this.#settle(slot);
  }

  /** States the position wanted, to be reached with market orders: one at a time, so state it again until it is reached. */
  target(lots: number): void {
    const slot = this.#slotCount;
    const missing = lots - this.positionLots;
    if (missing === 0 || this.#state[slot] !== IDLE) return;
    this.#wantedSide[slot] = missing > 0 ? 1 : -1;
    this.#wantedLots[slot] = Math.abs(missing);
    this.#wantedType[slot] = MARKET;
    this.#send(NEW, slot);
  }

  /** @param leftLots open after a fill */
  onResponse(kind: number, slot: number, side: number, lots: number, leftLots: number): void {
    if (kind === FILL) this.positionLots += side * lots;
    if (this.#state[slot] === PENDING) {
      // An order that fills or expires while a request for it is under way: the venue will refuse the request.
      if (kind === ACCEPTED) this.#state[slot] = WORKING;
      else if (kind === CANCELED || kind === REJECTED) this.#state[slot] = IDLE;
      else return;
      if (slot < this.#slotCount && kind !== REJECTED) this.#settle(slot);
      return;
    }
    if (kind === FILL && leftLots > 0) return;
    this.#state[slot] = IDLE;
  }

  #settle(slot: number): void {
    if (this.#isWanted[slot] === 0) {
      if (this.#state[slot] === WORKING) this.#send(CANCEL, slot);
      return;
    }
    if (this.#state[slot] === IDLE) {
      this.#send(NEW, slot);
      return;
    }
    const isAsSent =
      this.#wantedTicks[slot] === this.#sentTicks[slot] &&
      this.#wantedLots[slot] === this.#sentLots[slot] &&
      this.#wantedSide[slot] === this.#sentSide[slot] &&
      this.#wantedType[slot] === this.#sentType[slot];
    if (!isAsSent) this.#send(REPLACE, slot);
  }

  #send(kind: number, slot: number): void {
    if (kind !== CANCEL) {
      this.#sentSide[slot] = this.#wantedSide[slot]!;
      this.#sentType[slot] = this.#wantedType[slot]!;
      this.#sentTicks[slot] = this.#wantedTicks[slot]!;
      this.#sentLots[slot] = this.#wantedLots[slot]!;
    }
    this.#state[slot] = PENDING;
    this.requestCount++;
    const lots = this.#sentLots[slot]!;
    this.#requests.send(this.nowMs, kind, slot, this.#sentSide[slot]!, this.#sentTicks[slot]!, this.#sentType[slot]!, lots, lots);
  }
}
