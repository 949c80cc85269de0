import { type Decimal, decimalFromNumber, decimalToNumber } from '../core/market/decimal.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import type { Ledger } from '../infra/ledger/ledger.ts';
import type { AccountBook } from './execute-book.ts';
import type { PriceBoard } from '../core/execution/price-board.ts';

const DAY_MS = 86_400_000;

/**
 * Result since 00:00 UTC, realised and unrealised, against an equity kept in the ledger: a restart does not forgive a loss. Once
 * the limit is hit it stays hit for the day, whatever the price does afterwards.
 */
export class DailyResult {
  private readonly ledger: Ledger;
  private readonly book: AccountBook;
  private readonly prices: PriceBoard;
  private readonly maxLossQuote: number;
  private known: { day: string; equityQuote: number; isBreached: boolean } | undefined;

  constructor(ledger: Ledger, book: AccountBook, prices: PriceBoard, maxLossQuote: number) {
    this.ledger = ledger;
    this.book = book;
    this.prices = prices;
    this.maxLossQuote = maxLossQuote;
  }

  equity(): { readonly positionsQuote: Decimal; readonly equityQuote: Decimal } {
    return this.book.equity((instrument) => this.mark(instrument));
  }

  /** -Infinity once the limit was hit today; 0 before the day's first equity is known. */
  pnlQuote(venueNowMs: number): number {
    const day = dayOf(venueNowMs);
    if (this.known?.day !== day) this.load(day);
    if (!this.known) return 0;
    return this.known.isBreached ? Number.NEGATIVE_INFINITY : decimalToNumber(this.equity().equityQuote) - this.known.equityQuote;
  }

  /** Begins the day or notes a breach, when either is due. @returns what must be written, or undefined */
  due(venueNowMs: number): { readonly day: string; readonly equityQuote: Decimal; readonly isBreached: boolean } | undefined {
    const day = dayOf(venueNowMs);
    const pnl = this.pnlQuote(venueNowMs);
    const { equityQuote } = this.equity();
    if (this.known?.day !== day) return { day, equityQuote, isBreached: false };
    const isBreach = !this.known.isBreached && pnl <= -this.maxLossQuote;
    return isBreach ? { day, equityQuote: decimalFromNumber(this.known.equityQuote), isBreached: true } : undefined;
  }

  /** After a write: read it back. */
  reload(venueNowMs: number): void {
    this.load(dayOf(venueNowMs));
  }

  private load(day: string): void {
    const row = this.ledger.day(day);
    this.known = row && { day, equityQuote: decimalToNumber(row.equityQuote), isBreached: row.isBreached };
  }

  private mark(instrument: InstrumentName): Decimal | undefined {
    const price = this.prices.mark(instrument);
    return price === undefined ? undefined : decimalFromNumber(price);
  }
}

function dayOf(timeMs: number): string {
  return new Date(Math.floor(timeMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}
