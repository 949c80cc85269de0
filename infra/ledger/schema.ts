import type { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';

/** Entry n brings the schema from version n to n + 1. Entries are never edited once released; amounts are decimal text. */
const MIGRATIONS: readonly string[] = [
  `
  -- The log: every input and every result, in the order of the fold. It is also the outbox: rows with a topic go to Kafka.
  CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    topic    TEXT,
    type     TEXT NOT NULL,
    time_ms  INTEGER NOT NULL,
    data     TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER event_is_append_only_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
  CREATE TRIGGER event_is_append_only_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
  CREATE TABLE outbox (id INTEGER PRIMARY KEY CHECK (id = 1), published_sequence INTEGER NOT NULL) STRICT;
  INSERT INTO outbox VALUES (1, 0);

  -- Who may write and send. The epoch grows with each owner; a writer with an older one is fenced off.
  CREATE TABLE lease (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    epoch      INTEGER NOT NULL,
    holder     TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    renewed_ms INTEGER NOT NULL
  ) STRICT;
  INSERT INTO lease VALUES (1, 0, '', 0, 0);

  -- outcome is NULL while the signal waits for its turn.
  CREATE TABLE signal (
    signal_id     TEXT PRIMARY KEY,
    received_ms   INTEGER NOT NULL,
    data          TEXT NOT NULL,
    outcome       TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX signal_waiting ON signal (received_ms) WHERE outcome IS NULL;

  -- What each strategy wants of each instrument, as far as the account has acted on it.
  CREATE TABLE target (
    strategy      TEXT NOT NULL,
    instrument    TEXT NOT NULL,
    qty           TEXT NOT NULL,
    signal_id     TEXT NOT NULL,
    event_time_ms INTEGER NOT NULL,
    PRIMARY KEY (strategy, instrument)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE orders (
    intent_id        TEXT PRIMARY KEY,
    client_order_id  TEXT NOT NULL UNIQUE,
    venue_order_id   TEXT,
    signal_id        TEXT NOT NULL UNIQUE,
    instrument       TEXT NOT NULL,
    is_settled       INTEGER NOT NULL CHECK (is_settled IN (0, 1)),
    sent_time_ms     INTEGER,
    max_age_ms       INTEGER NOT NULL,
    event_time_ms    INTEGER NOT NULL,
    venue_filled_qty TEXT NOT NULL,
    state            TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX orders_unsettled ON orders (instrument) WHERE is_settled = 0;
  CREATE INDEX orders_by_venue_id ON orders (instrument, venue_order_id);

  CREATE TABLE fill (
    venue           TEXT NOT NULL,
    instrument      TEXT NOT NULL,
    trade_id        TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    data            TEXT NOT NULL,
    PRIMARY KEY (venue, instrument, trade_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fill_by_order ON fill (client_order_id);

  -- Double entry: the amounts of one sequence sum to zero in each asset.
  CREATE TABLE entry (
    sequence INTEGER NOT NULL,
    book     TEXT NOT NULL,
    asset    TEXT NOT NULL,
    amount   TEXT NOT NULL
  ) STRICT;
  CREATE TABLE balance (
    book   TEXT NOT NULL,
    asset  TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (book, asset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE position (
    instrument TEXT PRIMARY KEY,
    qty        TEXT NOT NULL,
    cost       TEXT NOT NULL,
    realised   TEXT NOT NULL,
    fees       TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Explicit changes that are no fills: the opening balance, a person's correction. The id is made from what it is.
  CREATE TABLE adjustment (
    adjustment_id TEXT PRIMARY KEY,
    instrument    TEXT,
    asset         TEXT NOT NULL,
    qty           TEXT NOT NULL,
    reason        TEXT NOT NULL,
    sequence      INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What the venue held of an asset when the account was opened here: the user's other coins, never ours to sell.
  CREATE TABLE opening (asset TEXT PRIMARY KEY, venue_qty TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Last trade id up to which the venue's own list has been read without a gap.
  CREATE TABLE fill_cursor (instrument TEXT PRIMARY KEY, trade_id TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE day (
    day          TEXT PRIMARY KEY,
    equity_quote TEXT NOT NULL,
    is_breached  INTEGER NOT NULL DEFAULT 0 CHECK (is_breached IN (0, 1))
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- A quote set makes one order a quote: unique are signal and leg.
  CREATE TABLE orders_by_leg (
    intent_id        TEXT PRIMARY KEY,
    client_order_id  TEXT NOT NULL UNIQUE,
    venue_order_id   TEXT,
    signal_id        TEXT NOT NULL,
    leg              INTEGER NOT NULL DEFAULT 0,
    instrument       TEXT NOT NULL,
    is_settled       INTEGER NOT NULL CHECK (is_settled IN (0, 1)),
    sent_time_ms     INTEGER,
    max_age_ms       INTEGER NOT NULL,
    event_time_ms    INTEGER NOT NULL,
    venue_filled_qty TEXT NOT NULL,
    state            TEXT NOT NULL,
    UNIQUE (signal_id, leg)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO orders_by_leg (intent_id, client_order_id, venue_order_id, signal_id, instrument, is_settled, sent_time_ms, max_age_ms, event_time_ms, venue_filled_qty, state)
    SELECT intent_id, client_order_id, venue_order_id, signal_id, instrument, is_settled, sent_time_ms, max_age_ms, event_time_ms, venue_filled_qty, state FROM orders;
  DROP TABLE orders;
  ALTER TABLE orders_by_leg RENAME TO orders;
  CREATE INDEX orders_unsettled ON orders (instrument) WHERE is_settled = 0;
  CREATE INDEX orders_by_venue_id ON orders (instrument, venue_order_id);
  `,
];

/** @throws TouchstoneError LEDGER_NEWER when a newer release wrote the file, LEDGER_OLD when it is read-only and must be migrated first */
export function migrateLedger(db: DatabaseSync, path: string, isReadOnly: boolean): void {
  const version = () => (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version() === MIGRATIONS.length) return;
  if (isReadOnly) throw new TouchstoneError('LEDGER_OLD', `${path} is of another release: start \`execute\` once to bring it up to date`);
  db.exec('BEGIN IMMEDIATE');
  try {
    const from = version();
    if (from > MIGRATIONS.length) throw new TouchstoneError('LEDGER_NEWER', `${path} was written by a newer release (schema ${from})`);
    for (const sql of MIGRATIONS.slice(from)) db.exec(sql);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
