import type { InstrumentName } from '../core/market/instrument.ts';
import type { RiskLimits, TradingState } from '../core/risk/decision.ts';
import type { Ledger } from '../infra/ledger/ledger.ts';
import { checkLedger } from './verify-ledger.ts';
import type { AuditComparison } from './verify-audit.ts';
import { checkHistory, checkPublished, checkVenue } from './verify-outside.ts';

export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10';

export const INVARIANTS: Readonly<Record<InvariantId, string>> = {
  I1: 'position = fills of distinct trades − base commission + adjustments, and the venue agrees',
  I2: 'equity adds up, and every ledger entry balances to zero',
  I3: 'every order has an earlier durable approval of at least its size',
  I4: 'one order per intent, ever',
  I5: 'one intent per signal, sent while it was fresh',
  I6: 'filled never falls nor exceeds the order; terminal stays terminal; UNKNOWN leaves on evidence',
  I7: 'nothing raises exposure while halted',
  I8: 'with everything open filled at once, all limits hold',
  I9: 'Kafka and ClickHouse have every record once, and the log folds to the present state',
  I10: 'no decision used what was not yet known; published values are sane',
};

/** One counter-example is enough to fail. */
export interface Finding {
  readonly id: InvariantId;
  readonly message: string;
}

export interface InvariantResult {
  readonly id: InvariantId;
  readonly statement: string;
  readonly ok: boolean;
  readonly counterExample?: string;
}

/** What the simulated venue knows for certain; no real venue tells this much. */
export interface VenueTruth {
  orders(): Promise<
    ReadonlyArray<{
      readonly instrument: InstrumentName;
      readonly clientOrderId: string;
      readonly venueOrderId: string;
      readonly qty: string;
      readonly isOpen: boolean;
    }>
  >;
  fills(): Promise<ReadonlyArray<{ readonly instrument: InstrumentName; readonly tradeId: string; readonly venueOrderId: string; readonly qty: string }>>;
  /** free + locked, decimal text. */
  balances(): Promise<ReadonlyMap<string, string>>;
}

/** A change of the trading state from the audit, oldest first. */
export interface StateChange {
  readonly state: TradingState;
  readonly atMs: number;
}

export interface Published {
  /** Every message of a topic with this key, by envelope id, with how often it stands there and its data. */
  read(topic: 'orders' | 'fills', key: string): Promise<ReadonlyMap<string, { readonly count: number; readonly data: unknown }>>;
}

export type QueryHistory = <Row>(sql: string, params: Readonly<Record<string, unknown>>) => Promise<Row[]>;

export interface VerifyDeps {
  readonly account: string;
  readonly quoteCurrency: string;
  readonly instruments: readonly InstrumentName[];
  readonly limits: RiskLimits;
  readonly ledger: Ledger;
  readonly stateChanges: () => readonly StateChange[];
  /** Absent: that source is not compared, and the report says so. */
  readonly truth?: VenueTruth;
  readonly published?: Published;
  readonly history?: QueryHistory;
  /** The control store's audit against its copy in the history store. */
  readonly compareAudit?: () => Promise<AuditComparison>;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Verification {
  readonly account: string;
  readonly ok: boolean;
  readonly results: readonly InvariantResult[];
  readonly compared: readonly string[];
  readonly orders: number;
  readonly fills: number;
  /** Orders beyond the first of one intent, at the venue. */
  readonly duplicateOrders: number;
  /** Newest link of the audit chain: written down elsewhere, it proves what stood before it. */
  readonly audit?: AuditComparison;
}

const ATTEMPTS = 10;
const RETRY_MS = 1_000;

/**
 * Checks the ten invariants against everything that knows something. They are stated for a system at rest; one that still moves
 * is looked at again for some seconds before a difference counts.
 */
export async function verifyAll(deps: VerifyDeps): Promise<Verification> {
  for (let attempt = 1; ; attempt++) {
    const verification = await verifyOnce(deps);
    if (verification.ok || attempt === ATTEMPTS) return verification;
    await deps.sleep(RETRY_MS);
  }
}

export async function verifyOnce(deps: VerifyDeps): Promise<Verification> {
  const findings: Finding[] = [...checkLedger(deps)];
  let duplicateOrders = 0;
  if (deps.truth) {
    const venue = await checkVenue(deps, deps.truth);
    findings.push(...venue.findings);
    duplicateOrders = venue.duplicateOrders;
  }
  if (deps.published) findings.push(...(await checkPublished(deps, deps.published)));
  if (deps.history) findings.push(...(await checkHistory(deps, deps.history)));
  const audit = await deps.compareAudit?.();
  if (audit?.fault !== undefined) findings.push({ id: 'I9', message: `audit: ${audit.fault}` });
  const results = (Object.entries(INVARIANTS) as Array<[InvariantId, string]>).map(([id, statement]): InvariantResult => {
    const counterExample = findings.find((finding) => finding.id === id)?.message;
    return { id, statement, ok: counterExample === undefined, ...(counterExample !== undefined && { counterExample }) };
  });
  const sources = { 'the venue': deps.truth, Kafka: deps.published, ClickHouse: deps.history, 'the audit': audit };
  return {
    account: deps.account,
    ok: findings.length === 0,
    results,
    compared: ['the ledger', ...Object.entries(sources).flatMap(([name, source]) => (source ? [name] : []))],
    orders: deps.ledger.orders().length,
    fills: deps.ledger.fills().filter(({ fill }) => fill.intentId !== '').length,
    duplicateOrders,
    ...(audit && { audit }),
  };
}
