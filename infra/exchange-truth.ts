import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import { formatDecimal, parseDecimal } from '../core/market/decimal.ts';

interface OrderRow {
  readonly symbol: string;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly origQty: string;
  readonly status: string;
}

interface FillRow {
  readonly symbol: string;
  readonly id: number;
  readonly orderId: number;
  readonly qty: string;
}

/** What the exchange simulator knows for certain, over its control interface; for `verify` and tests. */
export class ExchangeTruth {
  private readonly url: string;
  private readonly instrumentOf: ReadonlyMap<string, InstrumentName>;

  /** @param url address of the simulator; instruments as the account names them */
  constructor(url: string, instruments: readonly InstrumentName[]) {
    this.url = url;
    this.instrumentOf = new Map(
      instruments.map((instrument) => {
        const { base, quote } = parseInstrument(instrument);
        return [base + quote, instrument];
      }),
    );
  }

  async orders() {
    const rows = (await this.get('orders')) as OrderRow[];
    return rows.flatMap(({ symbol, orderId, clientOrderId, origQty, status }) => {
      const instrument = this.instrumentOf.get(symbol);
      const isOpen = status === 'NEW' || status === 'PARTIALLY_FILLED';
      return instrument === undefined ? [] : [{ instrument, clientOrderId, venueOrderId: String(orderId), qty: origQty, isOpen }];
    });
  }

  async fills() {
    const rows = (await this.get('fills')) as FillRow[];
    return rows.flatMap(({ symbol, id, orderId, qty }) => {
      const instrument = this.instrumentOf.get(symbol);
      return instrument === undefined ? [] : [{ instrument, tradeId: String(id), venueOrderId: String(orderId), qty }];
    });
  }

  async balances(): Promise<ReadonlyMap<string, string>> {
    const rows = (await this.get('balances')) as Array<{ asset: string; free: string; locked: string }>;
    return new Map(rows.map(({ asset, free, locked }) => [asset, formatDecimal(parseDecimal(free) + parseDecimal(locked))]));
  }

  private async get(what: string): Promise<unknown> {
    const response = await fetch(`${this.url}/_ctl/${what}`, { signal: AbortSignal.timeout(10_000) }).catch((cause: unknown) => {
      throw new TouchstoneError('SIMULATOR_UNAVAILABLE', `${this.url} does not answer: ${errorMessage(cause)}`, { retryable: true, cause });
    });
    if (!response.ok) throw new TouchstoneError('SIMULATOR_UNAVAILABLE', `${this.url}/_ctl/${what} answered ${response.status}`);
    return response.json();
  }
}
