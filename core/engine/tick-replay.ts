import { DEPTH_ASK, DEPTH_BID, DEPTH_CLEAR, type EventColumns, KIND_MASK, LAST_OF_BATCH, TRADE_BUY } from '../market/event-columns.ts';
import { createLatencyModel, type LatencyConfig } from '../venue/latency-model.ts';
import { createQueueModel, type QueueModelConfig } from '../venue/queue-model.ts';
import { BookLadder } from './book-ladder.ts';
import { TickDesk } from './tick-desk.ts';
import { TickExchange } from './tick-exchange.ts';
import type { TickFills } from './tick-fills.ts';
import { CANCEL, FILL, NEW, TickMessages } from './tick-messages.ts';

const NEVER = Number.POSITIVE_INFINITY;
const VENUE = 0;
const FEED = 1;

/** What a strategy is told, when it could know it. It answers by stating quotes or a target at the desk. */
export interface TickStrategy {
  /** @param takerSide 1 when the taker bought */
  onTrade(takerSide: number, priceTicks: number, lots: number, desk: TickDesk): void;
  /** After each message of the feed, trades included: the book is whole. */
  onBatch(desk: TickDesk): void;
  /** @param signedLots above 0 bought */
  onFill(signedLots: number, priceTicks: number, isMaker: boolean, desk: TickDesk): void;
}

export interface TickReplayConfig {
  /** Orders that may stand at the venue at once, beside those toward a target; at most 255. */
  readonly slotCount: number;
  readonly queue: QueueModelConfig;
  /** From our decision to the matching engine. */
  readonly orderEntry: LatencyConfig;
  /** From the matching engine to our knowing. */
  readonly orderResponse: LatencyConfig;
  /** Price ticks held a side in the ladders' arrays; levels beyond are kept, only slower. A power of two. */
  readonly ladderTicks?: number;
}

/** Sums in whole ticks and lots, hence exact. Times are the venue's. */
export interface TickResult {
  readonly fills: TickFills;
  readonly positionLots: number;
  /** Proceeds less cost, in ticks × lots, before fees. */
  readonly cashTickLots: number;
  readonly makerTickLots: number;
  readonly takerTickLots: number;
  readonly requestCount: number;
  /** Middle of the last book in ticks, or the last trade where there is no book; undefined before either. */
  readonly markTicks: number | undefined;
}

/**
 * Replays events of one instrument against a strategy: the venue's book moves at the events' venue time, ours when we received them, and
 * requests and responses travel between with their latencies. Feed latency is in the columns (`withFeedLatency`).
 *
 * At one instant: requests reach the venue, then responses reach us, then the feed reaches us, then the market moves. So with no latency at
 * all, what a strategy decides on a message is at the venue before the next message. The replay ends when we have received every event.
 *
 * @example new TickReplay(config, new TickMarketMaker(parameters)).run(columns).cashTickLots
 */
export class TickReplay {
  readonly #strategy: TickStrategy;
  readonly #requests: TickMessages;
  readonly #responses: TickMessages;
  readonly #venueLadder: BookLadder;
  readonly #ownLadder: BookLadder;
  readonly #exchange: TickExchange;
  readonly #desk: TickDesk;
  readonly #times = new Float64Array(2);

  /** @throws TouchstoneError BAD_LATENCY, BAD_QUEUE_MODEL, BAD_LADDER */
  constructor(config: TickReplayConfig, strategy: TickStrategy) {
    this.#strategy = strategy;
    this.#requests = new TickMessages(createLatencyModel(config.orderEntry));
    this.#responses = new TickMessages(createLatencyModel(config.orderResponse));
    this.#venueLadder = new BookLadder(config.ladderTicks);
    this.#ownLadder = new BookLadder(config.ladderTicks);
    this.#exchange = new TickExchange(config.slotCount + 1, this.#venueLadder, createQueueModel(config.queue), this.#responses);
    this.#desk = new TickDesk(config.slotCount, this.#ownLadder, this.#requests);
  }

  run(columns: EventColumns): TickResult {
    const { length, eventTimeMs, receivedTimeMs } = columns;
    const requests = this.#requests;
    const responses = this.#responses;
    let venueAt = 0;
    let feedAt = 0;
    // Times stand in an array: as local variables that may be infinite they would be boxed at each step.
    const times = this.#times;
    times[VENUE] = length > 0 ? eventTimeMs[0]! : NEVER;
    times[FEED] = NEVER;
    while (feedAt < length) {
      const marketMs = Math.min(times[VENUE]!, times[FEED]!);
      const requestMs = requests.nextMs;
      const responseMs = responses.nextMs;
      if (requestMs <= marketMs && requestMs <= responseMs) this.#onRequest();
      else if (responseMs <= marketMs) this.#onResponse();
      else if (times[FEED]! <= marketMs) {
        this.#desk.nowMs = marketMs;
        feedAt = this.#receive(columns, feedAt);
        if (feedAt < venueAt) times[FEED] = receivedTimeMs[feedAt]!;
        else times[FEED] = NEVER;
      } else {
        this.#exchange.nowMs = marketMs;
        if (feedAt === venueAt) times[FEED] = receivedTimeMs[venueAt]!;
        venueAt = this.#moveMarket(columns, venueAt);
        if (venueAt < length) times[VENUE] = eventTimeMs[venueAt]!;
        else times[VENUE] = NEVER;
      }
    }
    return this.#result();
  }

  /** One batch at the venue; returns where the next begins. */
  #moveMarket(columns: EventColumns, start: number): number {
    const { length, kind, priceTicks, qtyLots } = columns;
    const exchange = this.#exchange;
    let at = start;
    let isBook = false;
    while (at < length) {
      const word = kind[at]!;
      const what = word & KIND_MASK;
      if (what === DEPTH_BID) exchange.onBid(priceTicks[at]!, qtyLots[at]!);
      else if (what === DEPTH_ASK) exchange.onAsk(priceTicks[at]!, qtyLots[at]!);
      else if (what === DEPTH_CLEAR) exchange.onClear();
      else exchange.onTrade(what === TRADE_BUY ? 1 : -1, priceTicks[at]!, qtyLots[at]!);
      isBook ||= what <= DEPTH_ASK || what === DEPTH_CLEAR;
      at++;
      if ((word & LAST_OF_BATCH) !== 0) break;
    }
    if (isBook) exchange.onBookEnd();
    return at;
  }

  /** One batch as we receive it; returns where the next begins. */
  #receive(columns: EventColumns, start: number): number {
    const { length, kind, priceTicks, qtyLots } = columns;
    const { bids, asks } = this.#ownLadder;
    let at = start;
    while (at < length) {
      const word = kind[at]!;
      const what = word & KIND_MASK;
      if (what === DEPTH_BID) bids.set(priceTicks[at]!, qtyLots[at]!);
      else if (what === DEPTH_ASK) asks.set(-priceTicks[at]!, qtyLots[at]!);
      else if (what === DEPTH_CLEAR) this.#ownLadder.clear();
      else this.#strategy.onTrade(what === TRADE_BUY ? 1 : -1, priceTicks[at]!, qtyLots[at]!, this.#desk);
      at++;
      if ((word & LAST_OF_BATCH) !== 0) break;
    }
    this.#strategy.onBatch(this.#desk);
    return at;
  }

  #onRequest(): void {
    const { nextMs, kind, slot, side, priceTicks, detail, lots } = this.#requests;
    this.#requests.shift();
    this.#exchange.nowMs = nextMs;
    if (kind === CANCEL) this.#exchange.cancel(slot);
    else if (kind === NEW) this.#exchange.place(slot, side, priceTicks, lots, detail);
    else this.#exchange.replace(slot, side, priceTicks, lots, detail);
  }

  #onResponse(): void {
    const { nextMs, kind, slot, side, priceTicks, detail, lots, leftLots } = this.#responses;
    this.#responses.shift();
    this.#desk.nowMs = nextMs;
    this.#desk.onResponse(kind, slot, side, lots, leftLots);
    if (kind === FILL) this.#strategy.onFill(side * lots, priceTicks, detail === 1, this.#desk);
  }

  #result(): TickResult {
    const { fills, positionLots, cashTickLots, makerTickLots, takerTickLots, hasTraded, lastTradeTicks } = this.#exchange;
    const ladder = this.#venueLadder;
    const middle = ladder.hasBothSides ? (ladder.bestBidTicks + ladder.bestAskTicks) / 2 : undefined;
    const markTicks = middle ?? (hasTraded ? lastTradeTicks : undefined);
    return { fills, positionLots, cashTickLots, makerTickLots, takerTickLots, requestCount: this.#desk.requestCount, markTicks };
  }
}
