import type { MarketEvent } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';

/** Odd, so that the median is a price that was traded. */
const WINDOW = 5;

/**
 * Guarded prices: the median of the last few trades or bar closes of an instrument, so that one flash print moves no limit.
 * Fed from topic `market`; a price that is too old is no price.
 */
export class PriceBoard {
  private readonly maxAgeMs: number;
  private readonly recent = new Map<InstrumentName, { prices: number[]; eventTimeMs: number }>();

  constructor(maxAgeMs: number) {
    this.maxAgeMs = maxAgeMs;
  }

  take(event: MarketEvent): void {
    if (event.type === 'trade') this.see(event.instrument, event.price, event.eventTimeMs);
    else if (event.type === 'bar') this.see(event.instrument, event.close, event.eventTimeMs);
  }

  see(instrument: InstrumentName, price: number, eventTimeMs: number): void {
    if (!(price > 0) || !Number.isFinite(price)) return;
    const seen = this.recent.get(instrument);
    if (!seen) this.recent.set(instrument, { prices: [price], eventTimeMs });
    else if (eventTimeMs >= seen.eventTimeMs) {
      seen.prices.push(price);
      if (seen.prices.length > WINDOW) seen.prices.shift();
      seen.eventTimeMs = eventTimeMs;
    }
  }

  /** Undefined when there is none recent enough. */
  guarded(instrument: InstrumentName, nowMs: number): number | undefined {
    const seen = this.recent.get(instrument);
    if (!seen || nowMs - seen.eventTimeMs > this.maxAgeMs) return undefined;
    return median(seen.prices);
  }

  /** The last known price whatever its age, for valuing a position. */
  mark(instrument: InstrumentName): number | undefined {
    const seen = this.recent.get(instrument);
    return seen && median(seen.prices);
  }
}

function median(prices: readonly number[]): number {
  return [...prices].sort((a, b) => a - b)[prices.length >> 1]!;
}
