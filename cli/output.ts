import cliProgress from 'cli-progress';
import { errorCode, errorMessage } from '../core/errors.ts';

/**
 * How every command speaks. People read lines and tables on standard output; with `--json` one JSON document stands there
 * and nothing else. Progress and errors go to standard error.
 */
export interface Output {
  readonly isJson: boolean;
  /** A line for people; silent with `--json`. */
  line(text: string): void;
  /** Rows as an aligned table for people; silent with `--json`. */
  table(rows: ReadonlyArray<Readonly<Record<string, unknown>>>): void;
  /** The one document; silent without `--json`. */
  json(value: unknown): void;
  progress(label: string, total: number): Progress;
}

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

export interface OutputStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

const silentProgress: Progress = { update: () => {}, stop: () => {} };

export function createOutput(streams: OutputStreams, isJson: boolean): Output {
  const { stdout, stderr } = streams;
  return {
    isJson,
    line: (text) => void (isJson || stdout.write(`${text}\n`)),
    table: (rows) => void (isJson || stdout.write(formatTable(rows))),
    json: (value) => void (isJson && stdout.write(`${JSON.stringify(value, null, 2)}\n`)),
    progress(label, total) {
      if (!stderr.isTTY) return silentProgress;
      const bar = new cliProgress.SingleBar(
        { format: `${label} {bar} {percentage}% {note}`, stream: stderr, hideCursor: true, clearOnComplete: true },
        cliProgress.Presets.shades_classic,
      );
      bar.start(total, 0, { note: '' });
      return { update: (done, note = '') => bar.update(done, { note }), stop: () => bar.stop() };
    },
  };
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Columns from the first row's keys; numbers to the right. */
export function formatTable(rows: ReadonlyArray<Readonly<Record<string, unknown>>>): string {
  if (rows.length === 0) return '(no rows)\n';
  const columns = Object.keys(rows[0]!);
  const cells = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = columns.map((column, i) => Math.min(60, Math.max(column.length, ...cells.map((row) => row[i]!.length))));
  const numeric = columns.map((column) =>
    rows.every((row) => row[column] === null || row[column] === undefined || /^-?[\d.]+(e[+-]?\d+)?$/.test(cell(row[column]))),
  );
  const format = (row: readonly string[]) =>
    row
      .map((text, i) => (numeric[i] ? text.padStart(widths[i]!) : text.slice(0, widths[i]).padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return `${[format(columns), format(widths.map((width) => '─'.repeat(width))), ...cells.map(format)].join('\n')}\n`;
}

/** The one line an error becomes: `error CODE: message`. */
export function errorLine(error: unknown): string {
  return `error ${errorCode(error)}: ${errorMessage(error).replace(/\s*\n\s*/g, ' ')}`;
}
