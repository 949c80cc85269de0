import { FOK, LIMIT, MARKET, POST_ONLY } from '../../../core/engine/tick-messages.ts';
import { aheadAfterUpdate, type QueueModel } from '../../../core/venue/queue-model.ts';

/** A tick replay as one would write it first: plain objects, sorted lists, nothing kept that can be looked up. The oracle of the fast one. */
export interface Row {
  readonly what: 'bid' | 'ask' | 'buy' | 'sell' | 'clear';
  readonly price: number;
  readonly lots: number;
}

export interface Batch {
  readonly eventMs: number;
  readonly receivedMs: number;
  readonly rows: readonly Row[];
}

export type Statement =
  | { readonly do: 'quote'; readonly slot: number; readonly side: 1 | -1; readonly price: number; readonly lots: number; readonly type: number }
  | { readonly do: 'withdraw'; readonly slot: number }
  | { readonly do: 'target'; readonly lots: number };

export interface SlowFill {
  readonly timeMs: number;
  readonly slot: number;
  readonly signedLots: number;
  readonly price: number;
  readonly isMaker: boolean;
}

type Wish = { side: number; price: number; lots: number; type: number };
type Order = Wish & { slot: number; ahead: number; traded: number; arrival: number };
type Request = { atMs: number; kind: 'new' | 'replace' | 'cancel'; slot: number; wish: Wish };
type Response = { atMs: number; kind: 'accepted' | 'fill' | 'canceled' | 'expired' | 'rejected'; slot: number; signedLots: number; left: number };

class SlowVenue {
  readonly fills: SlowFill[] = [];
  readonly say: (kind: Response['kind'], slot: number, signedLots: number, left: number) => void;
  readonly model: QueueModel;
  nowMs = 0;
  bids = new Map<number, number>();
  asks = new Map<number, number>();
  taken = new Map<string, number>();
  orders: Order[] = [];
  last: number | undefined;
  arrivals = 0;
  wasCleared = false;

  constructor(model: QueueModel, say: SlowVenue['say']) {
    this.model = model;
    this.say = say;
  }

  book(side: number): Map<number, number> {
    return side > 0 ? this.bids : this.asks;
  }

  byPriority(side: number): Order[] {
    return this.orders.filter((order) => order.side === side).sort((a, b) => side * (b.price - a.price) || a.arrival - b.arrival);
  }

  /** What an order of a side could take, best first, within its limit. */
  offers(side: number, limit: number, wanted: number): Array<{ price: number; lots: number }> {
    if (this.bids.size + this.asks.size === 0) return this.last !== undefined && side * (limit - this.last) >= 0 ? [{ price: this.last, lots: wanted }] : [];
    return [...this.book(-side)]
      .filter(([price]) => side * (limit - price) >= 0)
      .sort((a, b) => side * (a[0] - b[0]))
      .map(([price, lots]) => ({ price, lots: lots - (this.taken.get(`${-side} ${price}`) ?? 0) }))
      .filter(({ lots }) => lots > 0);
  }

  fill(order: Order, price: number, lots: number, isMaker: boolean): void {
    order.lots -= lots;
    this.fills.push({ timeMs: this.nowMs, slot: order.slot, signedLots: order.side * lots, price, isMaker });
    this.say('fill', order.slot, order.side * lots, order.lots);
    if (order.lots === 0) this.orders = this.orders.filter((one) => one !== order);
  }

  take(order: Order, limit: number, isMaker: boolean): void {
    const hasBook = this.bids.size + this.asks.size > 0;
    for (const offer of this.offers(order.side, limit, order.lots)) {
      const lots = Math.min(offer.lots, order.lots);
      if (lots === 0) return;
      const key = `${-order.side} ${offer.price}`;
      if (hasBook) this.taken.set(key, (this.taken.get(key) ?? 0) + lots);
      this.fill(order, isMaker ? order.price : offer.price, lots, isMaker);
    }
  }

  queueAt(side: number, price: number): number {
    const levels = this.book(side);
    const isSeen = levels.has(price) || [...levels.keys()].some((level) => side * (price - level) > 0);
    return isSeen ? (levels.get(price) ?? 0) : Number.POSITIVE_INFINITY;
  }

  onBatch(rows: readonly Row[]): void {
    for (const row of rows) {
      if (row.what === 'clear') {
        this.bids.clear();
        this.asks.clear();
        this.taken.clear();
        this.wasCleared = true;
        for (const order of this.orders) order.traded = 0;
      } else if (row.what === 'bid' || row.what === 'ask') this.onLevel(row.what === 'bid' ? 1 : -1, row.price, row.lots);
      else this.onTrade(row.what === 'buy' ? 1 : -1, row.price, row.lots);
    }
    if (rows.every(({ what }) => what === 'buy' || what === 'sell')) return;
    for (const order of this.orders)
      if (this.wasCleared || order.ahead === Number.POSITIVE_INFINITY) order.ahead = Math.min(order.ahead, this.queueAt(order.side, order.price));
    this.wasCleared = false;
    if (this.bids.size + this.asks.size === 0) return;
    for (const side of [1, -1]) for (const order of this.byPriority(side)) this.take(order, order.price, true);
  }

  onLevel(side: number, price: number, lots: number): void {
    const levels = this.book(side);
    const before = levels.get(price) ?? 0;
    for (const order of this.orders) {
      if (order.side !== side || order.price !== price) continue;
      order.ahead = aheadAfterUpdate(this.model, order.ahead, before, lots, order.traded);
      order.traded = 0;
    }
    if (before !== lots) this.taken.delete(`${side} ${price}`);
    if (lots > 0) levels.set(price, lots);
    else levels.delete(price);
  }

  onTrade(takerSide: number, price: number, lots: number): void {
    this.last = price;
    let left = lots;
    for (const order of this.byPriority(-takerSide)) {
      const better = order.side * (order.price - price);
      if (better < 0) continue;
      if (better > 0) order.ahead = 0;
      else order.traded += lots;
      const reached = left - order.ahead;
      order.ahead = Math.max(0, order.ahead - left);
      const filled = Math.min(order.lots, Math.floor(Math.max(0, reached)));
      if (filled === 0) continue;
      left -= filled;
      this.fill(order, order.price, filled, true);
    }
  }

  onRequest({ kind, slot, wish }: Request): void {
    const open = this.orders.find((order) => order.slot === slot);
    if (kind !== 'new') {
      if (!open) {
        this.say('rejected', slot, 0, 0);
        return;
      }
      this.orders = this.orders.filter((order) => order !== open);
      if (kind === 'cancel') {
        this.say('canceled', slot, 0, open.lots);
        return;
      }
    }
    const limit = wish.type === MARKET ? wish.side * Number.POSITIVE_INFINITY : wish.price;
    const offers = this.offers(wish.side, limit, wish.lots);
    const isUnknown = this.bids.size + this.asks.size === 0 && this.last === undefined;
    if ((wish.type === POST_ONLY && offers.length > 0) || (wish.type === MARKET && isUnknown)) {
      this.say('rejected', slot, 0, 0);
      return;
    }
    this.say('accepted', slot, 0, wish.lots);
    const order: Order = { ...wish, slot, ahead: 0, traded: 0, arrival: this.arrivals++ };
    const offered = offers.reduce((sum, { lots }) => sum + lots, 0);
    if (wish.type === FOK && offered < wish.lots) {
      this.say('expired', slot, 0, wish.lots);
      return;
    }
    this.expireOwn(order, offers, offered >= wish.lots);
    this.take(order, limit, false);
    if (order.lots === 0) return;
    if (wish.type !== LIMIT && wish.type !== POST_ONLY) {
      this.say('expired', slot, 0, order.lots);
      return;
    }
    order.ahead = this.queueAt(order.side, order.price);
    this.orders.push(order);
  }

  /** Our own orders that stand before the last price reached, or at it when the new one would go on, expire. */
  expireOwn(order: Order, offers: ReadonlyArray<{ price: number; lots: number }>, isWhole: boolean): void {
    let missing = order.lots;
    const reached = offers.filter(({ lots }) => {
      const isReached = missing > 0;
      missing -= lots;
      return isReached;
    });
    const bound = isWhole || order.type === MARKET ? reached.at(-1)?.price : order.price;
    if (bound === undefined) return;
    for (const own of this.byPriority(-order.side)) {
      const distance = order.side * (bound - own.price);
      if (distance < 0 || (distance === 0 && isWhole)) continue;
      this.orders = this.orders.filter((one) => one !== own);
      this.say('expired', own.slot, 0, own.lots);
    }
  }
}

/** @param script what is stated after the batch of the same index was received */
export function slowReplay(batches: readonly Batch[], script: ReadonlyArray<readonly Statement[]>, model: QueueModel, entryMs: number, responseMs: number) {
  const targetSlot = Number.MAX_SAFE_INTEGER;
  const requests: Request[] = [];
  const responses: Response[] = [];
  const venue = new SlowVenue(model, (kind, slot, signedLots, left) => responses.push({ atMs: venue.nowMs + responseMs, kind, slot, signedLots, left }));
  const state = new Map<number, 'idle' | 'pending' | 'working'>();
  const wishes = new Map<number, Wish | undefined>();
  const sent = new Map<number, Wish>();
  let position = 0;
  let requestCount = 0;
  const send = (nowMs: number, kind: Request['kind'], slot: number, wish: Wish) => {
    requests.push({ atMs: nowMs + entryMs, kind, slot, wish: { ...wish } });
    if (kind !== 'cancel') sent.set(slot, wish);
    state.set(slot, 'pending');
    requestCount++;
  };
  const settle = (nowMs: number, slot: number) => {
    const wish = wishes.get(slot);
    const now = state.get(slot) ?? 'idle';
    if (now === 'pending') return;
    if (wish === undefined) {
      if (now === 'working') send(nowMs, 'cancel', slot, sent.get(slot)!);
    } else if (now === 'idle') send(nowMs, 'new', slot, wish);
    else if (JSON.stringify(wish) !== JSON.stringify(sent.get(slot))) send(nowMs, 'replace', slot, wish);
  };
  let moved = 0;
  let received = 0;
  while (received < batches.length) {
    const times = [
      requests[0]?.atMs ?? Number.POSITIVE_INFINITY,
      responses[0]?.atMs ?? Number.POSITIVE_INFINITY,
      received < moved ? batches[received]!.receivedMs : Number.POSITIVE_INFINITY,
      moved < batches.length ? batches[moved]!.eventMs : Number.POSITIVE_INFINITY,
    ];
    const nowMs = Math.min(...times);
    const next = times.indexOf(nowMs);
    if (next === 0) {
      venue.nowMs = nowMs;
      venue.onRequest(requests.shift()!);
    } else if (next === 1) {
      const { kind, slot, signedLots, left } = responses.shift()!;
      position += signedLots;
      const isAnswer = kind === 'accepted' || kind === 'canceled' || kind === 'rejected';
      if (state.get(slot) === 'pending' && isAnswer) {
        state.set(slot, kind === 'accepted' ? 'working' : 'idle');
        if (slot !== targetSlot && kind !== 'rejected') settle(nowMs, slot);
      } else if (state.get(slot) !== 'pending' && (kind !== 'fill' || left === 0)) state.set(slot, 'idle');
    } else if (next === 2) {
      for (const statement of script[received] ?? []) {
        if (statement.do === 'target') {
          const missing = statement.lots - position;
          const wish = { side: Math.sign(missing), price: 0, lots: Math.abs(missing), type: MARKET };
          if (missing !== 0 && (state.get(targetSlot) ?? 'idle') === 'idle') send(nowMs, 'new', targetSlot, wish);
        } else if (statement.do === 'quote') {
          const { side, price, lots, type } = statement;
          wishes.set(statement.slot, { side, price, lots, type });
          settle(nowMs, statement.slot);
        } else {
          wishes.set(statement.slot, undefined);
          settle(nowMs, statement.slot);
        }
      }
      received++;
    } else {
      venue.nowMs = nowMs;
      venue.onBatch(batches[moved]!.rows);
      moved++;
    }
  }
  return { fills: venue.fills, positionLots: venue.fills.reduce((sum, { signedLots }) => sum + signedLots, 0), requestCount, targetSlot };
}
