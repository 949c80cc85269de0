import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataModel } from '../../../infra/data-model.ts';
import { readMigrations } from '../../../infra/migrate.ts';
import { MARKET_TABLES, MESSAGE_TABLES } from '../../../schemas/rows.ts';

const MIGRATIONS = 'schemas/clickhouse';

describe('the data model', () => {
  it('is written down as the migrations say: run `npm run data-model` after adding one', () => {
    expect(readFileSync('docs/data-model.md', 'utf8')).toBe(dataModel(MIGRATIONS));
  });

  it('has every table and view of the design, each column with its meaning', () => {
    const text = dataModel(MIGRATIONS);
    const names = [...text.matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
    const wanted =
      'trades books bars derivatives features signals risk_decisions orders fills positions equity runs genomes models promotions sentiment alerts audit leaderboard lineage';
    for (const name of wanted.split(' ')) expect(names).toContain(name);
    const rows = [...text.matchAll(/^\| `\w+` \| [^|]+ \| ([^|]*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(250);
    for (const row of rows) expect(row[1]!.length).toBeGreaterThan(2);
  });

  it('has a column for every value that is recorded', () => {
    const sql = readMigrations(MIGRATIONS)
      .flatMap(({ statements }) => statements)
      .join('\n');
    for (const { table, columns } of [...Object.values(MARKET_TABLES), ...Object.values(MESSAGE_TABLES)]) {
      const body = new RegExp(`CREATE TABLE IF NOT EXISTS touchstone\\.${table} \\(([\\s\\S]*?)\\n\\)`).exec(sql)?.[1];
      for (const column of columns) expect(body, `${table}.${column}`).toMatch(new RegExp(`\\n  ${column} `));
    }
  });

  it('has no materialized view, which would count a repeated insert twice', () => {
    for (const { statements } of readMigrations(MIGRATIONS)) expect(statements.join('\n')).not.toMatch(/MATERIALIZED/i);
  });
});

describe('migration files', () => {
  it('are numbered from 1 without a hole', () => {
    const dir = mkdtempSync(join(tmpdir(), 'migrations-'));
    writeFileSync(join(dir, '0001-one.sql'), 'SELECT 1;\n-- note; not a statement\nSELECT 2;');
    expect(readMigrations(dir)[0]).toMatchObject({ version: 1, statements: ['SELECT 1', 'SELECT 2'] });
    writeFileSync(join(dir, '0003-three.sql'), 'SELECT 1;');
    expect(() => readMigrations(dir)).toThrow(/want 0002/);
  });
});
