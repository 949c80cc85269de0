import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import { drainPending, Session } from 'chdb';
import type { Log } from '../../log.ts';
import { GatewayError, toHttpError } from './errors.ts';
import { type GatewayRequest, parseRequest } from './request.ts';
import { Sessions } from './sessions.ts';
import { cutRows, explicitFormat, type Insert, insertFromFile, isLineFormat, isStreamable, isTextFormat, parseInsert, quote, reachesOutside } from './sql.ts';

/** Text up to this size goes to the engine from memory; binary data does so only at its peril, and goes through a file. */
const INSERT_PIECE_BYTES = 8 * 1024 * 1024;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  JSON: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TSV: 'text/tab-separated-values; charset=UTF-8',
};

/** What the addon gives below the `chdb` package's own interface: inserts in any format and with any statement. */
interface NativeBinding {
  InsertRawAsyncConnection(connection: unknown, head: string, data: Buffer, countLines: boolean): Promise<{ rowsWritten?: number; bytesWritten?: number }>;
}

function loadBinding(): NativeBinding {
  const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
  return createRequire(import.meta.url)(`@chdb/lib-${platform}`) as NativeBinding;
}

export interface Gateway {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * ClickHouse's HTTP interface over its engine in this process (`chdb`), for machines without a ClickHouse server. Local
 * development only: it listens on 127.0.0.1 and asks nobody for a password, so it lets no statement reach files or other
 * machines. One process owns `dataDir`.
 */
export async function startGateway(options: { dataDir: string; port: number; log: Log }): Promise<Gateway> {
  const { dataDir, log } = options;
  const spoolDir = join(dataDir, 'spool');
  const storeDir = join(dataDir, 'store');
  rmSync(spoolDir, { recursive: true, force: true });
  mkdirSync(spoolDir, { recursive: true });
  const binding = loadBinding();
  const root = new Session(storeDir); // keeps the engine and its background merges alive between requests
  const version = (await root.queryAsync('SELECT version()', { format: 'TSV' })).text().trim();
  const timezone = (await root.queryAsync('SELECT timezone()', { format: 'TSV' })).text().trim();
  const sessions = new Sessions(() => new Session(storeDir));

  async function insert(session: Session, request: GatewayRequest, statement: Insert, data: Buffer): Promise<Record<string, string>> {
    let rows = 0;
    let bytes = 0;
    if (isTextFormat(statement.format) && (data.length <= INSERT_PIECE_BYTES || isLineFormat(statement.format))) {
      let piece = 0;
      for (const part of cutRows(data, INSERT_PIECE_BYTES)) {
        // The pieces of one insert differ: with one token the engine would take the second for a repetition of the first.
        if (request.deduplicationToken !== undefined)
          await setDeduplicationToken(session, piece === 0 ? request.deduplicationToken : `${request.deduplicationToken}#${piece}`);
        const written = await binding.InsertRawAsyncConnection(session.connection, `${statement.head} FORMAT ${statement.format}`, part, false);
        rows += written.rowsWritten ?? 0;
        bytes += written.bytesWritten ?? 0;
        piece++;
      }
    } else {
      const path = join(spoolDir, randomUUID());
      try {
        await writeFile(path, data);
        if (request.deduplicationToken !== undefined) await setDeduplicationToken(session, request.deduplicationToken);
        await session.queryAsync(insertFromFile(statement, path));
        bytes = data.length;
      } finally {
        await rm(path, { force: true });
      }
    }
    return { written_rows: String(rows), written_bytes: String(bytes) };
  }

  async function handle(httpRequest: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await parseRequest(httpRequest);
    response.setHeader('X-ClickHouse-Query-Id', request.queryId ?? randomUUID());
    if (request.query === '' && request.body.length === 0) {
      if (httpRequest.method === 'GET') return void response.end('Ok.\n');
      throw new GatewayError(62, 'SYNTAX_ERROR', 'Empty query');
    }
    const lent = sessions.lend(request.session);
    try {
      await prepare(lent.session, request);
      const whole = request.query === '' ? request.body : Buffer.concat([Buffer.from(`${request.query}\n`), request.body]);
      const statement = parseInsert(whole);
      if (reachesOutside(statement?.head ?? whole.toString('utf8'))) {
        throw new GatewayError(497, 'ACCESS_DENIED', 'Files, other servers and programs are out of reach of clients of this local server');
      }
      if (statement) {
        const data = whole.subarray(statement.dataStart);
        const written = data.length > 0 ? await insert(lent.session, request, statement, data) : {};
        response.setHeader('X-ClickHouse-Summary', summary(written));
        response.end();
      } else {
        if (request.deduplicationToken !== undefined) await setDeduplicationToken(lent.session, request.deduplicationToken);
        await answer(lent.session, whole.toString('utf8').trim(), request, response);
      }
    } finally {
      lent.release();
    }
  }

  const server = createServer((request, response) => {
    response.setHeader('X-ClickHouse-Server-Display-Name', 'chdb');
    response.setHeader('X-ClickHouse-Timezone', timezone);
    const path = request.url?.split('?')[0];
    if (path === '/ping' || path === '/replicas_status') return void response.end('Ok.\n');
    if (path !== '/') {
      response.statusCode = 404;
      return void response.end(`There is no handle ${path}\n`);
    }
    handle(request, response).catch((error: unknown) => {
      const { status, code, body } = toHttpError(error, version);
      log.debug({ errorCode: code, status }, body.trim());
      // Rows were sent already: breaking the connection is the only way left to say that they are not all.
      if (response.headersSent) return void response.destroy();
      response.writeHead(status, { 'X-ClickHouse-Exception-Code': String(code), 'Content-Type': 'text/plain; charset=UTF-8' });
      response.end(body);
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await closed;
      sessions.closeAll();
      await drainPending();
      root.close();
    },
  };
}

async function prepare(session: Session, request: GatewayRequest): Promise<void> {
  if (request.database !== undefined && request.database !== 'default') await session.queryAsync(`USE \`${request.database.replaceAll('`', '')}\``);
  for (const statement of request.preparation) await session.queryAsync(statement);
}

async function setDeduplicationToken(session: Session, token: string): Promise<void> {
  await session.queryAsync(`SET insert_deduplication_token = ${quote(token)}`);
}

async function answer(session: Session, sql: string, request: GatewayRequest, response: ServerResponse): Promise<void> {
  const format = explicitFormat(sql) ?? request.defaultFormat;
  let pieces: AsyncIterable<Uint8Array>;
  let read: Record<string, string> = {};
  if (isStreamable(sql, format)) {
    // The first piece is awaited before the status is sent, so that most errors still get theirs.
    const iterator = session.queryStream(sql, { format })[Symbol.asyncIterator]();
    let next = await iterator.next();
    pieces = (async function* () {
      try {
        for (; !next.done; next = await iterator.next()) yield next.value.raw();
      } finally {
        await iterator.return?.(); // the client went away: stop computing
      }
    })();
  } else {
    const result = await session.queryAsync(sql, { format });
    read = { read_rows: String(result.rowsRead), read_bytes: String(result.bytesRead) };
    pieces = (async function* () {
      yield result.bytes();
    })();
  }
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('Content-Type', CONTENT_TYPES[format] ?? 'application/octet-stream');
  response.setHeader('X-ClickHouse-Summary', summary(read));
  const compressor = createCompressor(request.acceptEncoding);
  if (compressor) {
    response.setHeader('Content-Encoding', compressor.name);
    await pipeline(Readable.from(pieces), compressor.stream, response);
  } else {
    await pipeline(Readable.from(pieces), response);
  }
}

function createCompressor(accepted: string | undefined) {
  if (accepted === undefined) return undefined;
  if (/\bgzip\b/.test(accepted)) return { name: 'gzip', stream: createGzip({ level: 3 }) };
  if (/\bbr\b/.test(accepted)) return { name: 'br', stream: createBrotliCompress() };
  if (/\bdeflate\b/.test(accepted)) return { name: 'deflate', stream: createDeflate() };
  return undefined;
}

/** Clients parse this header and want every number in it; the engine tells only some. */
function summary(known: Record<string, string>): string {
  const unknown = {
    read_rows: '0',
    read_bytes: '0',
    written_rows: '0',
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: '0',
  };
  return JSON.stringify({ ...unknown, ...known });
}
