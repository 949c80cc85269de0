import { CASH_BOOK, positionBook } from '../core/execution/booking.ts';
import { applyOrderUpdate, isSettled, type OrderUpdate, trackOrder, type TrackedOrder } from '../core/execution/lifecycle.ts';
import { type Fill, type OrderState, TERMINAL_STATUSES } from '../core/execution/order.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import { canonicalJson } from '../core/hash.ts';
import type { Ledger, LedgerEvent } from '../infra/ledger/ledger.ts';
import type { Finding, VerifyDeps } from './verify.ts';

const PAGE = 5_000;
/** Between reading the halt and the socket lies less than this; both clocks are of one machine. */
const HALT_TOLERANCE_MS = 1_000;
/** Times of events are the venue's, that of the send is our estimate of it. */
const AGE_TOLERANCE_MS = 50;
const RELATIVE_TOLERANCE = 1e-9;
/** Other instruments are valued here at their last decision or fill, by the live check at their mark of the moment. */
const MARK_DRIFT = 1.1;

/** All that the ledger alone can tell. */
export function checkLedger(deps: VerifyDeps): Finding[] {
  return [
    ...checkPositions(deps.ledger),
    ...checkMoney(deps.ledger, deps.quoteCurrency),
    ...checkOrders(deps.ledger),
    ...checkHalts(deps),
    ...new LogWalk(deps).run(),
    ...checkDecisionTimes(deps.ledger),
  ];
}

function checkPositions(ledger: Ledger): Finding[] {
  const findings: Finding[] = [];
  const wanted = new Map<InstrumentName, Decimal>();
  const add = (instrument: InstrumentName, qty: Decimal) => wanted.set(instrument, (wanted.get(instrument) ?? 0n) + qty);
  for (const { fill } of ledger.fills()) {
    if (fill.intentId === '') continue;
    const qty = parseDecimal(fill.qty);
    add(fill.instrument, fill.side === 'buy' ? qty : -qty);
    if (fill.commissionAsset === parseInstrument(fill.instrument).base) add(fill.instrument, -parseDecimal(fill.commission));
  }
  for (const { instrument, qty } of ledger.adjustments()) if (instrument !== null) add(instrument, qty);
  const positions = ledger.positions();
  for (const instrument of new Set([...wanted.keys(), ...positions.keys()])) {
    const sum = wanted.get(instrument) ?? 0n;
    const held = positions.get(instrument)?.qty ?? 0n;
    if (sum !== held)
      findings.push({ id: 'I1', message: `${instrument}: fills and adjustments sum to ${formatDecimal(sum)}, position is ${formatDecimal(held)}` });
    const booked = ledger.balance(positionBook(instrument), parseInstrument(instrument).base);
    if (booked !== held) findings.push({ id: 'I1', message: `${instrument}: booked ${formatDecimal(booked)}, position is ${formatDecimal(held)}` });
  }
  return findings;
}

function checkMoney(ledger: Ledger, quote: string): Finding[] {
  const findings: Finding[] = [];
  const bySequence = new Map<string, Decimal>();
  const byBook = new Map<string, Decimal>();
  for (const { sequence, book, asset, amount } of ledger.entries()) {
    bySequence.set(`${sequence} ${asset}`, (bySequence.get(`${sequence} ${asset}`) ?? 0n) + amount);
    byBook.set(`${book} ${asset}`, (byBook.get(`${book} ${asset}`) ?? 0n) + amount);
  }
  for (const [what, sum] of bySequence) if (sum !== 0n) findings.push({ id: 'I2', message: `entries of ${what} sum to ${formatDecimal(sum)}` });
  for (const { book, asset, amount } of ledger.balances()) {
    const sum = byBook.get(`${book} ${asset}`) ?? 0n;
    if (sum !== amount) findings.push({ id: 'I2', message: `${book} ${asset}: entries sum to ${formatDecimal(sum)}, balance is ${formatDecimal(amount)}` });
  }
  let expected = -ledger.balance('deposits', quote);
  for (const { cost, realised, fees } of ledger.positions().values()) expected += realised - cost - fees;
  const cash = ledger.balance(CASH_BOOK, quote);
  if (cash !== expected)
    findings.push({ id: 'I2', message: `cash ${formatDecimal(cash)} is not deposits − cost + realised − fees, ${formatDecimal(expected)}` });
  return findings;
}

function checkOrders(ledger: Ledger): Finding[] {
  const findings: Finding[] = [];
  const legs = new Map(ledger.signals().map(({ signal }) => [signal.signalId, signal.quotes?.length ?? 1]));
  const intents = new Map<string, number>();
  for (const { order, sentTimeMs, eventTimeMs, maxAgeMs } of ledger.orders()) {
    const count = (intents.get(order.signalId) ?? 0) + 1;
    const allowed = legs.get(order.signalId) ?? 1;
    if (count > allowed)
      findings.push({ id: 'I5', message: `signal ${order.signalId} has ${count} intents, ${order.intentId} the last, where it may have ${allowed}` });
    intents.set(order.signalId, count);
    const ageMs = sentTimeMs - eventTimeMs;
    if (order.status !== 'ABANDONED' && ageMs > maxAgeMs + AGE_TOLERANCE_MS) {
      findings.push({ id: 'I5', message: `order ${order.clientOrderId} was sent ${ageMs} ms after its signal, at most ${maxAgeMs}` });
    }
  }
  return findings;
}

function checkHalts({ ledger, stateChanges }: VerifyDeps): Finding[] {
  const findings: Finding[] = [];
  const changes = stateChanges();
  const halts = changes.flatMap(({ state, atMs }, i) => {
    if (state !== 'HALTED') return [];
    const end = changes.slice(i + 1).find((later) => later.state !== 'HALTED');
    return [{ fromMs: atMs + HALT_TOLERANCE_MS, toMs: end?.atMs ?? Number.POSITIVE_INFINITY }];
  });
  for (const { order } of ledger.orders()) {
    if (order.reduceOnly || order.status === 'ABANDONED') continue;
    const halt = halts.find(({ fromMs, toMs }) => order.createdTimeMs > fromMs && order.createdTimeMs < toMs);
    if (halt)
      findings.push({
        id: 'I7',
        message: `order ${order.clientOrderId} raised exposure at ${order.createdTimeMs}, halted since ${halt.fromMs - HALT_TOLERANCE_MS}`,
      });
  }
  return findings;
}

function checkDecisionTimes(ledger: Ledger): Finding[] {
  const findings: Finding[] = [];
  for (const { signal } of ledger.signals()) {
    if (signal.readToMs > signal.eventTimeMs)
      findings.push({ id: 'I10', message: `signal ${signal.signalId} of ${signal.eventTimeMs} had read events up to ${signal.readToMs}` });
  }
  return findings;
}

/** Folds the log from its first row, as the live system did, and looks at every prefix. */
class LogWalk {
  private readonly deps: VerifyDeps;
  private readonly findings: Finding[] = [];
  private readonly approvals = new Map<string, Decimal>();
  private readonly folded = new Map<string, TrackedOrder>();
  private readonly shown = new Map<string, OrderState>();
  private readonly positions = new Map<InstrumentName, number>();
  private readonly prices = new Map<InstrumentName, number>();

  constructor(deps: VerifyDeps) {
    this.deps = deps;
  }

  run(): Finding[] {
    const { ledger } = this.deps;
    for (let after = 0; ; ) {
      const events = ledger.eventsAfter(after, PAGE);
      for (const event of events) this.see(event);
      if (events.length < PAGE) break;
      after = events.at(-1)!.sequence;
    }
    this.compareWithState();
    return this.findings;
  }

  private see({ sequence, type, data }: LedgerEvent): void {
    if (type === 'riskDecision') this.seeDecision(sequence, data);
    else if (type === 'order') this.seeOrder(sequence, data as unknown as OrderState);
    else if (type === 'update') this.fold(data.clientOrderId as string, data.update as OrderUpdate);
    else if (type === 'position') this.positions.set(data.instrument as string, Number(data.qty));
    else if (type === 'fill') {
      const { clientOrderId, tradeId, qty, price, eventTimeMs } = data as unknown as Fill;
      this.prices.set(data.instrument as string, Number(price));
      this.pendingFills.set(clientOrderId, { type: 'fill', tradeId, qty, price, timeMs: eventTimeMs });
    }
  }

  /** A fill's own row comes before the `update` row that folds it; only the latter is folded, the former says that it was booked. */
  private readonly pendingFills = new Map<string, OrderUpdate>();

  private fold(clientOrderId: string, update: OrderUpdate): void {
    const tracked = this.folded.get(clientOrderId);
    if (!tracked) {
      this.fail('I9', `the log updates order ${clientOrderId}, which it never opened`);
      return;
    }
    if (update.type === 'fill') this.pendingFills.delete(clientOrderId);
    const before = tracked.order.status;
    const { state } = applyOrderUpdate(tracked, update);
    this.folded.set(clientOrderId, state);
    const left = before === 'UNKNOWN' && state.order.status !== 'UNKNOWN';
    if (left && !['venue', 'fill', 'refused', 'absent'].includes(update.type)) this.fail('I6', `order ${clientOrderId} left UNKNOWN by ${update.type}`);
  }

  private seeOrder(sequence: number, order: OrderState): void {
    const before = this.shown.get(order.clientOrderId);
    this.shown.set(order.clientOrderId, order);
    if (!before) {
      const approved = this.approvals.get(order.intentId);
      if (approved === undefined || approved < parseDecimal(order.qty)) {
        this.fail(
          'I3',
          `order ${order.clientOrderId} of ${order.qty} (row ${sequence}) was approved for ${approved === undefined ? 'nothing' : formatDecimal(approved)}`,
        );
      }
      this.folded.set(order.clientOrderId, trackOrder(order));
      return;
    }
    if (parseDecimal(order.filledQty) < parseDecimal(before.filledQty))
      this.fail('I6', `order ${order.clientOrderId}: filled fell from ${before.filledQty} to ${order.filledQty}`);
    if (parseDecimal(order.filledQty) > parseDecimal(order.qty)) this.fail('I6', `order ${order.clientOrderId}: filled ${order.filledQty} of ${order.qty}`);
    if (TERMINAL_STATUSES.has(before.status) && order.status !== before.status)
      this.fail('I6', `order ${order.clientOrderId} went from ${before.status} to ${order.status}`);
  }

  private seeDecision(sequence: number, data: Record<string, unknown>): void {
    if (!data.approved || typeof data.intentId !== 'string') return;
    if (this.approvals.has(data.intentId)) this.fail('I3', `intent ${data.intentId} was approved twice (row ${sequence})`);
    this.approvals.set(data.intentId, parseDecimal(data.qty as string));
    const instrument = data.instrument as string;
    if (data.price === undefined) return;
    const price = Number(data.price);
    this.prices.set(instrument, price);
    const signed = Number(data.qty) * (data.side === 'buy' ? 1 : -1);
    const before = this.worstCase(instrument, 0);
    const worst = this.worstCase(instrument, signed);
    if (worst <= before) return;
    const { maxPositionNotionalQuote, maxGrossNotionalQuote } = this.deps.limits;
    // The limit price lies above the price the check used by at most half the band.
    const slack = 1 + this.deps.limits.priceBandBps / 10_000 + RELATIVE_TOLERANCE;
    if (worst * price > maxPositionNotionalQuote * slack)
      this.fail('I8', `row ${sequence}: ${instrument} could reach ${(worst * price).toFixed(2)}, limit ${maxPositionNotionalQuote}`);
    let gross = worst * price;
    for (const [other, at] of this.prices) if (other !== instrument) gross += this.worstCase(other, 0) * at;
    if (gross > maxGrossNotionalQuote * slack * MARK_DRIFT)
      this.fail('I8', `row ${sequence}: gross could reach ${gross.toFixed(2)}, limit ${maxGrossNotionalQuote}`);
  }

  /** |position| if everything open and this filled on the worse side. */
  private worstCase(instrument: InstrumentName, signed: number): number {
    let buys = Math.max(signed, 0);
    let sells = Math.max(-signed, 0);
    for (const order of this.shown.values()) {
      if (order.instrument !== instrument || TERMINAL_STATUSES.has(order.status)) continue;
      const open = Number(order.qty) - Number(order.filledQty);
      if (order.side === 'buy') buys += open;
      else sells += open;
    }
    const position = this.positions.get(instrument) ?? 0;
    return Math.max(Math.abs(position + buys), Math.abs(position - sells));
  }

  /** A rebuild from the log equals the live state. */
  private compareWithState(): void {
    for (const stored of this.deps.ledger.orders()) {
      const { order } = stored;
      const folded = this.folded.get(order.clientOrderId);
      if (!folded) this.fail('I9', `order ${order.clientOrderId} stands in the state but not in the log`);
      else if (canonicalJson(folded.order) !== canonicalJson(order))
        this.fail('I9', `order ${order.clientOrderId}: the log folds to ${canonicalJson(folded.order)}, the state is ${canonicalJson(order)}`);
      else if (isSettled(folded) !== isSettled(stored)) this.fail('I9', `order ${order.clientOrderId}: log and state disagree on whether it is settled`);
    }
    for (const clientOrderId of this.pendingFills.keys()) this.fail('I9', `a fill of order ${clientOrderId} was booked and never folded`);
  }

  private fail(id: Finding['id'], message: string): void {
    this.findings.push({ id, message });
  }
}
