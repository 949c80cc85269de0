-- What is known of instruments.
-- Tables named *_log hold every row as it arrived; the view of the plain name shows each identity once and is what to read.
-- Insert into *_log. Prices and quantities are exact decimals with eight places. Times are UTC.

CREATE TABLE IF NOT EXISTS touchstone.trades_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  received_time DateTime64(3, 'UTC') COMMENT 'Our clock when it arrived, UTC' CODEC(Delta, ZSTD),
  trade_id String COMMENT 'Venue''s trade id, unique within the instrument' CODEC(ZSTD),
  price Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  qty Decimal64(8) COMMENT 'Base currency' CODEC(Delta, ZSTD),
  taker_side Enum8('buy' = 1, 'sell' = 2) COMMENT 'Side of the aggressor',
  path Enum8('ws' = 1, 'rest' = 2, 'replay' = 3, 'import' = 4) COMMENT 'Which way it reached us',
  source_trade_id String COMMENT 'The live venue''s own trade id when the simulator mirrors one, else empty' CODEC(ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(event_time)
ORDER BY (instrument, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Public trades, one row each';

CREATE OR REPLACE VIEW touchstone.trades AS SELECT * FROM touchstone.trades_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.books_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  received_time DateTime64(3, 'UTC') COMMENT 'Our clock when it arrived, UTC' CODEC(Delta, ZSTD),
  sequence Int64 COMMENT 'Venue''s update id of the last change applied' CODEC(DoubleDelta, ZSTD),
  bid_prices Array(Decimal64(8)) COMMENT 'Quote currency, best first' CODEC(ZSTD),
  bid_qtys Array(Decimal64(8)) COMMENT 'Base currency, by bid_prices' CODEC(ZSTD),
  ask_prices Array(Decimal64(8)) COMMENT 'Quote currency, best first' CODEC(ZSTD),
  ask_qtys Array(Decimal64(8)) COMMENT 'Base currency, by ask_prices' CODEC(ZSTD),
  path Enum8('ws' = 1, 'rest' = 2, 'replay' = 3, 'import' = 4) COMMENT 'Which way it reached us',
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(event_time)
ORDER BY (instrument, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Best levels of the order book after a change';

CREATE OR REPLACE VIEW touchstone.books AS SELECT * FROM touchstone.books_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.bars_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  interval LowCardinality(String) COMMENT '1s, 1m, 5m, 15m, 1h, 4h or 1d',
  open_time DateTime64(3, 'UTC') COMMENT 'Start of the bar, UTC' CODEC(Delta, ZSTD),
  available_at DateTime64(3, 'UTC') COMMENT 'When it could first be known; as-of joins use this, never open_time' CODEC(Delta, ZSTD),
  source Enum8('trades' = 1, 'venue' = 2, 'import' = 3, 'repair' = 4) COMMENT 'Built from trades, the venue''s kline, a file, or a marked repair',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  received_time DateTime64(3, 'UTC') COMMENT 'Our clock when it arrived, UTC' CODEC(Delta, ZSTD),
  open Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  high Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  low Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  close Decimal64(8) COMMENT 'Quote currency' CODEC(Delta, ZSTD),
  volume Decimal128(8) COMMENT 'Base currency' CODEC(ZSTD),
  trade_count UInt32 COMMENT 'Trades in the bar; 0 when the source does not say' CODEC(ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(open_time)
ORDER BY (instrument, interval, open_time, source, available_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Closed bars; one identity for each source and time of availability, so corrections are rows of their own';

CREATE OR REPLACE VIEW touchstone.bars AS SELECT * FROM touchstone.bars_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.derivatives_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  received_time DateTime64(3, 'UTC') COMMENT 'Our clock when it arrived, UTC' CODEC(Delta, ZSTD),
  kind Enum8('funding' = 1, 'mark' = 2, 'openInterest' = 3, 'liquidation' = 4) COMMENT 'What the row tells',
  rate Float64 COMMENT 'Funding rate of the period, fraction; 0 for other kinds' CODEC(ZSTD),
  price Decimal64(8) COMMENT 'Mark or liquidation price, quote currency; 0 for other kinds' CODEC(Delta, ZSTD),
  qty Decimal128(8) COMMENT 'Open interest or liquidated quantity, base currency; 0 for other kinds' CODEC(ZSTD),
  side LowCardinality(String) COMMENT 'Side of the liquidation order, else empty',
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (instrument, kind, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Funding, mark price, open interest and liquidations';

CREATE OR REPLACE VIEW touchstone.derivatives AS SELECT * FROM touchstone.derivatives_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.gaps_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  event_time DateTime64(3, 'UTC') COMMENT 'Venue''s clock, UTC' CODEC(Delta, ZSTD),
  received_time DateTime64(3, 'UTC') COMMENT 'Our clock when it arrived, UTC' CODEC(Delta, ZSTD),
  kind Enum8('gap' = 1, 'stale' = 2, 'fresh' = 3) COMMENT 'Missing events, or the feed going stale and fresh again',
  from_time DateTime64(3, 'UTC') COMMENT 'Start of the gap, UTC; event_time for stale and fresh' CODEC(Delta, ZSTD),
  to_time DateTime64(3, 'UTC') COMMENT 'End of the gap, exclusive, UTC; event_time for stale and fresh' CODEC(Delta, ZSTD),
  reason String COMMENT 'Coded reason' CODEC(ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (instrument, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Times in which events are missing, or the feed was stale; nothing is invented to fill them';

CREATE OR REPLACE VIEW touchstone.gaps AS SELECT * FROM touchstone.gaps_log FINAL;
