import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';

/** Each entry brings the schema one version further; entries are never edited once released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE trading_state (
    account  TEXT PRIMARY KEY,
    state    TEXT NOT NULL CHECK (state IN ('ACTIVE', 'REDUCING', 'HALTED')),
    reason   TEXT NOT NULL,
    by       TEXT NOT NULL,
    since_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE users (
    name              TEXT PRIMARY KEY,
    role              TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
    password_hash     TEXT NOT NULL,
    password_failures INTEGER NOT NULL DEFAULT 0,
    password_locked_until_ms INTEGER NOT NULL DEFAULT 0,
    totp_failures     INTEGER NOT NULL DEFAULT 0,
    totp_last_step    INTEGER NOT NULL DEFAULT -1,
    is_locked         INTEGER NOT NULL DEFAULT 0 CHECK (is_locked IN (0, 1)),
    created_ms        INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sessions (
    token_hash   TEXT PRIMARY KEY,
    user         TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_ms   INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user);

  CREATE TABLE approvals (
    update_id     TEXT PRIMARY KEY,
    approver      TEXT NOT NULL,
    time_step     INTEGER NOT NULL,
    evidence_hash TEXT NOT NULL,
    promotion_id  TEXT NOT NULL,
    decision      TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    note          TEXT NOT NULL,
    consumed_ms   INTEGER NOT NULL,
    UNIQUE (approver, time_step)
  ) STRICT;

  CREATE TABLE secrets (
    name        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed      BLOB NOT NULL,
    created_ms  INTEGER NOT NULL,
    PRIMARY KEY (name, version)
  ) STRICT;
  CREATE TABLE master_key (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL
  ) STRICT;

  CREATE TABLE trials (
    family  TEXT NOT NULL,
    run_id  TEXT NOT NULL,
    count   INTEGER NOT NULL CHECK (count >= 0),
    added_ms INTEGER NOT NULL,
    PRIMARY KEY (family, run_id)
  ) STRICT;

  CREATE TABLE audit (
    sequence      INTEGER PRIMARY KEY,
    ts_ms         INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    detail        TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash          TEXT NOT NULL
  ) STRICT;
  CREATE TABLE audit_head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash     TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
  CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
  `,
];

/** How long a write waits for another process's write before it fails; halts must not fail because a backup runs. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens (and creates or migrates) the control database: WAL, every commit on disk before it is acknowledged, readable by its owner only.
 * @throws TouchstoneError CONTROL_STORE_NEWER when a newer release wrote it
 */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const isNew = !existsSync(path);
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  try {
    if (isNew) chmodSync(path, 0o600);
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: DatabaseSync, path: string): void {
  const version = () => (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version() === MIGRATIONS.length) return;
  immediate(db, () => {
    const from = version();
    if (from > MIGRATIONS.length) throw new TouchstoneError('CONTROL_STORE_NEWER', `${path} was written by a newer release (schema ${from})`);
    for (const sql of MIGRATIONS.slice(from)) db.exec(sql);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

/** Runs `work` in one write transaction that takes the write lock first, so what it reads cannot change before it writes. */
export function immediate<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
