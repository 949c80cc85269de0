import { Ladder, lowerBound } from './ladder.ts';
import { type LevelChange, levelDifference, type Tape } from './tape.ts';

export interface PublicTrade {
  readonly id: number;
  readonly timeMs: number;
  readonly ticks: number;
  readonly qty: number;
  /** The taker sold; Binance's `m`. */
  readonly isSold: boolean;
}

/** Levels that changed, as one depth update: `firstId` follows the last id of the update before. */
export interface BookChange {
  readonly firstId: number;
  readonly lastId: number;
  readonly timeMs: number;
  readonly changes: readonly LevelChange[];
}

export interface MarketSink {
  onTrade(market: Market, trade: PublicTrade): void;
  onBook(market: Market, change: BookChange): void;
}

/** Where a market's time and ids began. Kept across restarts; a new one is made only when tape or speed change. */
export interface MarketAnchor {
  readonly epochMs: number;
  readonly firstTradeId: number;
  readonly firstUpdateId: number;
}

/** What was put into a market from outside; kept across restarts, because it is part of history. */
export type Injection =
  | { readonly type: 'trade'; readonly timeMs: number; readonly ticks: number; readonly qty: number; readonly isSold: boolean }
  | { readonly type: 'shock'; readonly timeMs: number; readonly ticks: number };

/** Ids that one book step may use; the room between is for shocks. */
const UPDATE_ID_STRIDE = 1_000;
/** A process that was frozen longer than this does not replay what it missed; its clients see a gap, as with a real venue. */
const MAX_BACKLOG_MS = 60_000;

/**
 * One instrument's market: a PURE FUNCTION OF TIME over a looped tape. Trade k of loop n has time `epoch + n × length + offset(k)` and id
 * `first + n × trades + k`, so ids never repeat, klines of any past range can be computed, and a restart goes on exactly where a venue
 * that never stopped would be.
 *
 * Every second loop is the mirror image in price (bids become asks, p becomes first + last − p): it begins where the loop before ended
 * and ends where that began, so prices never jump at a seam and never drift away, and ticks and quantities stay exact.
 * `speed` divides the intervals between events.
 */
export class Market {
  readonly tape: Tape;
  readonly bids = new Ladder(false);
  readonly asks = new Ladder(true);
  lastTicks: number;
  lastUpdateId = 0;
  readonly #anchor: MarketAnchor;
  readonly #speed: number;
  readonly #loopMs: number;
  readonly #mirrorSum: number;
  readonly #injections: Injection[];
  #loop = 0;
  #trade = 0;
  #step = 0;
  #nowMs = 0;

  constructor(tape: Tape, anchor: MarketAnchor, speed: number, injections: readonly Injection[], nowMs: number) {
    this.tape = tape;
    this.#anchor = anchor;
    this.#speed = speed;
    this.#loopMs = tape.lengthMs / speed;
    this.#mirrorSum = tape.tradeTicks.length > 0 ? tape.tradeTicks[0]! + tape.tradeTicks.at(-1)! : 0;
    this.#injections = [...injections];
    this.lastTicks = 0;
    this.#seek(nowMs);
  }

  get state() {
    const { kind, source, lengthMs } = this.tape;
    return { kind, source, lengthMs, speed: this.#speed, epochMs: this.#anchor.epochMs, loop: this.#loop, isMirrored: this.#isMirrored(this.#loop) };
  }

  /** Shows `sink` everything that happened up to `nowMs`, in order of time. */
  advance(nowMs: number, sink: MarketSink): void {
    if (nowMs - this.#nowMs > MAX_BACKLOG_MS) {
      this.#seek(nowMs);
      return;
    }
    for (;;) {
      const tradeMs = this.#tradeTime(this.#loop, this.#trade);
      const stepMs = this.#stepTime(this.#loop, this.#step);
      const nextMs = Math.min(tradeMs, stepMs);
      if (nextMs === Number.POSITIVE_INFINITY) {
        if (this.#loopStart(this.#loop + 1) > nowMs) break;
        this.#loop += 1;
        this.#trade = 0;
        this.#step = 0;
      } else if (nextMs > nowMs) break;
      else if (stepMs <= tradeMs) sink.onBook(this, this.#takeStep());
      else sink.onTrade(this, this.#takeTrade());
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  /** When the next recorded thing happens. */
  nextEventMs(): number {
    const nextMs = Math.min(this.#tradeTime(this.#loop, this.#trade), this.#stepTime(this.#loop, this.#step));
    return nextMs === Number.POSITIVE_INFINITY ? this.#loopStart(this.#loop + 1) : nextMs;
  }

  /** A trade that the tape does not have, as of now. Call `advance` first. */
  injectTrade(ticks: number, qty: number, isSold: boolean, nowMs: number): { injection: Injection; trade: PublicTrade } {
    const injection: Injection = { type: 'trade', timeMs: Math.max(nowMs, this.#nowMs), ticks, qty, isSold };
    const id = this.#tradesUpTo(injection.timeMs) + this.#injectedTrades(Number.POSITIVE_INFINITY) + this.#anchor.firstTradeId;
    this.#injections.push(injection);
    this.lastTicks = ticks;
    return { injection, trade: { id, timeMs: injection.timeMs, ticks, qty, isSold } };
  }

  /** Moves this market's price level for good, at once. Call `advance` first. */
  injectShock(ticks: number, nowMs: number): { injection: Injection; change: BookChange } {
    const injection: Injection = { type: 'shock', timeMs: Math.max(nowMs, this.#nowMs), ticks };
    this.#injections.push(injection);
    const shifted = (ladder: Ladder) => new Map([...ladder.levels()].map(([level, qty]) => [level + ticks, qty] as const).filter(([level]) => level > 0));
    const bids = shifted(this.bids);
    const asks = shifted(this.asks);
    const changes = [...levelDifference(this.bids.levels(), bids, false), ...levelDifference(this.asks.levels(), asks, true)];
    this.lastTicks = Math.max(1, this.lastTicks + ticks);
    return { injection, change: this.#apply(changes, injection.timeMs, this.lastUpdateId + 1) };
  }

  /** Calls `visit` for each trade with time in [fromMs, toMs), oldest first. */
  visitTrades(fromMs: number, toMs: number, visit: (id: number, timeMs: number, ticks: number, qty: number, isSold: boolean) => void): void {
    const { tradeTicks, tradeQty, tradeSold, tradeMs } = this.tape;
    const injected = this.#injections.filter((injection) => injection.type === 'trade' && injection.timeMs >= fromMs && injection.timeMs < toMs);
    let nextInjected = 0;
    const flushBefore = (timeMs: number) => {
      for (let at = injected[nextInjected]; at?.type === 'trade' && at.timeMs < timeMs; at = injected[nextInjected]) {
        const id =
          this.#anchor.firstTradeId +
          this.#tradesUpTo(at.timeMs) +
          this.#injectedTrades(at.timeMs) +
          injected.slice(0, nextInjected).filter((other) => other.timeMs === at!.timeMs).length;
        visit(id, at.timeMs, at.ticks, at.qty, at.isSold);
        nextInjected += 1;
      }
    };
    const startMs = Math.max(fromMs, this.#anchor.epochMs);
    for (let loop = Math.floor((startMs - this.#anchor.epochMs) / this.#loopMs); this.#loopStart(loop) < toMs; loop++) {
      const isMirrored = this.#isMirrored(loop);
      for (let k = lowerBound(tradeMs, (startMs - this.#loopStart(loop) - 1) * this.#speed); k < tradeMs.length; k++) {
        const timeMs = this.#tradeTime(loop, k);
        if (timeMs < startMs) continue;
        if (timeMs >= toMs) break;
        if (nextInjected < injected.length) flushBefore(timeMs);
        const id = this.#anchor.firstTradeId + loop * tradeMs.length + k + this.#injectedTrades(timeMs);
        visit(id, timeMs, this.#price(tradeTicks[k]!, isMirrored, timeMs), tradeQty[k]!, (tradeSold[k] === 1) !== isMirrored);
      }
    }
    flushBefore(toMs);
  }

  /** The newest `limit` trades up to now, oldest first. */
  recentTrades(limit: number): PublicTrade[] {
    const trades: PublicTrade[] = [];
    // Widen the window until it holds enough or reaches the beginning.
    for (let windowMs = 10_000; ; windowMs *= 8) {
      trades.length = 0;
      const fromMs = this.#nowMs - windowMs;
      this.visitTrades(fromMs, this.#nowMs + 1, (id, timeMs, ticks, qty, isSold) => trades.push({ id, timeMs, ticks, qty, isSold }));
      if (trades.length >= limit || fromMs <= this.#anchor.epochMs) return trades.slice(-limit);
    }
  }

  /** Ids and times of the beginning, and the last id used: what a new anchor must lie beyond. */
  lastIds(): { tradeId: number; updateId: number } {
    return {
      tradeId: this.#anchor.firstTradeId + this.#tradesUpTo(this.#nowMs) + this.#injectedTrades(Number.POSITIVE_INFINITY),
      updateId: this.lastUpdateId,
    };
  }

  get epochMs(): number {
    return this.#anchor.epochMs;
  }

  #seek(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#loop = Math.max(0, Math.floor((nowMs - this.#anchor.epochMs) / this.#loopMs));
    this.#trade = 0;
    this.#step = 0;
    while (this.#tradeTime(this.#loop, this.#trade) <= nowMs) this.#trade += 1;
    let stepMs = Number.NEGATIVE_INFINITY;
    while (this.#stepTime(this.#loop, this.#step) <= nowMs) {
      stepMs = this.#stepTime(this.#loop, this.#step);
      // Each shock moved the whole book, levels that were there before it included.
      this.#takeStep(this.#shift(Number.POSITIVE_INFINITY));
    }
    this.lastUpdateId += this.#injections.filter((injection) => injection.type === 'shock' && injection.timeMs >= stepMs).length;
    const last = this.recentTrades(1)[0];
    this.lastTicks = last?.ticks ?? Math.round(((this.bids.best?.[0] ?? 0) + (this.asks.best?.[0] ?? 0)) / 2);
  }

  #takeTrade(): PublicTrade {
    const k = this.#trade++;
    const timeMs = this.#tradeTime(this.#loop, k);
    const isMirrored = this.#isMirrored(this.#loop);
    this.lastTicks = this.#price(this.tape.tradeTicks[k]!, isMirrored, timeMs);
    return {
      id: this.#anchor.firstTradeId + this.#loop * this.tape.tradeMs.length + k + this.#injectedTrades(timeMs),
      timeMs,
      ticks: this.lastTicks,
      qty: this.tape.tradeQty[k]!,
      isSold: (this.tape.tradeSold[k] === 1) !== isMirrored,
    };
  }

  #takeStep(shiftNow?: number): BookChange {
    const { stepEnd, changeTicks, changeQty, changeIsAsk } = this.tape;
    const j = this.#step++;
    const timeMs = this.#stepTime(this.#loop, j);
    const isMirrored = this.#isMirrored(this.#loop);
    const shift = shiftNow ?? this.#shift(timeMs);
    let changes: LevelChange[] = [];
    for (let i = j === 0 ? 0 : stepEnd[j - 1]!; i < stepEnd[j]!; i++) {
      const ticks = (isMirrored ? this.#mirrorSum - changeTicks[i]! : changeTicks[i]!) + shift;
      if (ticks > 0) changes.push([ticks, changeQty[i]!, (changeIsAsk[i] === 1) !== isMirrored]);
    }
    if (j === 0) changes = this.#asReplacement(changes);
    const lastId = this.#anchor.firstUpdateId + (this.#loop * stepEnd.length + j + 1) * UPDATE_ID_STRIDE;
    return this.#apply(changes, timeMs, lastId);
  }

  /** The first step of a loop states a whole book: what is not in it goes away. */
  #asReplacement(changes: readonly LevelChange[]): LevelChange[] {
    const after = (isAsk: boolean) => new Map(changes.filter((change) => change[2] === isAsk).map(([ticks, qty]) => [ticks, qty] as const));
    return [...levelDifference(this.bids.levels(), after(false), false), ...levelDifference(this.asks.levels(), after(true), true)];
  }

  #apply(changes: readonly LevelChange[], timeMs: number, lastId: number): BookChange {
    for (const [ticks, qty, isAsk] of changes) (isAsk ? this.asks : this.bids).set(ticks, qty);
    const firstId = this.lastUpdateId === 0 ? lastId : this.lastUpdateId + 1;
    this.lastUpdateId = lastId;
    return { firstId, lastId, timeMs, changes };
  }

  #loopStart(loop: number): number {
    return this.#anchor.epochMs + loop * this.#loopMs;
  }

  #tradeTime(loop: number, k: number): number {
    const offsetMs = this.tape.tradeMs[k];
    return offsetMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(this.#loopStart(loop) + offsetMs / this.#speed);
  }

  #stepTime(loop: number, j: number): number {
    const offsetMs = this.tape.stepMs[j];
    return offsetMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(this.#loopStart(loop) + offsetMs / this.#speed);
  }

  #isMirrored(loop: number): boolean {
    return loop % 2 === 1 && this.#mirrorSum > 0;
  }

  #price(tapeTicks: number, isMirrored: boolean, timeMs: number): number {
    return Math.max(1, (isMirrored ? this.#mirrorSum - tapeTicks : tapeTicks) + this.#shift(timeMs));
  }

  /** Sum of the shocks before `timeMs`. */
  #shift(timeMs: number): number {
    let shift = 0;
    for (const injection of this.#injections) if (injection.type === 'shock' && injection.timeMs < timeMs) shift += injection.ticks;
    return shift;
  }

  #injectedTrades(beforeMs: number): number {
    let count = 0;
    for (const injection of this.#injections) if (injection.type === 'trade' && injection.timeMs < beforeMs) count += 1;
    return count;
  }

  /** Recorded trades with time ≤ `timeMs`, since the epoch. */
  #tradesUpTo(timeMs: number): number {
    const loop = Math.floor((timeMs - this.#anchor.epochMs) / this.#loopMs);
    let k = lowerBound(this.tape.tradeMs, (timeMs - this.#loopStart(loop) - 1) * this.#speed);
    while (this.#tradeTime(loop, k) <= timeMs) k += 1;
    return loop * this.tape.tradeMs.length + k;
  }
}
