import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reader of reference cases of format `golden/1`: inputs inline or from a CSV column, expected outputs with tolerances. */
export interface GoldenCase {
  readonly id: string;
  readonly fn: string;
  readonly params: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly tolerance: Tolerance;
  readonly toleranceBy?: Readonly<Record<string, Partial<Tolerance>>>;
  /** Indices not compared, by output: ties that rounding decides. */
  readonly ignore?: Readonly<Record<string, readonly number[]>>;
}

interface Tolerance {
  readonly abs: number;
  readonly rel: number;
  /** One-sided: as good as the expected value or better, e.g. the log-likelihood of a fit. */
  readonly mode?: 'atLeast' | 'atMost';
}

/** An adapter only renames: it calls the function that the system itself uses. */
export type Adapter = (params: Readonly<Record<string, number>>, inputs: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** Groups whose functions are those of `core`, and of the validation that goes with it. */
export const CORE_GROUPS = ['indicators', 'microstructure', 'risk', 'validation', 'portfolio', 'regime', 'execution', 'accounting'] as const;

const OWN_CASES = new URL('cases', import.meta.url).pathname;

/** The cases of the named groups, e.g. `indicators`; files lie beside this one, in `cases/`. */
export function loadGoldenCases(...groups: readonly string[]): readonly GoldenCase[] {
  return loadFrom(OWN_CASES, groups);
}

/** Cases of a directory of reference cases whose data may not be copied; none where there is no such directory. */
export function loadOutsideCases(directory: string, dataFile: string, ...groups: readonly string[]): readonly GoldenCase[] {
  return existsSync(join(directory, dataFile)) ? loadFrom(directory, groups, dataFile) : [];
}

function loadFrom(directory: string, groups: readonly string[], onlyWithFile = ''): readonly GoldenCase[] {
  const cases = groups.flatMap((group) => (JSON.parse(readFileSync(join(directory, `${group}.json`), 'utf8')) as { cases: GoldenCase[] }).cases);
  const chosen = cases.filter((golden) => JSON.stringify(golden.inputs).includes(onlyWithFile));
  return chosen.map((golden) => ({
    ...golden,
    inputs: Object.fromEntries(Object.entries(golden.inputs).map(([key, value]) => [key, readInput(directory, value)])),
  }));
}

/** A column of a CSV file, or with `cols: all` the whole table. */
function readInput(directory: string, value: unknown): unknown {
  const reference = value as { $csv?: string; col?: string; cols?: 'all'; transform?: 'log' } | null;
  if (typeof reference !== 'object' || reference?.$csv === undefined) return value;
  const [header, ...rows] = readFileSync(join(directory, reference.$csv), 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const cell = (text: string | undefined) => (Number.isNaN(Number(text)) ? text : Number(text));
  if (reference.cols === 'all') return { columns: header, rows: rows.map((row) => row.map(cell)) };
  const column = header!.indexOf(reference.col!);
  if (column < 0) throw new Error(`${reference.$csv} has no column ${reference.col}`);
  const values = rows.map((row) => cell(row[column]));
  return reference.transform === 'log' ? values.map((value) => Math.log(value as number)) : values;
}

/** Paths and values that differ; empty when the case holds. */
export function differences(golden: GoldenCase, actual: Readonly<Record<string, unknown>>): readonly string[] {
  const found: string[] = [];
  for (const [key, expected] of Object.entries(golden.expected)) {
    const tolerance = { ...golden.tolerance, ...golden.toleranceBy?.[key] };
    compare(expected, actual[key], tolerance, key, new Set(golden.ignore?.[key]), found);
  }
  return found;
}

function compare(expected: unknown, actual: unknown, tolerance: Tolerance, path: string, ignored: ReadonlySet<number>, found: string[]): void {
  if (expected === null) {
    if (actual !== null && actual !== undefined && !Number.isNaN(actual)) found.push(`${path}: want undefined, got ${actual}`);
  } else if (typeof expected === 'number') {
    const limit = tolerance.abs + tolerance.rel * Math.abs(expected);
    const difference = (actual as number) - expected;
    const distance = tolerance.mode === 'atLeast' ? -difference : tolerance.mode === 'atMost' ? difference : Math.abs(difference);
    if (!(distance <= limit)) found.push(`${path}: want ${expected}, got ${actual}`);
  } else if (typeof expected === 'object') {
    const items = actual as Record<string, unknown> | undefined;
    if (Array.isArray(expected) && expected.length !== (actual as ArrayLike<unknown> | undefined)?.length) {
      found.push(`${path}: want ${expected.length} values`);
      return;
    }
    for (const [key, value] of Object.entries(expected)) {
      if (!ignored.has(Number(key))) compare(value, items?.[key], tolerance, `${path}.${key}`, new Set(), found);
    }
  } else if (expected !== actual) {
    found.push(`${path}: want ${expected}, got ${actual}`);
  }
}
