import { canonicalJson } from '../core/hash.ts';
import { formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import { CASH_BOOK } from '../core/execution/booking.ts';
import { isOurClientOrderId } from './execute-book.ts';
import type { Finding, Published, QueryHistory, VenueTruth, VerifyDeps } from './verify.ts';

const PAGE = 5_000;

/** Ledger against what really happened at the venue. */
export async function checkVenue(deps: VerifyDeps, truth: VenueTruth): Promise<{ findings: Finding[]; duplicateOrders: number }> {
  const { ledger } = deps;
  const findings: Finding[] = [];
  const orders = (await truth.orders()).filter(({ clientOrderId }) => isOurClientOrderId(clientOrderId));
  const fills = await truth.fills();
  const balances = await truth.balances();

  const byClientId = new Map<string, number>();
  for (const { clientOrderId } of orders) byClientId.set(clientOrderId, (byClientId.get(clientOrderId) ?? 0) + 1);
  let duplicateOrders = 0;
  for (const [clientOrderId, count] of byClientId) {
    duplicateOrders += count - 1;
    if (count > 1) findings.push({ id: 'I4', message: `${count} orders at the venue carry ${clientOrderId}` });
  }
  // An account may be traded by several ledgers over time (a test resets one): only orders that this one knows are compared.
  const ours = new Map<string, string>();
  for (const { clientOrderId, venueOrderId, qty } of orders) {
    const stored = ledger.order(clientOrderId);
    if (!stored) {
      findings.push({ id: 'I3', message: `order ${clientOrderId} is at the venue and has no durable intent` });
      continue;
    }
    ours.set(venueOrderId, clientOrderId);
    if (parseDecimal(qty) > parseDecimal(stored.order.qty))
      findings.push({ id: 'I3', message: `order ${clientOrderId}: sent ${qty}, approved ${stored.order.qty}` });
    if (['NOT_PLACED', 'ABANDONED'].includes(stored.order.status))
      findings.push({ id: 'I6', message: `order ${clientOrderId} is at the venue, the ledger says ${stored.order.status}` });
  }

  const venue = parseInstrument(deps.instruments[0]!).venue;
  const booked = new Set(ledger.fills().map(({ fill }) => `${fill.instrument} ${fill.tradeId}`));
  for (const fill of fills) {
    if (!ours.has(fill.venueOrderId)) continue;
    const key = `${fill.instrument} ${fill.tradeId}`;
    if (!booked.delete(key)) findings.push({ id: 'I1', message: `${venue} trade ${fill.tradeId} of ${ours.get(fill.venueOrderId)} is not booked` });
  }
  const known = new Set(fills.map((fill) => `${fill.instrument} ${fill.tradeId}`));
  for (const key of booked) if (!known.has(key)) findings.push({ id: 'I1', message: `booked trade ${key} never happened at the venue` });

  const openings = ledger.openings();
  for (const instrument of deps.instruments) {
    const { base } = parseInstrument(instrument);
    const wanted = (openings.get(base) ?? 0n) + (ledger.positions().get(instrument)?.qty ?? 0n);
    const held = parseDecimal(balances.get(base) ?? '0');
    if (wanted !== held) findings.push({ id: 'I1', message: `${base}: ledger ${formatDecimal(wanted)}, venue ${formatDecimal(held)}` });
  }
  const cash = ledger.balance(CASH_BOOK, deps.quoteCurrency);
  const held = parseDecimal(balances.get(deps.quoteCurrency) ?? '0');
  if (cash !== held) findings.push({ id: 'I2', message: `${deps.quoteCurrency}: ledger ${formatDecimal(cash)}, venue ${formatDecimal(held)}` });
  return { findings, duplicateOrders };
}

/** Every row of the log that has a topic is on Kafka, as it is in the log, and nothing else is there. */
export async function checkPublished(deps: VerifyDeps, published: Published): Promise<Finding[]> {
  const { ledger, account } = deps;
  const findings: Finding[] = [];
  const onKafka = new Map([...(await published.read('orders', account)), ...(await published.read('fills', account))]);
  const last = ledger.lastSequence();
  if (ledger.publishedSequence() < last)
    findings.push({ id: 'I9', message: `rows after ${ledger.publishedSequence()} of ${last} are not known to be on Kafka` });
  for (let after = 0; ; ) {
    const events = ledger.eventsAfter(after, PAGE);
    for (const { sequence, topic, data } of events) {
      if (topic !== 'orders' && topic !== 'fills') continue;
      const id = `${account}#${sequence}`;
      const message = onKafka.get(id);
      onKafka.delete(id);
      if (!message) findings.push({ id: 'I9', message: `${id} is not on Kafka` });
      else if (canonicalJson(message.data) !== canonicalJson({ ...data, account, sequence }))
        findings.push({ id: 'I9', message: `${id} differs between ledger and Kafka` });
    }
    if (events.length < PAGE) break;
    after = events.at(-1)!.sequence;
  }
  for (const id of onKafka.keys()) findings.push({ id: 'I9', message: `${id} is on Kafka and not in the ledger` });
  return findings;
}

const TABLE_OF = { order: 'orders', riskDecision: 'risk_decisions', fill: 'fills', position: 'positions', equity: 'equity' } as const;

/** ClickHouse has every record of the account exactly once, and nothing insane. */
export async function checkHistory(deps: VerifyDeps, query: QueryHistory): Promise<Finding[]> {
  const { ledger, account } = deps;
  const findings: Finding[] = [];
  const wanted = new Map<string, number>();
  for (let after = 0; ; ) {
    const events = ledger.eventsAfter(after, PAGE);
    for (const { topic, type } of events) if (topic === 'orders' || topic === 'fills') wanted.set(type, (wanted.get(type) ?? 0) + 1);
    if (events.length < PAGE) break;
    after = events.at(-1)!.sequence;
  }
  for (const [type, table] of Object.entries(TABLE_OF)) {
    const [row] = await query<{ total: string; distinct: string; last: string }>(
      `SELECT count() AS total, uniqExact(event_id) AS distinct, max(sequence) AS last FROM touchstone.${table} WHERE account = {account:String}`,
      { account },
    );
    const total = Number(row?.total ?? 0);
    const distinct = Number(row?.distinct ?? 0);
    const expected = wanted.get(type) ?? 0;
    if (total !== expected || distinct !== expected)
      findings.push({ id: 'I9', message: `${table}: the ledger has ${expected} rows, ClickHouse shows ${total}, ${distinct} of them distinct` });
    if (Number(row?.last ?? 0) > ledger.lastSequence())
      findings.push({ id: 'I9', message: `${table}: ClickHouse has row ${row?.last}, the ledger ends at ${ledger.lastSequence()}` });
  }
  const [bars] = await query<{ bad: string }>(
    'SELECT count() AS bad FROM touchstone.bars WHERE NOT (low <= open AND low <= close AND open <= high AND close <= high AND low > 0)',
    {},
  );
  if (Number(bars?.bad ?? 0) > 0) findings.push({ id: 'I10', message: `${bars?.bad} bars are not low ≤ open, close ≤ high` });
  return findings;
}
