import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutRows, explicitFormat, insertFromFile, isStreamable, parseInsert, quote, reachesOutside } from '../../../infra/dev/clickhouse/sql.ts';

const insert = (text: string) => parseInsert(Buffer.from(text));

describe('parseInsert', () => {
  it('parts statement, format and data', () => {
    expect(insert('INSERT INTO t (a, b) FORMAT CSV\n1,2\n')).toEqual({ head: 'INSERT INTO t (a, b) ', format: 'CSV', dataStart: 32 });
    expect(insert('/* why */ insert into `tä` format JSONEachRow {"a":1}')).toMatchObject({ head: '/* why */ insert into `tä` ', format: 'JSONEachRow' });
  });

  it('leaves bytes that are no text as they are', () => {
    const data = Buffer.from([0, 255, 10, 13, 200]);
    const body = Buffer.concat([Buffer.from('INSERT INTO t FORMAT RowBinary\n'), data]);
    expect(body.subarray(parseInsert(body)?.dataStart)).toEqual(data);
  });

  it.each([
    'SELECT 1 FORMAT CSV',
    'INSERT INTO t VALUES (1)',
    'INSERT INTO t FORMAT Values (1)',
    'INSERT INTO t SELECT 1',
    "INSERT INTO t VALUES (1, 'FORMAT CSV\n1')",
    "INSERT INTO t SELECT 'FORMAT CSV '",
  ])('is not for %s', (text) => {
    expect(insert(text)).toBeUndefined();
  });
});

it('puts the file before the settings', () => {
  expect(insertFromFile({ head: 'INSERT INTO t (a) SETTINGS x = 1', format: 'Parquet', dataStart: 0 }, "/tmp/o'k")).toBe(
    "INSERT INTO t (a)  FROM INFILE '/tmp/o\\'k' SETTINGS x = 1 FORMAT Parquet",
  );
});

describe('cutRows', () => {
  it('loses nothing, cuts only behind newlines, and exceeds the size only for a row that does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')),
          { maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 100 }),
        (rows, bytesMax) => {
          const data = Buffer.from(rows.map((row) => `${row}\n`).join(''));
          const pieces = [...cutRows(data, bytesMax)];
          expect(Buffer.concat(pieces)).toEqual(data);
          for (const piece of pieces) {
            expect(piece.at(-1)).toBe(10);
            if (piece.length > bytesMax) expect(piece.indexOf(10)).toBe(piece.length - 1);
          }
        },
      ),
    );
  });
});

describe('reachesOutside', () => {
  it.each([
    "select * from FILE ('x')",
    'SELECT * FROM "s3"(\'x\')',
    "select 1 -- \n into outfile 'x'",
    "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(HTTP(url 'x'))",
    'BACKUP TABLE t TO Disk',
  ])('sees %s', (sql) => {
    expect(reachesOutside(sql)).toBe(true);
  });
  it.each([
    "SELECT 'file(1)'",
    "SELECT * FROM files WHERE url = 'url(x)' -- file('x')",
    "SELECT 'it''s file(' || \"file\" FROM t",
    'SELECT $$file(1)$$',
    'SELECT source, remote FROM t',
  ])('lets %s pass', (sql) => {
    expect(reachesOutside(sql)).toBe(false);
  });
});

it('finds the format a query asks for, not one in a string', () => {
  expect(explicitFormat('SELECT 1 FORMAT JSON;')).toBe('JSON');
  expect(explicitFormat('SELECT 1 FORMAT TSV SETTINGS max_threads = 1')).toBe('TSV');
  expect(explicitFormat("SELECT 'x FORMAT CSV'")).toBeUndefined();
});

it('streams only row formats of SELECT', () => {
  expect(isStreamable('WITH 1 AS x SELECT x', 'JSONEachRow')).toBe(true);
  expect(isStreamable('SELECT 1', 'JSON')).toBe(false);
  expect(isStreamable('SHOW TABLES', 'JSONEachRow')).toBe(false);
});

it('quotes any text as one literal', () => {
  expect(quote("a'b\\c")).toBe("'a\\'b\\\\c'");
});
