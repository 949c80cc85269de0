/** What the gateway must know of a statement's text; everything else is left to the engine. */

/** Formats in which each row stands for itself, so that a result may be sent in pieces as the engine makes them. */
const STREAMABLE_FORMATS = new Set([
  'CSV',
  'JSONCompactEachRow',
  'JSONCompactStringsEachRow',
  'JSONEachRow',
  'JSONStringsEachRow',
  'Native',
  'RowBinary',
  'TSV',
  'TSVRaw',
  'TabSeparated',
  'TabSeparatedRaw',
]);

/** Formats in which a raw newline always ends a row: inserts may be cut there. */
const LINE_FORMATS = new Set([
  'JSONCompactEachRow',
  'JSONCompactStringsEachRow',
  'JSONEachRow',
  'JSONStringsEachRow',
  'TSV',
  'TSVRaw',
  'TabSeparated',
  'TabSeparatedRaw',
]);

const TEXT_FORMATS = /^(JSON|CSV|TSV|TabSeparated|Values|TSKV|CustomSeparated|LineAsString|RawBLOB)/;

/** Table functions and engines that reach files, other machines or programs. */
const OUTSIDE_FUNCTIONS =
  'file|fileCluster|filesystem|url|urlCluster|s3|s3Cluster|gcs|hdfs|hdfsCluster|azureBlobStorage|azureBlobStorageCluster|remote|remoteSecure|cluster|clusterAllReplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|executable|python|iceberg\\w*|deltaLake\\w*|hudi\\w*|paimon\\w*|arrowFlight|ytsaurus';
const OUTSIDE_ENGINES =
  'File|URL|S3\\w*|HDFS|AzureBlobStorage|MySQL|PostgreSQL|MongoDB|Redis|SQLite|ODBC|JDBC|Executable\\w*|Kafka|NATS|RabbitMQ|Iceberg\\w*|DeltaLake\\w*|Hudi';
const OUTSIDE = new RegExp(
  `\\b(?:${OUTSIDE_FUNCTIONS})\\s*\\(|\\bENGINE\\s*=?\\s*(?:${OUTSIDE_ENGINES})\\b|\\b(?:INFILE|OUTFILE)\\b|\\bSOURCE\\s*\\(|^\\s*(?:BACKUP|RESTORE)\\b`,
  'i',
);

/** The statement without comments and string values, quoted identifiers bare. Only for looking, never for running. */
function bareStatement(sql: string): string {
  return sql.replace(/--[^\n]*|#[!\s][^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|(\$\w*\$)[\s\S]*?\1|[`"]/g, (found) =>
    /^[`"]$/.test(found) ? '' : ' ',
  );
}

/** A client may not make the server read or write files, or call other machines. */
export function reachesOutside(sql: string): boolean {
  return OUTSIDE.test(bareStatement(sql));
}

export interface Insert {
  /** The statement up to and without its FORMAT clause. */
  readonly head: string;
  readonly format: string;
  /** Offset in bytes at which the data begins. */
  readonly dataStart: number;
}

const INSERT = /^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*INSERT\s+INTO\b/i;
const INSERT_FORMAT = /\bFORMAT\s+(\w+)(?:[ \t]*;)?(?:[ \t]*\r?\n|[ \t]+|$)/i;
/** Values in the statement itself, where the word FORMAT may be anyone's text; `SELECT … FROM input(…)` does read the data. */
const INLINE_DATA = /\bVALUES\s*\(|\bSELECT\b(?![\s\S]*\binput\s*\()/i;
/** The statement of an insert stands at its beginning; behind this there is only data. */
const STATEMENT_BYTES_MAX = 65_536;

/** Finds statement and data of `INSERT … FORMAT x⏎data`; undefined for anything else (also INSERT … SELECT and VALUES). */
export function parseInsert(body: Buffer): Insert | undefined {
  const text = body.subarray(0, STATEMENT_BYTES_MAX).toString('latin1');
  if (!INSERT.test(text)) return undefined;
  const found = INSERT_FORMAT.exec(text);
  if (!found || found[1] === undefined || /^values$/i.test(found[1])) return undefined;
  if (INLINE_DATA.test(text.slice(0, found.index))) return undefined;
  // latin1: one character a byte, so the index is the offset; the names in the statement are read again as UTF-8.
  return { head: body.subarray(0, found.index).toString('utf8'), format: found[1], dataStart: found.index + found[0].length };
}

export const isTextFormat = (format: string): boolean => TEXT_FORMATS.test(format);
export const isLineFormat = (format: string): boolean => LINE_FORMATS.has(format);

/** `INSERT INTO t (a) SETTINGS x = 1` becomes `INSERT INTO t (a) FROM INFILE '…' SETTINGS x = 1 FORMAT f`. */
export function insertFromFile({ head, format }: Insert, path: string): string {
  const settings = /\bSETTINGS\b[\s\S]*$/i.exec(head);
  const target = settings ? head.slice(0, settings.index) : head;
  return `${target} FROM INFILE ${quote(path)} ${settings?.[0] ?? ''} FORMAT ${format}`;
}

/** The format a query asks for itself. */
export function explicitFormat(sql: string): string | undefined {
  return /\bFORMAT\s+(\w+)\s*(?:SETTINGS\b[\s\S]*)?;?\s*$/i.exec(bareStatement(sql))?.[1];
}

export function isStreamable(sql: string, format: string): boolean {
  return STREAMABLE_FORMATS.has(format) && /^[\s(]*(?:SELECT|WITH)\b/i.test(bareStatement(sql));
}

/** Splits at row boundaries into pieces of about `bytesMax`. */
export function* cutRows(data: Buffer, bytesMax: number): Generator<Buffer> {
  let start = 0;
  while (start < data.length) {
    let end = data.length;
    if (end - start > bytesMax) {
      const before = data.lastIndexOf(10, start + bytesMax - 1);
      const after = before >= start ? before : data.indexOf(10, start + bytesMax);
      if (after !== -1) end = after + 1;
    }
    yield data.subarray(start, end);
    start = end;
  }
}

export function quote(value: string): string {
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}
