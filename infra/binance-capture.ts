import { OrderBook } from '../core/market/book.ts';
import { eventId, type MarketEvent } from '../core/market/events.ts';
import type { InstrumentName } from '../core/market/instrument.ts';

type Levels = readonly (readonly [price: string, qty: string])[];

interface TradeMessage {
  readonly e: 'trade';
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly T: number;
  /** The buyer was the maker: the taker sold. */
  readonly m: boolean;
}

interface DepthMessage {
  readonly e: 'depthUpdate';
  readonly E: number;
  readonly U: number;
  readonly u: number;
  readonly b: Levels;
  readonly a: Levels;
}

interface SnapshotMessage {
  readonly lastUpdateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

interface CaptureLine {
  /** The collector's clock, nanoseconds; beyond 2^53, so good to a microsecond. */
  readonly recv_ns: number;
  readonly raw: SnapshotMessage | { readonly stream: string; readonly data: TradeMessage | DepthMessage | { readonly e?: undefined } };
}

/** Makes market events of one spot symbol's recorded Binance messages; books appear once a snapshot has joined the diffs. */
export class BinanceCapture {
  private readonly book = new OrderBook();
  private readonly instrument: InstrumentName;
  private readonly depth: number;
  private bookTimeMs = 0;

  constructor(instrument: InstrumentName, depth: number) {
    this.instrument = instrument;
    this.depth = depth;
  }

  /** The event of one line; undefined for messages that tell nothing of their own (book tickers, diffs before the snapshot). */
  read(line: string): MarketEvent | undefined {
    const { recv_ns, raw } = JSON.parse(line) as CaptureLine;
    const receivedTimeMs = Math.floor(recv_ns / 1e6);
    if ('lastUpdateId' in raw) {
      const outcome = this.book.applySnapshot(raw.lastUpdateId, numbers(raw.bids), numbers(raw.asks));
      return outcome === 'applied' && this.bookTimeMs > 0 ? this.bookEvent(receivedTimeMs) : undefined;
    }
    const { data } = raw;
    if (data.e === 'trade') return this.tradeEvent(data, receivedTimeMs);
    if (data.e !== 'depthUpdate') return undefined;
    this.bookTimeMs = data.E;
    const outcome = this.book.applyDiff({ firstSequence: data.U, lastSequence: data.u, bids: numbers(data.b), asks: numbers(data.a) });
    if (outcome === 'invalid') {
      const fromMs = data.E;
      return {
        type: 'gap',
        id: eventId.gap(this.instrument, fromMs, fromMs, 'book sequence'),
        instrument: this.instrument,
        eventTimeMs: fromMs,
        receivedTimeMs,
        fromMs,
        toMs: fromMs,
        reason: 'book sequence',
      };
    }
    return outcome === 'applied' ? this.bookEvent(receivedTimeMs) : undefined;
  }

  private tradeEvent(trade: TradeMessage, receivedTimeMs: number): MarketEvent {
    const tradeId = String(trade.t);
    return {
      type: 'trade',
      id: eventId.trade(this.instrument, tradeId),
      instrument: this.instrument,
      eventTimeMs: trade.T,
      receivedTimeMs,
      tradeId,
      price: Number(trade.p),
      qty: Number(trade.q),
      takerSide: trade.m ? 'sell' : 'buy',
      path: 'replay',
    };
  }

  private bookEvent(receivedTimeMs: number): MarketEvent {
    const { sequence } = this.book;
    return {
      type: 'book',
      id: eventId.book(this.instrument, sequence),
      instrument: this.instrument,
      eventTimeMs: this.bookTimeMs,
      receivedTimeMs,
      sequence,
      bids: this.book.bestBids(this.depth),
      asks: this.book.bestAsks(this.depth),
      path: 'replay',
    };
  }
}

function numbers(levels: Levels): [number, number][] {
  return levels.map(([price, qty]) => [Number(price), Number(qty)]);
}
