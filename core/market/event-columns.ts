import { TouchstoneError } from '../errors.ts';

/** What a row is. A depth row states the quantity displayed at a price from now on (0: the level is gone); a trade row names its taker. */
export const DEPTH_BID = 0;
export const DEPTH_ASK = 1;
export const TRADE_BUY = 2;
export const TRADE_SELL = 3;
/** The book is forgotten: a hole in the feed, or a snapshot whose levels follow as depth rows of the same batch. */
export const DEPTH_CLEAR = 4;
/** Added to the kind of the last row of one message: only then is the book whole again. A trade is a batch of its own. */
export const LAST_OF_BATCH = 8;
export const KIND_MASK = 7;

/**
 * Market events of one instrument as columns, oldest first: what a tick replay reads. Prices are whole ticks and quantities whole
 * lots, so that sums are exact. Times are Unix milliseconds, fractions allowed; both time columns ascend.
 */
export interface EventColumns {
  readonly length: number;
  /** The venue's clock: when its book changed. */
  readonly eventTimeMs: Float64Array;
  /** When we could know. The same array as `eventTimeMs` means at once. */
  readonly receivedTimeMs: Float64Array;
  readonly kind: Uint8Array;
  readonly priceTicks: Int32Array;
  readonly qtyLots: Float64Array;
}

/** Events as growing columns. Appending is in time order. */
export class EventColumnsBuilder {
  #length = 0;
  #eventTimeMs: Float64Array;
  #receivedTimeMs: Float64Array;
  #kind: Uint8Array;
  #priceTicks: Int32Array;
  #qtyLots: Float64Array;

  constructor(capacity = 1_024) {
    this.#eventTimeMs = new Float64Array(capacity);
    this.#receivedTimeMs = new Float64Array(capacity);
    this.#kind = new Uint8Array(capacity);
    this.#priceTicks = new Int32Array(capacity);
    this.#qtyLots = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** @throws TouchstoneError BAD_EVENT when time goes back or changes inside a batch, or a quantity is not a whole number of lots ≥ 0 */
  push(kind: number, priceTicks: number, qtyLots: number, eventTimeMs: number, receivedTimeMs = eventTimeMs): void {
    const at = this.#length;
    if (!Number.isSafeInteger(qtyLots) || qtyLots < 0 || !Number.isInteger(priceTicks)) {
      throw new TouchstoneError('BAD_EVENT', `event ${at}: price ${priceTicks} and quantity ${qtyLots} must be whole ticks and lots`);
    }
    if (at > 0 && (eventTimeMs < this.#eventTimeMs[at - 1]! || receivedTimeMs < this.#receivedTimeMs[at - 1]!)) {
      throw new TouchstoneError('BAD_EVENT', `event ${at} at ${eventTimeMs} ms is older than the one before it`);
    }
    if (
      at > 0 &&
      (this.#kind[at - 1]! & LAST_OF_BATCH) === 0 &&
      (eventTimeMs !== this.#eventTimeMs[at - 1] || receivedTimeMs !== this.#receivedTimeMs[at - 1])
    ) {
      throw new TouchstoneError('BAD_EVENT', `event ${at} is not of the time of its batch`);
    }
    if (at === this.#kind.length) this.#grow();
    this.#eventTimeMs[at] = eventTimeMs;
    this.#receivedTimeMs[at] = receivedTimeMs;
    this.#kind[at] = kind;
    this.#priceTicks[at] = priceTicks;
    this.#qtyLots[at] = qtyLots;
    this.#length++;
  }

  /** Marks the last row as the end of its message. */
  endBatch(): void {
    if (this.#length > 0) this.#kind[this.#length - 1]! |= LAST_OF_BATCH;
  }

  /** Views of what was appended. */
  columns(): EventColumns {
    const length = this.#length;
    return {
      length,
      eventTimeMs: this.#eventTimeMs.subarray(0, length),
      receivedTimeMs: this.#receivedTimeMs.subarray(0, length),
      kind: this.#kind.subarray(0, length),
      priceTicks: this.#priceTicks.subarray(0, length),
      qtyLots: this.#qtyLots.subarray(0, length),
    };
  }

  #grow(): void {
    const longer = <T extends Float64Array | Uint8Array | Int32Array>(column: T, next: T): T => {
      next.set(column);
      return next;
    };
    const capacity = Math.max(1_024, this.#kind.length * 2);
    this.#eventTimeMs = longer(this.#eventTimeMs, new Float64Array(capacity));
    this.#receivedTimeMs = longer(this.#receivedTimeMs, new Float64Array(capacity));
    this.#kind = longer(this.#kind, new Uint8Array(capacity));
    this.#priceTicks = longer(this.#priceTicks, new Int32Array(capacity));
    this.#qtyLots = longer(this.#qtyLots, new Float64Array(capacity));
  }
}

/**
 * The same events, received after a feed latency instead of when they were recorded. A feed keeps its order: an event is never received
 * before the one in front of it.
 * @param latencyMs of an event at its venue time, ≥ 0
 */
export function withFeedLatency(columns: EventColumns, latencyMs: (eventTimeMs: number) => number): EventColumns {
  const { eventTimeMs, kind, length } = columns;
  const receivedTimeMs = new Float64Array(length);
  let latest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    // A message arrives as one: its rows share the latency of its first.
    if (i === 0 || (kind[i - 1]! & LAST_OF_BATCH) !== 0) latest = Math.max(latest, eventTimeMs[i]! + latencyMs(eventTimeMs[i]!));
    receivedTimeMs[i] = latest;
  }
  return { ...columns, receivedTimeMs };
}

/** The same events, received the moment they happen. */
export function withoutFeedLatency(columns: EventColumns): EventColumns {
  return { ...columns, receivedTimeMs: columns.eventTimeMs };
}
