-- Control changes and what was observed beside the market.
-- Tables named *_log hold every row as it arrived; the view of the plain name shows each identity once and is what to read.
-- Insert into *_log. Prices and quantities are exact decimals with eight places. Times are UTC.

CREATE TABLE IF NOT EXISTS touchstone.control_changes_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  type Enum8('tradingState' = 1, 'strategy' = 2, 'model' = 3) COMMENT 'What changed',
  subject LowCardinality(String) COMMENT 'Account, strategy or model',
  account LowCardinality(String) COMMENT 'Account, empty for models',
  state LowCardinality(String) COMMENT 'ACTIVE, REDUCING or HALTED for tradingState; the stage for others',
  version LowCardinality(String) COMMENT 'Version of the strategy, else empty',
  size_factor Decimal64(8) COMMENT 'Fraction of the configured size that the stage trades; 0 for others' CODEC(Delta, ZSTD),
  parameters String COMMENT 'JSON object: overrides of the configured parameters' CODEC(ZSTD),
  model_id LowCardinality(String) COMMENT 'Active model, else empty',
  promotion_id String COMMENT 'Promotion that made the change, else empty' CODEC(ZSTD),
  reason String COMMENT 'Why, for tradingState' CODEC(ZSTD),
  changed_by LowCardinality(String) COMMENT 'Who, for tradingState',
  since DateTime64(3, 'UTC') COMMENT 'When it took effect, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(since)
ORDER BY (type, subject, since, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Changes of trading state, active strategies and active models';

CREATE OR REPLACE VIEW touchstone.control_changes AS SELECT * FROM touchstone.control_changes_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.sentiment_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  item_id String COMMENT 'hash(source, its own id or link)' CODEC(ZSTD),
  asset LowCardinality(String) COMMENT 'Such as BTC, or market',
  source LowCardinality(String) COMMENT 'Name of the source',
  title String COMMENT 'Headline' CODEC(ZSTD),
  link String COMMENT 'Address, else empty' CODEC(ZSTD),
  score Float32 COMMENT '-1 negative to 1 positive' CODEC(ZSTD),
  confidence Float32 COMMENT '0 to 1' CODEC(ZSTD),
  scorer LowCardinality(String) COMMENT 'What scored it, with its version',
  published_time DateTime64(3, 'UTC') COMMENT 'As the source says, UTC' CODEC(Delta, ZSTD),
  available_at DateTime64(3, 'UTC') COMMENT 'When we could first know it; features use this' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(available_at)
ORDER BY (asset, available_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Scored texts about assets';

CREATE OR REPLACE VIEW touchstone.sentiment AS SELECT * FROM touchstone.sentiment_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.alerts_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  code LowCardinality(String) COMMENT 'Stable code',
  severity Enum8('info' = 1, 'warning' = 2, 'critical' = 3) COMMENT 'How urgent',
  source LowCardinality(String) COMMENT 'Process or consumer',
  message String COMMENT 'In words' CODEC(ZSTD),
  account LowCardinality(String) COMMENT 'Account, else empty',
  instrument LowCardinality(String) COMMENT 'Instrument, else empty',
  event_time DateTime64(3, 'UTC') COMMENT 'When, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What a person should know';

CREATE OR REPLACE VIEW touchstone.alerts AS SELECT * FROM touchstone.alerts_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.deadletters_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  source_topic LowCardinality(String) COMMENT 'Topic it stood in',
  source_partition Int32 COMMENT 'Partition it stood in',
  source_offset Int64 COMMENT 'Its offset',
  consumer LowCardinality(String) COMMENT 'Who refused it',
  reason String COMMENT 'Why' CODEC(ZSTD),
  value_base64 String COMMENT 'Original bytes of the value' CODEC(ZSTD),
  key_base64 String COMMENT 'Original bytes of the key' CODEC(ZSTD),
  truncated Bool COMMENT 'Whether value_base64 is cut',
  failed_time DateTime64(3, 'UTC') COMMENT 'When, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(failed_time)
ORDER BY (source_topic, source_partition, source_offset, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Messages nobody could take, kept whole';

CREATE OR REPLACE VIEW touchstone.deadletters AS SELECT * FROM touchstone.deadletters_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.journal_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  consumer LowCardinality(String) COMMENT 'Consumer',
  run String COMMENT 'One start of its process' CODEC(ZSTD),
  sequence UInt64 COMMENT 'Order within the run, from 0' CODEC(DoubleDelta, ZSTD),
  place UInt32 COMMENT 'Order within the entry, from 0',
  topic LowCardinality(String) COMMENT 'Topic',
  partition Int32 COMMENT 'Partition',
  from_offset Int64 COMMENT 'First offset taken' CODEC(DoubleDelta, ZSTD),
  to_offset Int64 COMMENT 'One past the last offset taken' CODEC(DoubleDelta, ZSTD),
  journal_time DateTime64(3, 'UTC') COMMENT 'When it was written, UTC' CODEC(Delta, ZSTD),
  log_topic LowCardinality(String) COMMENT 'Kafka topic it was read from, or import',
  log_partition Int32 COMMENT 'Partition of log_topic' CODEC(ZSTD),
  log_offset Int64 COMMENT 'Offset in the partition, or line of the file; lineage, never identity' CODEC(DoubleDelta, ZSTD),
  log_index UInt16 COMMENT 'Place within the record, from 0' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(journal_time)
ORDER BY (consumer, run, sequence, place, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Order in which consumers of several partitions took their records';

CREATE OR REPLACE VIEW touchstone.journal AS SELECT * FROM touchstone.journal_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.audit_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  sequence UInt64 COMMENT 'Place in the chain' CODEC(DoubleDelta, ZSTD),
  actor LowCardinality(String) COMMENT 'Who',
  action LowCardinality(String) COMMENT 'What',
  subject String COMMENT 'On what' CODEC(ZSTD),
  detail String COMMENT 'JSON object' CODEC(ZSTD),
  hash String COMMENT 'Hash of this record and the one before' CODEC(ZSTD),
  event_time DateTime64(3, 'UTC') COMMENT 'When, UTC' CODEC(Delta, ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (sequence, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Copy of the hash-chained audit of the control store, which is the truth';

CREATE OR REPLACE VIEW touchstone.audit AS SELECT * FROM touchstone.audit_log FINAL;
