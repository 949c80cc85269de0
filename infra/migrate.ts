import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TouchstoneError } from '../core/errors.ts';
import { type Clickhouse, DATABASE } from './clickhouse.ts';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly statements: readonly string[];
}

/**
 * Brings the history store to the newest schema: numbered files, each applied once, in order. A migration that was applied may never be
 * edited: a change is a new file. Every statement must bear repetition (IF NOT EXISTS, OR REPLACE), because a crash
 * between two of them repeats the file.
 * @param clickhouse connected to database `default`, since the first migration finds no other
 * @returns names of the migrations applied now
 * @throws TouchstoneError BAD_MIGRATION, MIGRATION_EDITED, MIGRATION_MISSING
 */
export async function migrate(clickhouse: Clickhouse, dir: string): Promise<readonly string[]> {
  const migrations = readMigrations(dir);
  await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${DATABASE}.schema_migrations (
    version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
  ) ENGINE = ReplacingMergeTree ORDER BY version`);
  const applied = await clickhouse.queryRows<{ version: number; name: string; checksum: string }>(
    `SELECT version, name, checksum FROM ${DATABASE}.schema_migrations FINAL ORDER BY version`,
  );
  for (const row of applied) {
    const file = migrations.find((migration) => migration.version === row.version);
    if (!file) throw new TouchstoneError('MIGRATION_MISSING', `the database has migration ${row.name}, which ${dir} has not: it was made by a newer version`);
    if (file.checksum !== row.checksum) {
      throw new TouchstoneError('MIGRATION_EDITED', `${file.name} was edited after it was applied; put the change into a new file`);
    }
  }
  const done: string[] = [];
  for (const migration of migrations) {
    if (applied.some((row) => row.version === migration.version)) continue;
    for (const statement of migration.statements) await clickhouse.command(statement);
    await clickhouse.insertRows(`${DATABASE}.schema_migrations`, ['version', 'name', 'checksum'], [[migration.version, migration.name, migration.checksum]]);
    done.push(migration.name);
  }
  return done;
}

/** Files `NNNN-name.sql`, numbered from 1 without a hole; statements end with `;` at the end of a line. */
export function readMigrations(dir: string): readonly Migration[] {
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    const match = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(name);
    if (!match || Number(match[1]) !== index + 1) {
      throw new TouchstoneError('BAD_MIGRATION', `${join(dir, name)}: want ${String(index + 1).padStart(4, '0')}-name.sql`);
    }
    const text = readFileSync(join(dir, name), 'utf8');
    return { version: index + 1, name, checksum: createHash('sha256').update(text).digest('hex'), statements: splitStatements(text) };
  });
}

function splitStatements(text: string): readonly string[] {
  const withoutComments = text.replace(/^--.*$/gm, '');
  return withoutComments
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
