-- What strategies wanted and what execution did.
-- Tables named *_log hold every row as it arrived; the view of the plain name shows each identity once and is what to read.
-- Insert into *_log. Prices and quantities are exact decimals with eight places. Times are UTC.

CREATE TABLE IF NOT EXISTS touchstone.signals_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  signal_id String COMMENT 'hash(strategy version, account, triggering event, leg)' CODEC(ZSTD),
  strategy LowCardinality(String) COMMENT 'Strategy name',
  version LowCardinality(String) COMMENT 'Hash of the strategy''s code version and configuration',
  account LowCardinality(String) COMMENT 'Account it is for',
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  produced_time DateTime64(3, 'UTC') COMMENT 'Our clock when it was made, UTC' CODEC(Delta, ZSTD),
  target_qty Nullable(Decimal64(8)) COMMENT 'Wanted position, base currency, signed; null for a quote set' CODEC(ZSTD),
  quotes String COMMENT 'JSON array of {side, price, qty}; empty when target_qty is given' CODEC(ZSTD),
  reference_price Decimal64(8) COMMENT 'Price the size was computed at, quote currency' CODEC(Delta, ZSTD),
  max_age_ms UInt32 COMMENT 'Older than this at the moment of sending it is refused' CODEC(ZSTD),
  trigger_event_id String COMMENT 'Event that made the decision' CODEC(ZSTD),
  read_from DateTime64(3, 'UTC') COMMENT 'Event time of the oldest event the decision had read, UTC' CODEC(Delta, ZSTD),
  read_to DateTime64(3, 'UTC') COMMENT 'Event time of the newest event the decision had read, UTC' CODEC(Delta, ZSTD),
  model_id LowCardinality(String) COMMENT 'Model that took part, else empty',
  why String COMMENT 'JSON object: the values read, by name' CODEC(ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD),
  INDEX by_signal_id signal_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (account, strategy, instrument, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Wanted positions; targets, never deltas';

CREATE OR REPLACE VIEW touchstone.signals AS SELECT * FROM touchstone.signals_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.risk_decisions_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  signal_id String COMMENT 'Signal it decided on' CODEC(ZSTD),
  intent_id String COMMENT 'Order intent; empty when refused before one was made' CODEC(ZSTD),
  strategy LowCardinality(String) COMMENT 'Strategy name',
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  approved Bool COMMENT 'Whether the order may be sent',
  code LowCardinality(String) COMMENT 'Denial code, empty when approved',
  detail String COMMENT 'The numbers behind the decision' CODEC(ZSTD),
  side LowCardinality(String) COMMENT 'buy, sell or empty',
  qty Nullable(Decimal64(8)) COMMENT 'Base currency' CODEC(ZSTD),
  price Nullable(Decimal64(8)) COMMENT 'Quote currency; null for market orders' CODEC(ZSTD),
  position_qty Decimal64(8) COMMENT 'Position it saw, base currency, signed' CODEC(Delta, ZSTD),
  limits_hash LowCardinality(String) COMMENT 'Hash of the risk limits in force',
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD),
  INDEX by_signal_id signal_id TYPE bloom_filter GRANULARITY 4,
  INDEX by_intent_id intent_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (account, sequence)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every risk decision, approved or denied, with what it saw';

CREATE OR REPLACE VIEW touchstone.risk_decisions AS SELECT * FROM touchstone.risk_decisions_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.orders_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  intent_id String COMMENT 'One order ever for each intent' CODEC(ZSTD),
  signal_id String COMMENT 'Signal that led to it' CODEC(ZSTD),
  strategy LowCardinality(String) COMMENT 'Strategy name',
  client_order_id String COMMENT 'Our id at the venue, derived from the intent' CODEC(ZSTD),
  venue_order_id String COMMENT 'The venue''s id, empty until known' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  side Enum8('buy' = 1, 'sell' = 2) COMMENT 'Ours',
  type LowCardinality(String) COMMENT 'limit, market, limit_maker or stop_loss_limit',
  time_in_force LowCardinality(String) COMMENT 'GTC, IOC or FOK',
  qty Decimal64(8) COMMENT 'Base currency' CODEC(Delta, ZSTD),
  price Nullable(Decimal64(8)) COMMENT 'Quote currency; null for market orders' CODEC(ZSTD),
  reduce_only Bool COMMENT 'Can only bring the position nearer to zero',
  status LowCardinality(String) COMMENT 'PLANNED, SENDING, OPEN, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED, REJECTED, UNKNOWN, NOT_PLACED or ABANDONED',
  filled_qty Decimal64(8) COMMENT 'Sum over distinct venue trades, base currency' CODEC(Delta, ZSTD),
  average_price Nullable(Decimal64(8)) COMMENT 'Of the filled quantity, quote currency' CODEC(ZSTD),
  reason String COMMENT 'Coded reason of a rejection or resolution, else empty' CODEC(ZSTD),
  created_time DateTime64(3, 'UTC') COMMENT 'When the intent became durable, our clock, UTC' CODEC(Delta, ZSTD),
  updated_time DateTime64(3, 'UTC') COMMENT 'Of this change, our clock, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD),
  INDEX by_intent_id intent_id TYPE bloom_filter GRANULARITY 4,
  INDEX by_client_order_id client_order_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(created_time)
ORDER BY (account, sequence)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every change of state of every order';

CREATE OR REPLACE VIEW touchstone.orders AS SELECT * FROM touchstone.orders_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.fills_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  trade_id String COMMENT 'Venue''s trade id' CODEC(ZSTD),
  client_order_id String COMMENT 'Our order id' CODEC(ZSTD),
  venue_order_id String COMMENT 'The venue''s order id' CODEC(ZSTD),
  intent_id String COMMENT 'Intent of the order' CODEC(ZSTD),
  signal_id String COMMENT 'Signal of the order' CODEC(ZSTD),
  strategy LowCardinality(String) COMMENT 'Strategy name',
  side Enum8('buy' = 1, 'sell' = 2) COMMENT 'Ours',
  price Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  qty Decimal64(8) COMMENT 'Base currency' CODEC(Delta, ZSTD),
  commission Decimal64(8) COMMENT 'In commission_asset' CODEC(Delta, ZSTD),
  commission_asset LowCardinality(String) COMMENT 'Asset the commission was taken in',
  liquidity Enum8('maker' = 1, 'taker' = 2) COMMENT 'Ours',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD),
  INDEX by_intent_id intent_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (account, sequence)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Executions of our orders at the venue';

CREATE OR REPLACE VIEW touchstone.fills AS SELECT * FROM touchstone.fills_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.positions_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  qty Decimal64(8) COMMENT 'Base currency, signed: fills less commission taken in base, plus adjustments' CODEC(Delta, ZSTD),
  average_entry_price Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  realised_pnl_quote Decimal128(8) COMMENT 'Since the account began, quote currency' CODEC(ZSTD),
  fees_quote Decimal128(8) COMMENT 'Since the account began, quote currency' CODEC(ZSTD),
  cause LowCardinality(String) COMMENT 'fill or adjustment',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (account, sequence)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Position after each fill or adjustment';

CREATE OR REPLACE VIEW touchstone.positions AS SELECT * FROM touchstone.positions_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.equity_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  cash_quote Decimal128(8) COMMENT 'Quote currency' CODEC(ZSTD),
  positions_quote Decimal128(8) COMMENT 'Positions at the guarded price, quote currency' CODEC(ZSTD),
  equity_quote Decimal128(8) COMMENT 'cash_quote + positions_quote' CODEC(ZSTD),
  realised_pnl_quote Decimal128(8) COMMENT 'Since the account began, quote currency' CODEC(ZSTD),
  fees_quote Decimal128(8) COMMENT 'Since the account began, quote currency' CODEC(ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (account, sequence)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Equity of accounts, about once a second while they trade';

CREATE OR REPLACE VIEW touchstone.equity AS SELECT * FROM touchstone.equity_log FINAL;
