import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}

interface Table {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string;
  readonly columns: readonly Column[];
  readonly order: string;
}

/**
 * `docs/data-model.md`, made from the comments of the migrations.
 * @example writeFileSync('docs/data-model.md', dataModel('schemas/clickhouse'));
 */
export function dataModel(migrationsDir: string): string {
  const text = readdirSync(migrationsDir)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readFileSync(join(migrationsDir, name), 'utf8'))
    .join('\n');
  const tables = [...readTables(text), ...readViews(text)];
  return `${[
    '# Data model',
    '',
    'Database `touchstone`. Made from the comments in `schemas/clickhouse` by `npm run data-model`; do not edit.',
    '',
    'Each name below is a view that shows every identity once, whatever was delivered, published or imported twice: read these. Behind the name',
    '`x` lies the table `x_log`, which keeps every row as it arrived: write there. Times are UTC with milliseconds. Prices and quantities are exact',
    'decimals with eight places.',
    '',
    ...tables.flatMap(section),
  ].join('\n')}`;
}

function section(table: Table): string[] {
  const lines = [`## ${table.name}`, '', `${table.comment}.`, ''];
  if (table.kind === 'view') return lines;
  return [
    ...lines,
    `Ordered by \`${table.order}\`.`,
    '',
    '| column | type | meaning |',
    '|---|---|---|',
    ...table.columns.map(({ name, type, comment }) => `| \`${name}\` | ${type} | ${comment} |`),
    '',
  ];
}

const unquote = (text: string) => text.replaceAll("''", "'");

function readTables(text: string): Table[] {
  const statement = /CREATE TABLE IF NOT EXISTS touchstone\.(\w+)_log \(\n([\s\S]*?)\n\)\n[\s\S]*?ORDER BY \(([^\n]*)\)\n[\s\S]*?\nCOMMENT '((?:[^']|'')*)';/g;
  return [...text.matchAll(statement)].map(([, name, body, order, comment]) => {
    const columns = [...body!.matchAll(/^ {2}(\w+) (.+?) COMMENT '((?:[^']|'')*)'/gm)].map(([, column, type, meaning]) => ({
      name: column!,
      type: type!.replace(/ DEFAULT .*/, '').replaceAll('|', '\\|'),
      comment: unquote(meaning!),
    }));
    return { name: name!, kind: 'table', comment: unquote(comment!), columns, order: order! };
  });
}

function readViews(text: string): Table[] {
  return [...text.matchAll(/CREATE OR REPLACE VIEW touchstone\.(\w+) AS\n[\s\S]*?\nCOMMENT '((?:[^']|'')*)';/g)].map(([, name, comment]) => ({
    name: name!,
    kind: 'view',
    comment: unquote(comment!),
    columns: [],
    order: '',
  }));
}
