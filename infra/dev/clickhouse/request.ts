import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { GatewayError } from './errors.ts';
import { quote } from './sql.ts';

/** Query-string names that are not settings. */
const NOT_SETTINGS = new Set([
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
  'close_session',
  'compress',
  'database',
  'decompress',
  'default_format',
  'enable_http_compression',
  'framing',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'password',
  'query',
  'query_id',
  'quota_key',
  'role',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'stacktrace',
  'user',
  'wait_end_of_query',
]);

const BODY_BYTES_MAX = 512 * 1024 * 1024;
const SESSION_TIMEOUT_S = 60;

export interface GatewayRequest {
  readonly query: string;
  readonly body: Buffer;
  readonly database: string | undefined;
  readonly defaultFormat: string;
  readonly queryId: string | undefined;
  readonly session: { readonly id: string; readonly timeoutMs: number } | undefined;
  /** The statements that give the engine this request's settings and parameters. */
  readonly preparation: readonly string[];
  /** Deduplication token, kept apart: a cut insert needs one for each piece. */
  readonly deduplicationToken: string | undefined;
  readonly acceptEncoding: string | undefined;
}

/** @throws GatewayError */
export async function parseRequest(request: IncomingMessage): Promise<GatewayRequest> {
  const parameters = new URL(request.url ?? '/', 'http://localhost').searchParams;
  let body = await readBody(request);
  const contentType = header(request, 'content-type');
  if (contentType?.startsWith('multipart/form-data')) {
    // Clients move long query parameters into a form: its fields count as if they stood in the address.
    for (const [name, value] of await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()) {
      if (typeof value === 'string') parameters.append(name, value);
    }
    body = Buffer.alloc(0);
  }
  const sets: string[] = [];
  let readonly = request.method === 'GET' ? '2' : undefined;
  for (const [name, value] of parameters) {
    if (NOT_SETTINGS.has(name) || name === 'insert_deduplication_token') continue;
    if (!/^\w+$/.test(name)) throw new GatewayError(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
    if (name !== 'readonly') sets.push(`${name} = ${quote(value)}`);
    else if (readonly === undefined || value === '1') readonly = value;
  }
  const preparation: string[] = [];
  if (sets.length > 0) preparation.push(`SET ${sets.join(', ')}`);
  // Last: a read-only session refuses to change its settings.
  if (readonly !== undefined) preparation.push(`SET readonly = ${quote(readonly)}`);
  const sessionId = parameters.get('session_id');
  return {
    query: parameters.get('query') ?? '',
    body,
    database: parameters.get('database') ?? header(request, 'x-clickhouse-database'),
    defaultFormat: parameters.get('default_format') ?? header(request, 'x-clickhouse-format') ?? 'TabSeparated',
    queryId: parameters.get('query_id') ?? undefined,
    session: sessionId ? { id: sessionId, timeoutMs: 1_000 * Number(parameters.get('session_timeout') ?? SESSION_TIMEOUT_S) } : undefined,
    preparation,
    deduplicationToken: parameters.get('insert_deduplication_token') ?? undefined,
    acceptEncoding: ['1', 'true'].includes(parameters.get('enable_http_compression') ?? '') ? header(request, 'accept-encoding') : undefined,
  };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of decoded(request)) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new GatewayError(307, 'TOO_MANY_BYTES', `The request is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = header(request, 'content-encoding') ?? 'identity';
  if (encoding === 'identity' || encoding === '') return request;
  const decoder = encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : encoding === 'br' ? createBrotliDecompress() : undefined;
  if (decoder === undefined) throw new GatewayError(48, 'NOT_IMPLEMENTED', `Content-Encoding ${encoding} is not supported here`);
  return pipeline(request, decoder, () => {});
}
