-- What workflows did. Rows are written again as they progress; the newest by updated_at is shown.
-- Tables named *_log hold every row as it arrived; the view of the plain name shows each identity once and is what to read.
-- Insert into *_log. Prices and quantities are exact decimals with eight places. Times are UTC.

CREATE TABLE IF NOT EXISTS touchstone.features_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE',
  interval LowCardinality(String) COMMENT 'Of the bars they come from',
  feature_hash LowCardinality(String) COMMENT 'Hash of the feature set''s definition',
  event_time DateTime64(3, 'UTC') COMMENT 'Close time of the bar, UTC' CODEC(Delta, ZSTD),
  available_at DateTime64(3, 'UTC') COMMENT 'When they could first be known, UTC' CODEC(Delta, ZSTD),
  names Array(LowCardinality(String)) COMMENT 'Feature names' CODEC(ZSTD),
  values Array(Float64) COMMENT 'By names; NaN = not ready' CODEC(ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (instrument, interval, feature_hash, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Feature values as models see them';

CREATE OR REPLACE VIEW touchstone.features AS SELECT * FROM touchstone.features_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.runs_log (
  run_id String COMMENT 'Deterministic: a repeated activity writes the same id' CODEC(ZSTD),
  kind LowCardinality(String) COMMENT 'backtest, fold, walkForward, trial, training, paperTrial or parityProof',
  parent_run_id String COMMENT 'Run it is part of, else empty' CODEC(ZSTD),
  workflow_id String COMMENT 'Temporal workflow' CODEC(ZSTD),
  status LowCardinality(String) COMMENT 'running, done or failed',
  strategy LowCardinality(String) COMMENT 'Strategy name',
  strategy_type LowCardinality(String) COMMENT 'Type of the strategy or model',
  version LowCardinality(String) COMMENT 'Hash of the strategy''s code version and configuration',
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE; comma separated when several',
  interval LowCardinality(String) COMMENT 'Of the bars',
  from_time DateTime64(3, 'UTC') COMMENT 'Start of the data, UTC' CODEC(Delta, ZSTD),
  to_time DateTime64(3, 'UTC') COMMENT 'End of the data, exclusive, UTC' CODEC(Delta, ZSTD),
  parameters String COMMENT 'JSON object' CODEC(ZSTD),
  seed Int64 COMMENT 'Of its random numbers; 0 when it has none',
  data_hash LowCardinality(String) COMMENT 'Hash of the data read',
  config_hash LowCardinality(String) COMMENT 'Hash of the configuration',
  bars UInt64 COMMENT 'Bars read',
  trades UInt32 COMMENT 'Round trips',
  total_return Float64 COMMENT 'Fraction of the starting equity, after fees',
  sharpe Float64 COMMENT 'Annualised; NaN when undefined',
  sortino Float64 COMMENT 'Annualised; NaN when undefined',
  max_drawdown Float64 COMMENT 'Fraction of the peak, 0 or more',
  win_rate Float64 COMMENT 'Fraction of round trips with profit; NaN without any',
  profit_factor Float64 COMMENT 'Gross profit over gross loss; NaN when undefined',
  fees_quote Float64 COMMENT 'Quote currency',
  fitness Float64 COMMENT 'What a search maximised; NaN when nothing was',
  metrics String COMMENT 'JSON object: all metrics' CODEC(ZSTD),
  report_address String COMMENT 'Artefact of the report, else empty' CODEC(ZSTD),
  detail String COMMENT 'JSON object' CODEC(ZSTD),
  started_at DateTime64(3, 'UTC') COMMENT 'UTC' CODEC(Delta, ZSTD),
  finished_at DateTime64(3, 'UTC') COMMENT 'UTC; 1970-01-01 while running' CODEC(Delta, ZSTD),
  updated_at DateTime64(3, 'UTC') COMMENT 'Of this version of the row; the newest is shown' CODEC(Delta, ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (run_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Each backtest, fold, trial and training';

CREATE OR REPLACE VIEW touchstone.runs AS SELECT * FROM touchstone.runs_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.genomes_log (
  genome_id String COMMENT 'evolution, generation and place' CODEC(ZSTD),
  evolution_id String COMMENT 'Evolution it is part of' CODEC(ZSTD),
  generation UInt32 COMMENT 'From 0',
  island UInt16 COMMENT 'From 0',
  place UInt32 COMMENT 'Index in the population',
  genome_hash String COMMENT 'Hash of type and parameters' CODEC(ZSTD),
  strategy_type LowCardinality(String) COMMENT 'Type of the strategy',
  parameters String COMMENT 'JSON object' CODEC(ZSTD),
  fitness Float64 COMMENT 'Higher is better; NaN when it could not be evaluated',
  metrics String COMMENT 'JSON object' CODEC(ZSTD),
  parents Array(String) COMMENT 'Hashes of the parents' CODEC(ZSTD),
  population_hash String COMMENT 'Hash of the whole population of the generation' CODEC(ZSTD),
  updated_at DateTime64(3, 'UTC') COMMENT 'Of this version of the row; the newest is shown' CODEC(Delta, ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (evolution_id, generation, genome_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every genome an evolution evaluated';

CREATE OR REPLACE VIEW touchstone.genomes AS SELECT * FROM touchstone.genomes_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.models_log (
  model_id String COMMENT 'Hash of what the model is' CODEC(ZSTD),
  model LowCardinality(String) COMMENT 'Name of the model family',
  kind LowCardinality(String) COMMENT 'Such as lstm',
  instrument LowCardinality(String) COMMENT 'venue:BASE/QUOTE it was trained on',
  interval LowCardinality(String) COMMENT 'Of the bars',
  training_run_id String COMMENT 'Row of runs' CODEC(ZSTD),
  workflow_id String COMMENT 'Temporal workflow' CODEC(ZSTD),
  attempt UInt32 COMMENT 'Fencing token: attempt of the activity that registered it',
  artefact_address String COMMENT 'Trained model, sha256:…' CODEC(ZSTD),
  onnx_address String COMMENT 'Its ONNX export, sha256:…' CODEC(ZSTD),
  data_hash LowCardinality(String) COMMENT 'Hash of the training data',
  feature_hash LowCardinality(String) COMMENT 'Hash of the feature set''s definition',
  label_spec String COMMENT 'JSON object' CODEC(ZSTD),
  parameters String COMMENT 'JSON object: hyperparameters' CODEC(ZSTD),
  seed Int64 COMMENT 'Of its random numbers',
  metrics String COMMENT 'JSON object: out-of-sample metrics' CODEC(ZSTD),
  created_at DateTime64(3, 'UTC') COMMENT 'UTC' CODEC(Delta, ZSTD),
  updated_at DateTime64(3, 'UTC') COMMENT 'Of this version of the row; the newest is shown' CODEC(Delta, ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (model_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Registered models';

CREATE OR REPLACE VIEW touchstone.models AS SELECT * FROM touchstone.models_log FINAL;

CREATE TABLE IF NOT EXISTS touchstone.promotions_log (
  event_id String COMMENT 'Identity made by the producer; equal things have equal ids however often they arrive' CODEC(ZSTD),
  promotion_id String COMMENT 'Promotion; its workflow id' CODEC(ZSTD),
  sequence UInt32 COMMENT 'Order within the promotion, from 0',
  strategy LowCardinality(String) COMMENT 'Strategy name',
  version LowCardinality(String) COMMENT 'Hash of the strategy''s code version and configuration',
  account LowCardinality(String) COMMENT 'Account it trades in',
  model_id LowCardinality(String) COMMENT 'Model that takes part, else empty',
  step LowCardinality(String) COMMENT 'gates, evidence, approve, reject, stage or demote',
  stage LowCardinality(String) COMMENT 'Stage after the step',
  size_factor Decimal64(8) COMMENT 'Fraction of the configured size at that stage' CODEC(Delta, ZSTD),
  actor LowCardinality(String) COMMENT 'Person or system',
  evidence_hash String COMMENT 'Hash of the evidence pack' CODEC(ZSTD),
  evidence_address String COMMENT 'Artefact of the evidence pack' CODEC(ZSTD),
  policy LowCardinality(String) COMMENT 'Name of the policy',
  policy_hash String COMMENT 'Hash of the policy file' CODEC(ZSTD),
  passed Bool COMMENT 'Whether the gates passed, for step gates',
  note String COMMENT 'In words' CODEC(ZSTD),
  detail String COMMENT 'JSON object' CODEC(ZSTD),
  event_time DateTime64(3, 'UTC') COMMENT 'UTC' CODEC(Delta, ZSTD),
  updated_at DateTime64(3, 'UTC') COMMENT 'Of this version of the row; the newest is shown' CODEC(Delta, ZSTD),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When ClickHouse got it' CODEC(Delta, ZSTD)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (promotion_id, sequence, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every step of every promotion: gates, decisions of people, changes of stage';

CREATE OR REPLACE VIEW touchstone.promotions AS SELECT * FROM touchstone.promotions_log FINAL;
