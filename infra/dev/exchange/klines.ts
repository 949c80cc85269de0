import type { Market } from './market.ts';

/** A candle; prices in ticks, volumes in base currency, quote volumes in tick × base. */
export interface Kline {
  readonly openTimeMs: number;
  /** Last millisecond of it, as Binance counts. */
  readonly closeTimeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  quoteTicks: number;
  trades: number;
  takerBuyVolume: number;
  takerBuyQuoteTicks: number;
}

export const KLINE_INTERVAL_MS: Readonly<Record<string, number>> = {
  '1s': 1_000,
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
};

/**
 * Candles of a market, made from the very trades it streams. An interval without trades repeats the last close with volume 0, as Binance does.
 * Whole minutes are kept, so that long candles are cheap the second time.
 */
export class KlineMaker {
  readonly #market: Market;
  readonly #minutes = new Map<number, Kline>();
  #average = { second: 0, ticks: 0 };

  constructor(market: Market) {
    this.#market = market;
  }

  /** Candles with open time in [fromMs, toMs], the last perhaps still forming, at most `limit`: the first ones when `isForward`, else the last. */
  between(intervalMs: number, fromMs: number, toMs: number, nowMs: number, limit: number, isForward: boolean): Kline[] {
    const firstOpen = Math.floor(this.#market.epochMs / intervalMs + 1) * intervalMs;
    const lastOpen = Math.floor(Math.min(toMs, nowMs) / intervalMs) * intervalMs;
    let from = Math.max(firstOpen, Math.ceil(fromMs / intervalMs) * intervalMs);
    let to = lastOpen;
    if (isForward) to = Math.min(to, from + (limit - 1) * intervalMs);
    else from = Math.max(from, to - (limit - 1) * intervalMs);
    const klines: Kline[] = [];
    if (from > to) return klines;
    let previousClose = this.#closeBefore(from);
    for (let openMs = from; openMs <= to; openMs += intervalMs) klines.push(emptyKline(openMs, intervalMs, 0));
    if (intervalMs > 60_000) {
      for (let minute = from; minute < Math.min(to + intervalMs, nowMs + 1); minute += 60_000)
        merge(klines[Math.floor((minute - from) / intervalMs)]!, this.#minute(minute, nowMs));
    } else {
      this.#market.visitTrades(from, Math.min(to + intervalMs, nowMs + 1), (_id, timeMs, ticks, qty, isSold) => {
        addTrade(klines[Math.floor((timeMs - from) / intervalMs)]!, ticks, qty, isSold);
      });
    }
    for (const kline of klines) {
      if (kline.trades === 0) kline.open = kline.high = kline.low = kline.close = previousClose;
      previousClose = kline.close;
    }
    return klines;
  }

  /** Volume-weighted mean of the last five minutes, in ticks, made anew each second; the last price when nothing was traded. */
  averageTicks(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#average.second) this.#average = { second, ticks: this.#averageOf(nowMs) };
    return this.#average.ticks;
  }

  #averageOf(nowMs: number): number {
    let volume = 0;
    let quoteTicks = 0;
    this.#market.visitTrades(nowMs - 300_000, nowMs + 1, (_id, _timeMs, ticks, qty) => {
      volume += qty;
      quoteTicks += ticks * qty;
    });
    return volume > 0 ? quoteTicks / volume : this.#market.lastTicks;
  }

  #minute(openMs: number, nowMs: number): Kline {
    const kept = this.#minutes.get(openMs);
    if (kept) return kept;
    const kline = emptyKline(openMs, 60_000, 0);
    this.#market.visitTrades(openMs, Math.min(openMs + 60_000, nowMs + 1), (_id, _timeMs, ticks, qty, isSold) => addTrade(kline, ticks, qty, isSold));
    if (openMs + 60_000 <= nowMs) this.#minutes.set(openMs, kline);
    return kline;
  }

  #closeBefore(timeMs: number): number {
    let close = 0;
    for (let windowMs = 60_000; close === 0 && windowMs < 100_000_000; windowMs *= 10)
      this.#market.visitTrades(timeMs - windowMs, timeMs, (_id, _timeMs, ticks) => {
        close = ticks;
      });
    return close === 0 ? this.#market.lastTicks : close;
  }
}

function emptyKline(openTimeMs: number, intervalMs: number, ticks: number): Kline {
  return {
    openTimeMs,
    closeTimeMs: openTimeMs + intervalMs - 1,
    open: ticks,
    high: ticks,
    low: ticks,
    close: ticks,
    volume: 0,
    quoteTicks: 0,
    trades: 0,
    takerBuyVolume: 0,
    takerBuyQuoteTicks: 0,
  };
}

function addTrade(kline: Kline, ticks: number, qty: number, isSold: boolean): void {
  if (kline.trades === 0) kline.open = kline.high = kline.low = ticks;
  if (ticks > kline.high) kline.high = ticks;
  if (ticks < kline.low) kline.low = ticks;
  kline.close = ticks;
  kline.volume += qty;
  kline.quoteTicks += ticks * qty;
  kline.trades += 1;
  if (isSold) return;
  kline.takerBuyVolume += qty;
  kline.takerBuyQuoteTicks += ticks * qty;
}

function merge(into: Kline, part: Kline): void {
  if (part.trades === 0) return;
  if (into.trades === 0) {
    into.open = part.open;
    into.high = part.high;
    into.low = part.low;
  }
  into.high = Math.max(into.high, part.high);
  into.low = Math.min(into.low, part.low);
  into.close = part.close;
  into.volume += part.volume;
  into.quoteTicks += part.quoteTicks;
  into.trades += part.trades;
  into.takerBuyVolume += part.takerBuyVolume;
  into.takerBuyQuoteTicks += part.takerBuyQuoteTicks;
}
