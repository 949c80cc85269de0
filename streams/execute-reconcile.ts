import { errorCode } from '../core/errors.ts';
import { CASH_BOOK, transfer } from '../core/execution/booking.ts';
import type { OrderUpdate } from '../core/execution/lifecycle.ts';
import type { OrderState } from '../core/execution/order.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import type { Balance, VenueAccount, VenueFill, VenueOrder } from '../infra/venue.ts';
import { type AccountBook, isOurClientOrderId } from './execute-book.ts';
import { venueUpdate } from './execute-send.ts';

/** Something learned from the venue, to be folded in the next turn. */
export type Fact =
  | { readonly type: 'update'; readonly clientOrderId: string; readonly update: OrderUpdate }
  | { readonly type: 'fill'; readonly fill: VenueFill }
  /** The venue's own list after the cursor, oldest first: the cursor moves over what could be attributed. */
  | { readonly type: 'fillsPolled'; readonly instrument: InstrumentName; readonly fills: readonly VenueFill[] };

/** What a comparison of open orders found besides facts. */
export interface OpenOrderFindings {
  readonly facts: readonly Fact[];
  /** Carry our prefix but stand in no ledger: of a ledger that was lost. */
  readonly orphans: readonly VenueOrder[];
}

/** Balances of every asset an account touches: base of each instrument and the quote currency. */
function totals(balances: readonly Balance[]): Map<string, Decimal> {
  return new Map(balances.map(({ asset, free, locked }) => [asset, parseDecimal(free) + parseDecimal(locked)]));
}

/**
 * Opens instruments the ledger has never seen: what the venue holds then is the user's (base) or the deposit (quote), and fills
 * up to then are not ours. One transaction, so a crash leaves an instrument opened or not.
 */
export async function openInstruments(book: AccountBook, venue: VenueAccount, instruments: readonly InstrumentName[], nowMs: number): Promise<void> {
  const { account, quoteCurrency } = book.name;
  const opened = book.fillCursors();
  const fresh = instruments.filter((instrument) => !opened.has(instrument));
  if (fresh.length === 0) return;
  const cursors: Array<readonly [InstrumentName, string | undefined]> = [];
  for (const instrument of fresh) cursors.push([instrument, (await venue.fetchFills(instrument)).at(-1)?.tradeId]);
  const held = totals(await venue.fetchBalances());
  book.commit('ledger.open', (stage) => {
    for (const [instrument, tradeId] of cursors) {
      stage.tx.putFillCursor(instrument, tradeId);
      const { base } = parseInstrument(instrument);
      stage.tx.putOpening(base, held.get(base) ?? 0n);
    }
    if (opened.size > 0) return;
    const deposit = held.get(quoteCurrency) ?? 0n;
    stage.tx.putOpening(quoteCurrency, deposit);
    const adjustment = { account, adjustmentId: `opening:${quoteCurrency}`, asset: quoteCurrency, qty: formatDecimal(deposit), reason: 'opening balance' };
    const sequence = stage.tx.append(null, 'adjustment', nowMs, adjustment);
    stage.tx.insertAdjustment(adjustment.adjustmentId, undefined, quoteCurrency, deposit, adjustment.reason, sequence);
    stage.tx.putEntries(sequence, transfer(quoteCurrency, deposit, CASH_BOOK, 'deposits'));
    stage.cashDelta += deposit;
  });
}

/** Compares open orders: the venue's against ours, and ours that the venue no longer shows, which are looked up one by one. */
export async function compareOpenOrders(
  book: AccountBook,
  venue: VenueAccount,
  instruments: ReadonlySet<InstrumentName>,
  nowMs: number,
): Promise<OpenOrderFindings> {
  // Taken before the question: an order sent meanwhile is not missed in an answer that is older than it.
  const believedOpen = book.openOrders().filter(({ order }) => order.status === 'OPEN' || order.status === 'PARTIALLY_FILLED');
  const atVenue = await venue.fetchOpenOrders();
  const facts: Fact[] = [];
  const orphans: VenueOrder[] = [];
  const seen = new Set<string>();
  for (const order of atVenue) {
    seen.add(order.clientOrderId);
    if (!instruments.has(order.instrument)) continue;
    const stored = book.order(order.clientOrderId);
    // An order on its way is left to its own reply.
    if (stored && stored.order.status !== 'SENDING') facts.push({ type: 'update', clientOrderId: order.clientOrderId, update: venueUpdate(order) });
    else if (!stored && isOurClientOrderId(order.clientOrderId)) orphans.push(order);
  }
  for (const { order } of believedOpen) {
    if (seen.has(order.clientOrderId)) continue;
    facts.push({ type: 'update', clientOrderId: order.clientOrderId, update: await lookedUp(venue, order, nowMs) });
  }
  return { facts, orphans };
}

/** An order that just ended may be missing from a lookup too: it is then of unknown outcome, and found out by evidence. */
async function lookedUp(venue: VenueAccount, { instrument, clientOrderId }: OrderState, nowMs: number): Promise<OrderUpdate> {
  try {
    return venueUpdate(await venue.fetchOrder(instrument, clientOrderId));
  } catch (error) {
    if (errorCode(error) !== 'VENUE_NOT_FOUND') throw error;
    return { type: 'uncertain', reason: 'NOT_FOUND: neither among the open orders nor by its id', timeMs: nowMs };
  }
}

export async function pollFills(book: AccountBook, venue: VenueAccount, instrument: InstrumentName): Promise<Fact> {
  return { type: 'fillsPolled', instrument, fills: await venue.fetchFills(instrument, book.fillCursors().get(instrument)) };
}

/**
 * Ledger against venue balances. A venue that holds less of an asset than our position is a mismatch: trading stops and a
 * person decides; no fill is ever invented. More than expected is the user's own doing and only reported.
 */
export class BalanceComparison {
  private readonly book: AccountBook;
  private lastFault: string | undefined;
  private reported = '';

  constructor(book: AccountBook) {
    this.book = book;
  }

  /**
   * @returns `mismatch` when two comparisons in a row found the same lack; `moved` when coins came or went outside, once a change.
   * Undefined while orders are under way: the two sides cannot be compared then.
   */
  async run(venue: VenueAccount, instruments: readonly InstrumentName[]): Promise<{ mismatch?: string; moved?: string } | undefined> {
    const before = this.book.version();
    const held = totals(await venue.fetchBalances());
    if (this.book.openOrders().length > 0 || this.book.version() !== before) return undefined;
    const openings = this.book.openings();
    const lacks: string[] = [];
    const moves: string[] = [];
    for (const instrument of instruments) {
      const { base } = parseInstrument(instrument);
      const position = this.book.position(instrument).qty;
      const atVenue = held.get(base) ?? 0n;
      if (atVenue < position) lacks.push(`${instrument}: ledger ${formatDecimal(position)}, venue holds ${formatDecimal(atVenue)} ${base}`);
      else if (atVenue !== position + (openings.get(base) ?? 0n)) moves.push(`${base} ${formatDecimal(atVenue - position - (openings.get(base) ?? 0n))}`);
    }
    const fault = lacks.length > 0 ? lacks.join('; ') : undefined;
    const isConfirmed = fault !== undefined && fault === this.lastFault;
    this.lastFault = fault;
    const moved = moves.join(', ');
    const isNews = moved !== '' && moved !== this.reported;
    this.reported = moved;
    return { ...(isConfirmed && { mismatch: fault }), ...(isNews && { moved }) };
  }
}
