import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate, readMigrations } from '../../../infra/migrate.ts';
import { historyClient } from '../../setup/streams.ts';

/** A copy of the migrations that may be spoiled. */
function copy(): string {
  const dir = mkdtempSync(join(tmpdir(), 'touchstone-migrations-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  cpSync('schemas/clickhouse', dir, { recursive: true });
  return dir;
}

async function appliedNow(): Promise<unknown> {
  return historyClient().queryRows('SELECT version, checksum FROM schema_migrations FINAL ORDER BY version');
}

describe('migrations of the history store', () => {
  it('are applied once: a second run does nothing', async () => {
    expect(await migrate(historyClient(), copy())).toEqual([]);
  });

  it('that were edited after they were applied are refused, and nothing is done', async () => {
    const dir = copy();
    const before = await appliedNow();
    appendFileSync(join(dir, '0002-trading.sql'), '\nCREATE TABLE touchstone.never (x Int32) ENGINE = Memory;\n');
    await expect(migrate(historyClient(), dir)).rejects.toMatchObject({ code: 'MIGRATION_EDITED', message: expect.stringContaining('0002-trading.sql') });
    expect(await appliedNow()).toEqual(before);
    expect(await historyClient().queryRows('EXISTS TABLE touchstone.never')).toEqual([{ result: 0 }]);
  });

  it('that a newer build applied are not undone by an older one', async () => {
    const dir = copy();
    for (const { name, version } of readMigrations(dir)) if (version > 2) rmSync(join(dir, name));
    await expect(migrate(historyClient(), dir)).rejects.toMatchObject({ code: 'MIGRATION_MISSING' });
  });

  it('are numbered without a hole', () => {
    const dir = copy();
    writeFileSync(join(dir, '0099-later.sql'), 'SELECT 1;\n');
    expect(() => readMigrations(dir)).toThrow(expect.objectContaining({ code: 'BAD_MIGRATION' }));
  });
});
