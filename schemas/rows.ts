import type { MarketEvent } from '../core/market/events.ts';
import type { Envelope } from './envelope.ts';
import type { ModelActivated, StrategyActivated, TradingStateChanged } from './control.ts';
import type { AlertRaised, DeadLetter, JournalEntry, SentimentScored } from './observation.ts';
import type { EquityEvent, FillEvent, HoldingEvent, OrderEvent, PositionEvent, RiskDecisionEvent } from './trading.ts';
import type { Signal } from '../core/execution/signal.ts';

export type Cell = string | number | boolean | null | readonly (string | number)[];
export type Row = readonly Cell[];

/** How a kind of message becomes a row: columns of `schemas/clickhouse`, and their values in the same order. */
export interface TableMapping<T> {
  readonly table: string;
  readonly columns: readonly string[];
  row(data: T, message: Pick<Envelope, 'id' | 'ts'>): Row;
}

/** Where a row came from; appended to the columns of every mapping. */
export const ADDRESS_COLUMNS = ['log_topic', 'log_partition', 'log_offset', 'log_index'] as const;

function mapping<T>(table: string, columns: string, row: TableMapping<T>['row']): TableMapping<T> {
  return { table: `${table}_log`, columns: columns.split(' '), row };
}

type Of<K extends MarketEvent['type']> = Extract<MarketEvent, { type: K }>;
const DERIVATIVES = 'event_id instrument event_time received_time kind rate price qty side';
const GAPS = 'event_id instrument event_time received_time kind from_time to_time reason';

/** Rows of market events, by event type. */
export const MARKET_TABLES: { readonly [K in MarketEvent['type']]: TableMapping<Of<K>> } = {
  trade: mapping('trades', 'event_id instrument event_time received_time trade_id price qty taker_side path source_trade_id', (e) => [
    e.id,
    e.instrument,
    e.eventTimeMs,
    e.receivedTimeMs,
    e.tradeId,
    e.price,
    e.qty,
    e.takerSide,
    e.path,
    e.sourceTradeId ?? '',
  ]),
  book: mapping('books', 'event_id instrument event_time received_time sequence bid_prices bid_qtys ask_prices ask_qtys path', (e) => [
    e.id,
    e.instrument,
    e.eventTimeMs,
    e.receivedTimeMs,
    e.sequence,
    e.bids.map((level) => level[0]),
    e.bids.map((level) => level[1]),
    e.asks.map((level) => level[0]),
    e.asks.map((level) => level[1]),
    e.path,
  ]),
  bar: mapping('bars', 'event_id instrument interval open_time available_at source event_time received_time open high low close volume trade_count', (e) => [
    e.id,
    e.instrument,
    e.interval,
    e.openTimeMs,
    e.availableAtMs,
    e.source,
    e.eventTimeMs,
    e.receivedTimeMs,
    e.open,
    e.high,
    e.low,
    e.close,
    e.volume,
    e.tradeCount,
  ]),
  gap: mapping('gaps', GAPS, (e) => [e.id, e.instrument, e.eventTimeMs, e.receivedTimeMs, 'gap', e.fromMs, e.toMs, e.reason]),
  stale: mapping('gaps', GAPS, (e) => [
    e.id,
    e.instrument,
    e.eventTimeMs,
    e.receivedTimeMs,
    e.stale ? 'stale' : 'fresh',
    e.eventTimeMs,
    e.eventTimeMs,
    e.reason,
  ]),
  funding: mapping('derivatives', DERIVATIVES, (e) => [e.id, e.instrument, e.eventTimeMs, e.receivedTimeMs, 'funding', e.rate, 0, 0, '']),
  mark: mapping('derivatives', DERIVATIVES, (e) => [e.id, e.instrument, e.eventTimeMs, e.receivedTimeMs, 'mark', 0, e.price, 0, '']),
  openInterest: mapping('derivatives', DERIVATIVES, (e) => [e.id, e.instrument, e.eventTimeMs, e.receivedTimeMs, 'openInterest', 0, 0, e.openInterest, '']),
  liquidation: mapping('derivatives', DERIVATIVES, (e) => [e.id, e.instrument, e.eventTimeMs, e.receivedTimeMs, 'liquidation', 0, e.price, e.qty, e.side]),
};

const CONTROL = 'event_id type subject account state version size_factor parameters model_id promotion_id reason changed_by since';

const signalRow = mapping<Signal>(
  'signals',
  'event_id signal_id strategy version account instrument event_time produced_time target_qty quotes reference_price max_age_ms trigger_event_id read_from read_to model_id why',
  (s, { id, ts }) => [
    id,
    s.signalId,
    s.strategy,
    s.version,
    s.account,
    s.instrument,
    s.eventTimeMs,
    ts,
    s.targetQty ?? null,
    s.quotes ? JSON.stringify(s.quotes) : '',
    s.referencePrice,
    s.maxAgeMs,
    s.triggerEventId,
    s.readFromMs,
    s.readToMs,
    s.modelId ?? '',
    JSON.stringify(s.why),
  ],
);

const orderRow = mapping<OrderEvent>(
  'orders',
  'event_id account sequence intent_id signal_id strategy client_order_id venue_order_id instrument side type time_in_force qty price reduce_only status filled_qty average_price reason created_time updated_time',
  (o, { id }) => [
    id,
    o.account,
    o.sequence,
    o.intentId,
    o.signalId,
    o.strategy,
    o.clientOrderId,
    o.venueOrderId ?? '',
    o.instrument,
    o.side,
    o.type,
    o.timeInForce,
    o.qty,
    o.price ?? null,
    o.reduceOnly,
    o.status,
    o.filledQty,
    o.averagePrice ?? null,
    o.reason ?? '',
    o.createdTimeMs,
    o.updatedTimeMs,
  ],
);

const riskDecisionRow = mapping<RiskDecisionEvent>(
  'risk_decisions',
  'event_id account sequence signal_id intent_id strategy instrument event_time approved code detail side qty price position_qty limits_hash',
  (d, { id }) => [
    id,
    d.account,
    d.sequence,
    d.signalId,
    d.intentId ?? '',
    d.strategy,
    d.instrument,
    d.eventTimeMs,
    d.approved,
    d.code ?? '',
    d.detail,
    d.side ?? '',
    d.qty ?? null,
    d.price ?? null,
    d.positionQty,
    d.limitsHash,
  ],
);

const fillRow = mapping<FillEvent>(
  'fills',
  'event_id account sequence instrument trade_id client_order_id venue_order_id intent_id signal_id strategy side price qty commission commission_asset liquidity event_time',
  (f, { id }) => [
    id,
    f.account,
    f.sequence,
    f.instrument,
    f.tradeId,
    f.clientOrderId,
    f.venueOrderId,
    f.intentId,
    f.signalId,
    f.strategy,
    f.side,
    f.price,
    f.qty,
    f.commission,
    f.commissionAsset,
    f.liquidity,
    f.eventTimeMs,
  ],
);

/** Base64 characters of a dead letter kept in its row, a multiple of four; the whole value stays on topic `deadletter`. */
const DEAD_VALUE_MAX = 400_000;

/** Rows of every other message, by envelope type. */
export const MESSAGE_TABLES: Readonly<Record<string, TableMapping<never>>> = {
  signal: signalRow,
  order: orderRow,
  riskDecision: riskDecisionRow,
  fill: fillRow,
  position: mapping<PositionEvent>(
    'positions',
    'event_id account sequence instrument qty average_entry_price realised_pnl_quote fees_quote cause event_time',
    (p, { id }) => [id, p.account, p.sequence, p.instrument, p.qty, p.averageEntryPrice, p.realisedPnlQuote, p.feesQuote, p.cause, p.eventTimeMs],
  ),
  holding: mapping<HoldingEvent>('holdings', 'event_id account sequence strategy instrument qty price event_time', (h, { id }) => [
    id,
    h.account,
    h.sequence,
    h.strategy,
    h.instrument,
    h.qty,
    h.price,
    h.eventTimeMs,
  ]),
  equity: mapping<EquityEvent>(
    'equity',
    'event_id account sequence event_time cash_quote positions_quote equity_quote realised_pnl_quote fees_quote',
    (e, { id }) => [id, e.account, e.sequence, e.eventTimeMs, e.cashQuote, e.positionsQuote, e.equityQuote, e.realisedPnlQuote, e.feesQuote],
  ),
  tradingState: mapping<TradingStateChanged>('control_changes', CONTROL, (c, { id }) => [
    `${id}@${c.sinceMs}`,
    'tradingState',
    c.account,
    c.account,
    c.state,
    '',
    0,
    '{}',
    '',
    '',
    c.reason,
    c.by,
    c.sinceMs,
  ]),
  strategy: mapping<StrategyActivated>('control_changes', CONTROL, (c, { id }) => [
    `${id}@${c.sinceMs}`,
    'strategy',
    c.strategy,
    c.account,
    c.stage,
    c.version,
    c.sizeFactor,
    JSON.stringify(c.parameters),
    c.modelId ?? '',
    c.promotionId ?? '',
    '',
    '',
    c.sinceMs,
  ]),
  model: mapping<ModelActivated>('control_changes', CONTROL, (c, { id }) => [
    `${id}@${c.sinceMs}`,
    'model',
    c.model,
    '',
    c.stage,
    '',
    0,
    '{}',
    c.modelId,
    '',
    '',
    '',
    c.sinceMs,
  ]),
  sentiment: mapping<SentimentScored>(
    'sentiment',
    'event_id item_id asset source title link score confidence scorer published_time available_at',
    (s, { id }) => [id, s.itemId, s.asset, s.source, s.title, s.link ?? '', s.score, s.confidence, s.scorer, s.publishedTimeMs, s.availableAtMs],
  ),
  alert: mapping<AlertRaised>('alerts', 'event_id code severity source message account instrument event_time', (a, { id }) => [
    id,
    a.code,
    a.severity,
    a.source,
    a.message,
    a.account ?? '',
    a.instrument ?? '',
    a.eventTimeMs,
  ]),
  deadLetter: mapping<DeadLetter>(
    'deadletters',
    'event_id source_topic source_partition source_offset consumer reason value_base64 key_base64 truncated failed_time',
    (d, { id }) => {
      const value = d.valueBase64.slice(0, DEAD_VALUE_MAX);
      return [id, d.topic, d.partition, d.offset, d.consumer, d.reason, value, d.keyBase64, d.truncated || value.length < d.valueBase64.length, d.failedTimeMs];
    },
  ),
};

export const journalRow = mapping<{ entry: JournalEntry; place: number }>(
  'journal',
  'event_id consumer run sequence place topic partition from_offset to_offset journal_time',
  ({ entry, place }, { id, ts }) => {
    const range = entry.ranges[place]!;
    return [`${id}#${place}`, entry.consumer, entry.run, entry.sequence, place, range.topic, range.partition, range.from, range.to, ts];
  },
);

/** A record of the control store's audit chain, which is copied beside the topics. */
export interface AuditRow {
  readonly sequence: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly hash: string;
  readonly nowMs: number;
}

export const AUDIT_TABLE = mapping<AuditRow>('audit', 'event_id sequence actor action subject detail hash event_time', (a, { id }) => [
  id,
  a.sequence,
  a.actor,
  a.action,
  a.subject,
  JSON.stringify(a.detail),
  a.hash,
  a.nowMs,
]);

/**
 * Identity of a copied record: the chain (named by the hash of its first record, so that the chains of several control stores do not mix),
 * its place and its content. A rewritten record becomes a second row and does not replace the first. Without `record`, the prefix of a chain.
 */
export function auditEventId(chain: string, record?: Pick<AuditRow, 'sequence' | 'hash'>): string {
  const prefix = `audit/${chain.slice(0, 16)}/`;
  return record ? `${prefix}${record.sequence}/${record.hash}` : prefix;
}
