import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { createOutput, type OutputStreams } from './output.ts';
import { requireStrategyName, type ScaffoldFile, strategyFiles, withPage, withRegistered } from './strategy-scaffold.ts';

export interface NewCommandDeps {
  readonly streams: OutputStreams;
  /** Root of the repository that is written to. */
  readonly rootDir: string;
}

const REGISTRY = 'core/strategies/registry.ts';
const INDEX = 'docs/strategies/README.md';

/** `touchstone new strategy NAME`: code, configuration, test and page of a strategy that runs, and its line in the registry. */
export function registerNew(program: Command, deps: NewCommandDeps): void {
  program
    .command('new')
    .description('begin something of your own')
    .command('strategy')
    .description('write the code, configuration, test and page of a new strategy, and list it in the registry')
    .argument('<name>', 'what it is called everywhere, e.g. gap-fade')
    .option('--json', 'one JSON document')
    .action((name: string, options: { readonly json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const written = createStrategy(deps.rootDir, name);
      for (const path of written.created) output.line(`wrote ${path}`);
      for (const path of written.changed) output.line(`added it to ${path}`);
      output.line(`next: put your rule into ${written.created[0]!}, then`);
      output.line(`  npx vitest run --project unit tests/unit/strategies`);
      output.line(`  npx touchstone backtest --strategy ${written.created[1]!} --data DIR --instrument binance:BTC/USDT --html report.html`);
      output.json(written);
    });
}

export interface CreatedStrategy {
  readonly created: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Writes all files of a new strategy, or none: everything is checked and every text made before the first is written, and what was written goes again
 * when a later one fails. The registry is last.
 * @throws TouchstoneError BAD_NAME, FILE_EXISTS, BAD_REGISTRY, BAD_INDEX, CANNOT_WRITE
 */
export function createStrategy(rootDir: string, name: string): CreatedStrategy {
  requireStrategyName(name);
  const files = strategyFiles(name);
  for (const { path } of files) if (existsSync(join(rootDir, path))) throw new TouchstoneError('FILE_EXISTS', `${path} is already there; nothing was written`);
  const changes: readonly ScaffoldFile[] = [
    { path: INDEX, text: withPage(read(rootDir, INDEX, 'BAD_INDEX'), name) },
    { path: REGISTRY, text: withRegistered(read(rootDir, REGISTRY, 'BAD_REGISTRY'), name) },
  ];
  writeAll(rootDir, files, changes);
  return { created: files.map(({ path }) => path), changed: changes.map(({ path }) => path) };
}

function read(rootDir: string, path: string, code: string): string {
  try {
    return readFileSync(join(rootDir, path), 'utf8');
  } catch (cause) {
    throw new TouchstoneError(code, `cannot read ${path}, which a checkout of Touchstone has: ${errorMessage(cause)}`, { cause });
  }
}

function writeAll(rootDir: string, files: readonly ScaffoldFile[], changes: readonly ScaffoldFile[]): void {
  const undo: (() => void)[] = [];
  try {
    for (const { path, text } of files) {
      const target = join(rootDir, path);
      mkdirSync(dirname(target), { recursive: true });
      // `wx`: a file that came in the meantime is not written over, and not removed either.
      writeFileSync(target, text, { flag: 'wx' });
      undo.push(() => rmSync(target));
    }
    for (const { path, text } of changes) {
      const target = join(rootDir, path);
      const before = readFileSync(target);
      replace(target, text);
      undo.push(() => replace(target, before));
    }
  } catch (cause) {
    for (const step of undo.reverse()) step();
    throw new TouchstoneError('CANNOT_WRITE', `${errorMessage(cause)}; what was written has been removed again`, { cause });
  }
}

/** Whole or not at all, also when the machine stops. */
function replace(target: string, content: string | Uint8Array): void {
  const next = `${target}.new`;
  writeFileSync(next, content);
  renameSync(next, target);
}
