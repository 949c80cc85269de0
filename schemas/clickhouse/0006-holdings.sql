-- What an account holds for each strategy, as execution told the strategies.
-- Insert into holdings_log; the view `holdings` shows each identity once and is what to read.

CREATE TABLE IF NOT EXISTS touchstone.holdings_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account',
  sequence UInt64 COMMENT 'Place in the log of the account''s ledger; (account, sequence) is the identity' CODEC(DoubleDelta, ZSTD),
  strategy LowCardinality(String) COMMENT 'Strategy name',
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  qty Decimal64(8) COMMENT 'All that is held for the strategy, base currency, signed' CODEC(Delta, ZSTD),
  price Decimal64(8) COMMENT 'Of the fill that made it so, else the account''s average entry price, quote currency' CODEC(Delta, ZSTD),
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
COMMENT 'What is held for each strategy, after each change and anew each day';

CREATE OR REPLACE VIEW touchstone.holdings AS SELECT * FROM touchstone.holdings_log FINAL;
