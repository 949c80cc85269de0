import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClickhouse } from '../../infra/clickhouse.ts';
import { findFreePort } from '../../infra/dev/process.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { spawnWorker } from '../setup/process.ts';

/** The local server is used exactly as a ClickHouse server is: by the unmodified client, and by curl. */
const { clickhouseUrl } = stackEnvironment();
const database = `gateway_${randomUUID().replaceAll('-', '')}`;
let client: ClickHouseClient;
/** JavaScript's numbers end at 2^53: with this setting the server sends larger integers as text. */
const QUOTED_INTEGERS = { output_format_json_quote_64bit_integers: 1 } as const;

beforeAll(async () => {
  const admin = createClient({ url: clickhouseUrl });
  await admin.command({ query: `CREATE DATABASE ${database}` });
  await admin.close();
  client = createClient({
    url: clickhouseUrl,
    database,
    compression: { request: true, response: true },
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: QUOTED_INTEGERS,
  });
});
afterAll(async () => {
  await client.command({ query: `DROP DATABASE ${database}` });
  await client.close();
});

async function newTable(columns: string, engine = 'MergeTree ORDER BY tuple()'): Promise<string> {
  const table = `t_${randomUUID().replaceAll('-', '')}`;
  await client.command({ query: `CREATE TABLE ${table} (${columns}) ENGINE = ${engine}` });
  return table;
}

async function rowsOf<Row = unknown>(query: string, params: Record<string, unknown> = {}): Promise<Row[]> {
  return (await client.query({ query, format: 'JSONEachRow', query_params: params })).json<Row>();
}

async function curl(...args: string[]): Promise<{ status: number; body: string; headers: string }> {
  const { stdout } = await promisify(execFile)('curl', ['-s', '-i', ...args], { maxBuffer: 64 * 1024 * 1024 });
  const split = stdout.lastIndexOf('\r\n\r\n', stdout.search(/\r\n\r\n(?!HTTP)/) + 1);
  return { status: Number(/HTTP\/1.1 (\d+)/.exec(stdout)?.[1]), headers: stdout.slice(0, split), body: stdout.slice(split + 4) };
}

describe('inserts', () => {
  it('takes rows in every text form the client knows, through gzip', async () => {
    const table = await newTable("id UInt32, name String, at DateTime64(3, 'UTC')");
    await client.insert({ table, format: 'JSONEachRow', values: [{ id: 1, name: "O'Neil \\ ünï\n", at: '2026-01-02 03:04:05.678' }] });
    await client.insert({ table, format: 'JSONCompactEachRow', columns: ['id', 'name'], values: [[2, 'two']] });
    await client.insert({ table, format: 'CSV', values: Readable.from(['3,"with, comma","2026-01-02 03:04:05.001"\n'], { objectMode: false }) });
    await client.insert({ table, format: 'TabSeparated', values: Readable.from(['4\ttab\\tbed\t2026-01-02 03:04:05.000\n'], { objectMode: false }) });
    expect(await rowsOf(`SELECT id, name, toString(at) AS at FROM ${table} ORDER BY id`)).toEqual([
      { id: 1, name: "O'Neil \\ ünï\n", at: '2026-01-02 03:04:05.678' },
      { id: 2, name: 'two', at: '1970-01-01 00:00:00.000' },
      { id: 3, name: 'with, comma', at: '2026-01-02 03:04:05.001' },
      { id: 4, name: 'tab\tbed', at: '2026-01-02 03:04:05.000' },
    ]);
  });

  it('takes a stream of more than 8 MiB whole, once, and again only once under the same token', async () => {
    const table = await newTable('id UInt64, text String', 'MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000');
    const insert = () =>
      client.insert({
        table,
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: 'market/0/100-200' },
        values: Readable.from(Array.from({ length: 20_000 }, (_, id) => ({ id, text: `${id}`.padEnd(1_000, 'x') }))),
      });
    await insert();
    await insert();
    expect(await rowsOf(`SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(id)) AS ids FROM ${table}`)).toEqual([{ rows: 20_000, ids: 20_000 }]);
  });

  it.each(['Parquet', 'RowBinary', 'Native'])('takes %s of more than 2 MB, byte for byte', async (format) => {
    const source = await newTable('id UInt64, text String, price Decimal64(8)');
    const target = await newTable('id UInt64, text String, price Decimal64(8)');
    await client.command({ query: `INSERT INTO ${source} SELECT number, hex(cityHash64(number)), toDecimal64(number, 8) / 7 FROM numbers(150000)` });
    const exported = await client.exec({ query: `SELECT * FROM ${source} FORMAT ${format}` });
    const bytes: Buffer[] = [];
    for await (const chunk of exported.stream) bytes.push(chunk as Buffer);
    const data = Buffer.concat(bytes);
    expect(data.length).toBeGreaterThan(2_000_000);
    const response = await fetch(`${clickhouseUrl}/?database=${database}&query=${encodeURIComponent(`INSERT INTO ${target} FORMAT ${format}`)}`, {
      method: 'POST',
      body: new Uint8Array(data),
    });
    expect([response.status, await response.text()]).toEqual([200, '']);
    const fingerprint = (table: string) => rowsOf(`SELECT count() AS n, sum(cityHash64(id, text, price)) AS h FROM ${table}`);
    expect(await fingerprint(target)).toEqual(await fingerprint(source));
  });

  it('tells in its summary how many rows were written, also of INSERT … VALUES and INSERT … SELECT', async () => {
    const table = await newTable('id UInt8');
    const { summary } = await client.insert({ table, format: 'JSONEachRow', values: [{ id: 1 }, { id: 2 }] });
    expect(summary?.written_rows).toBe('2');
    await client.command({ query: `INSERT INTO ${table} VALUES (3), (4)` });
    await client.command({ query: `INSERT INTO ${table} SELECT 5` });
    expect(await rowsOf(`SELECT id FROM ${table} ORDER BY id`)).toEqual([1, 2, 3, 4, 5].map((id) => ({ id })));
  });

  it('refuses a malformed row with its line, and keeps nothing of that insert', async () => {
    const table = await newTable('id UInt8');
    const broken = client.insert({ table, format: 'JSONEachRow', values: [{ id: 1 }, { id: 'no number' }] });
    await expect(broken).rejects.toMatchObject({ code: '27' });
    expect(await rowsOf(`SELECT * FROM ${table}`)).toEqual([]);
  });
});

describe('queries', () => {
  it.each<[string, unknown, unknown]>([
    ['String', "a'b\\c\td\ne ünï", "a'b\\c\td\ne ünï"],
    ['UInt64', '18446744073709551615', '18446744073709551615'],
    ['Int32', -7, -7],
    ['Float64', 0.1, 0.1],
    ['Decimal(18, 8)', '12.34567891', 12.34567891],
    ['Bool', true, true],
    ['Array(String)', ["it's", 'b'], ["it's", 'b']],
    ['Map(String, UInt8)', { a: 1 }, { a: 1 }],
    ['Nullable(String)', null, null],
    ["DateTime64(3, 'UTC')", new Date('2026-01-02T03:04:05.678Z'), '2026-01-02 03:04:05.678'],
  ])('binds a parameter of type %s', async (type, value, expected) => {
    expect(await rowsOf(`SELECT {value:${type}} AS value`, { value })).toEqual([{ value: expected }]);
  });

  it('binds identifiers', async () => {
    const table = await newTable('id UInt8');
    expect(await rowsOf('SELECT count() = 0 AS empty FROM {table:Identifier}', { table })).toEqual([{ empty: 1 }]);
  });

  it('streams a result far larger than its memory share, row by row', async () => {
    const result = await client.query({ query: 'SELECT number, toString(number) AS text FROM numbers(1000000)', format: 'JSONEachRow' });
    let rows = 0;
    let sum = 0;
    for await (const chunk of result.stream<{ number: string }>()) {
      for (const row of chunk) {
        rows++;
        sum += Number(row.json().number);
      }
    }
    expect([rows, sum]).toEqual([1_000_000, 499_999_500_000]);
  });

  it('keeps the settings of one request from every other', async () => {
    const ask = (settings: Record<string, string>) =>
      client
        .query({
          query: "SELECT toUInt32(value) AS n FROM system.settings WHERE name = 'max_block_size'",
          format: 'JSONEachRow',
          clickhouse_settings: settings,
        })
        .then((result) => result.json<{ n: number }>());
    const [standard] = await ask({});
    const answers = await Promise.all([ask({ max_block_size: '1111' }), ask({}), ask({ max_block_size: '2222' }), ask({})]);
    expect(answers.map(([row]) => row?.n)).toEqual([1111, standard?.n, 2222, standard?.n]);
  });

  it('keeps settings and temporary tables of a session, and locks it against a second query at once', async () => {
    const session = createClient({ url: clickhouseUrl, session_id: randomUUID(), log: { level: ClickHouseLogLevel.OFF } });
    await session.command({ query: 'CREATE TEMPORARY TABLE mine (id UInt8)' });
    await session.insert({ table: 'mine', format: 'JSONEachRow', values: [{ id: 7 }] });
    await session.command({ query: 'SET max_block_size = 4321' });
    const result = await session.query({ query: "SELECT id, getSetting('max_block_size') AS size FROM mine", format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ id: 7, size: 4321 }]);
    const slow = session.command({ query: 'SELECT sleep(1)' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(session.command({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '373' });
    await slow;
    await session.close();
    await expect(rowsOf('SELECT * FROM mine')).rejects.toMatchObject({ code: '60' });
  });

  it('answers an error with ClickHouse’s code and type', async () => {
    await expect(rowsOf('SELECT nonsense')).rejects.toMatchObject({ code: '47', type: 'UNKNOWN_IDENTIFIER' });
    await expect(rowsOf('SELEC 1')).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
    await expect(rowsOf('SELECT * FROM nowhere')).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
    const other = createClient({ url: clickhouseUrl, database: 'no_such_database', log: { level: ClickHouseLogLevel.OFF } });
    await expect(other.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '81' });
    await other.close();
  });

  it('breaks the connection when a result fails half way: a part never looks like the whole', async () => {
    const response = await fetch(`${clickhouseUrl}/?query=${encodeURIComponent('SELECT throwIf(number = 3000000) FROM numbers(5000000)')}`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('stays responsive while a query takes its time', async () => {
    const slow = rowsOf('SELECT sleep(2)');
    const started = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => rowsOf('SELECT 1')));
    expect(performance.now() - started).toBeLessThan(1_500);
    await slow;
  });
});

describe('over plain HTTP, with curl', () => {
  it('pings', async () => {
    expect(await curl(`${clickhouseUrl}/ping`)).toMatchObject({ status: 200, body: 'Ok.\n' });
  });

  it('answers TabSeparated by default, and any format on request', async () => {
    expect((await curl(`${clickhouseUrl}/`, '--data-binary', "SELECT 1, 'a'")).body).toBe('1\ta\n');
    expect((await curl(`${clickhouseUrl}/?query=SELECT%201%20AS%20x%20FORMAT%20JSONEachRow`)).body).toBe('{"x":1}\n');
    expect(JSON.parse((await curl(`${clickhouseUrl}/?default_format=JSON`, '--data-binary', 'SELECT 1 AS x')).body)).toMatchObject({
      rows: 1,
      data: [{ x: 1 }],
    });
  });

  it('takes statement and data in one body', async () => {
    const table = await newTable('id UInt8, name String');
    await curl(`${clickhouseUrl}/?database=${database}`, '--data-binary', `INSERT INTO ${table} FORMAT CSV\n1,"one"\n2,"two"\n`);
    expect((await curl(`${clickhouseUrl}/?database=${database}`, '--data-binary', `SELECT * FROM ${table} ORDER BY id`)).body).toBe('1\tone\n2\ttwo\n');
  });

  it('reads gzip and writes gzip', async () => {
    const sent = await fetch(`${clickhouseUrl}/`, { method: 'POST', headers: { 'Content-Encoding': 'gzip' }, body: new Uint8Array(gzipSync('SELECT 42')) });
    expect(await sent.text()).toBe('42\n');
    const { stdout } = await promisify(execFile)(
      'curl',
      ['-s', '-H', 'Accept-Encoding: gzip', `${clickhouseUrl}/?enable_http_compression=1&query=SELECT%2043`],
      { encoding: 'buffer' },
    );
    expect(gunzipSync(stdout as Buffer).toString()).toBe('43\n');
  });

  it('lets GET only read', async () => {
    const refused = await curl(`${clickhouseUrl}/?query=${encodeURIComponent('CREATE TABLE x (a UInt8) ENGINE = Memory')}`);
    expect(refused.status).toBe(500);
    expect(refused.headers).toMatch(/X-ClickHouse-Exception-Code: 164/i);
  });

  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    "SELECT * FROM/**/file/**/('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT 1 INTO OUTFILE '/tmp/out'",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "CREATE TABLE t (a String) ENGINE = File('CSV', '/etc/passwd')",
    "CREATE TABLE t (a String) ENGINE=URL('http://127.0.0.1/', CSV)",
    "INSERT INTO FUNCTION file('/tmp/out', 'CSV') SELECT 1",
  ])('refuses to reach outside: %s', async (query) => {
    expect(await curl(`${clickhouseUrl}/`, '--data-binary', query)).toMatchObject({ status: 403, body: expect.stringContaining('ACCESS_DENIED') });
  });

  it('takes the same words as data, names and values', async () => {
    const table = await newTable('url String, file String');
    await client.insert({ table, format: 'JSONEachRow', values: [{ url: "url('x')", file: "file('/etc/passwd')" }] });
    expect(await rowsOf(`SELECT url, file FROM ${table} WHERE url = 'url(''x'')' OR file = 'INTO OUTFILE'`)).toEqual([
      { url: "url('x')", file: "file('/etc/passwd')" },
    ]);
  });
});

describe('a crash', () => {
  it('loses no acknowledged insert when the process is killed', async () => {
    const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-clickhouse-'));
    const port = await findFreePort();
    const env = { TOUCHSTONE_HOME: homeDir, CLICKHOUSE_PORT: String(port), CLICKHOUSE_URL: '' };
    const history = createClickhouse(`http://127.0.0.1:${port}`, { database: 'default' });
    let server = spawnWorker('clickhouse', { env });
    await server.waitForLine('ready');
    await history.command('CREATE TABLE kept (id UInt32) ENGINE = MergeTree ORDER BY id');
    let acknowledged = 0;
    const writer = (async () => {
      for (;;) {
        await history.insertRows(
          'kept',
          ['id'],
          Array.from({ length: 100 }, (_, index) => [acknowledged + index]),
        );
        acknowledged += 100;
      }
    })();
    await expect.poll(() => acknowledged, { timeout: 10_000 }).toBeGreaterThan(2_000);
    const broken = expect(writer).rejects.toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE', retryable: true });
    await server.kill('SIGKILL');
    await broken;
    server = spawnWorker('clickhouse', { env });
    await server.waitForLine('ready');
    const [row] = await history.queryRows<{ ids: number }>('SELECT toUInt32(uniqExact(id)) AS ids FROM kept WHERE id < {acknowledged:UInt32}', {
      acknowledged,
    });
    expect(row?.ids).toBe(acknowledged);
    await history.close();
    await server.stop();
    rmSync(homeDir, { recursive: true, force: true });
  });
});
