import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Holds the import table of docs/ARCHITECTURE.md against the code. `value` and `type` list what a room may import; a name
 * ending in `/` is a prefix. Node's own modules are `node:*`.
 */
interface Room {
  readonly dir: string;
  /** Rooms and packages whose values may be imported. */
  readonly value: readonly string[];
  /** Further ones that may be imported as types only. */
  readonly type?: readonly string[];
}

const TEMPORAL_ACTIVITY = ['@temporalio/activity', '@temporalio/common'];
const PURE_NODE = ['node:crypto', 'node:path', 'node:url', 'node:buffer', 'node:events', 'node:util'];

/** First match wins, so the narrower room stands first. */
const ROOMS: readonly Room[] = [
  { dir: 'core', value: ['core/'] },
  { dir: 'ml', value: ['core/', 'ml/', '@tensorflow/'] },
  { dir: 'schemas', value: ['zod', 'schemas/'], type: ['core/'] },
  { dir: 'streams', value: ['core/', 'ml/', 'schemas/', 'streams/', 'zod', 'ajv', 'fast-xml-parser', 'ipaddr.js', ...PURE_NODE], type: ['infra/'] },
  { dir: 'workflows', value: ['@temporalio/workflow', 'workflows/'], type: ['core/', 'ml/', 'schemas/', 'activities/', '@temporalio/'] },
  {
    dir: 'activities',
    value: ['core/', 'ml/', 'schemas/', 'activities/', 'streams/', 'zod', ...TEMPORAL_ACTIVITY, ...PURE_NODE],
    type: ['infra/', 'workflows/', '@temporalio/'],
  },
  {
    dir: 'dashboard/server',
    value: ['core/', 'ml/', 'schemas/', 'streams/', 'dashboard/server/', 'zod', 'express', 'helmet', 'better-sse', ...PURE_NODE, 'node:http', 'node:fs'],
    type: ['infra/', 'activities/', 'workflows/', '@temporalio/'],
  },
  {
    dir: 'dashboard/web',
    value: ['dashboard/web/', 'react', 'react-dom', 'react/', 'react-dom/', '@tanstack/react-query', 'lightweight-charts', 'vite', '@vitejs/plugin-react'],
    type: ['schemas/', 'dashboard/server/'],
  },
  {
    dir: 'cli',
    value: [
      'core/',
      'ml/',
      'schemas/',
      'streams/',
      'activities/',
      'cli/',
      'zod',
      'commander',
      'cli-progress',
      ...PURE_NODE,
      'node:fs',
      'node:fs/promises',
      'node:readline/promises',
      'node:stream',
      'node:tty',
    ],
    type: ['infra/', 'workflows/'],
  },
  { dir: 'infra/dev', value: ['core/', 'schemas/', 'infra/', 'vendor'] },
  {
    dir: 'infra',
    value: [
      'schemas/',
      'infra/',
      'vendor',
      'core/errors.ts',
      'core/hash.ts',
      'core/random.ts',
      'core/market/',
      'core/indicators/registry.ts',
      'core/execution/lifecycle.ts',
    ],
    type: ['core/', 'ml/', 'streams/', 'activities/'],
  },
  { dir: 'workers', value: ['core/', 'ml/', 'schemas/', 'streams/', 'workflows/', 'activities/', 'infra/', 'dashboard/', 'cli/', 'workers/', 'vendor'] },
];

/** Where the machine's clock, chance and environment may be read. */
const AMBIENT_ALLOWED = new Map<string, readonly RegExp[]>([
  ['infra/clock.ts', [/\bDate\.now\(/, /\bperformance\.now\(/, /\bnew Date\(\)/]],
  ['infra/env.ts', [/\bprocess\.env\b/]],
]);
const AMBIENT = [/\bDate\.now\(/, /\bMath\.random\(/, /\bprocess\.env\b/, /\bnew Date\(\)/];
const BANNED_NAMES = /(^|\/)(utils?|helpers?|common|misc|[a-z-]*(manager|service))\.tsx?$/;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** Imports of a source text, with local ones resolved to paths from the root. */
function importsOf(file: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const resolve = (specifier: string) => (specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier);
  const found: Import[] = [];
  for (const [, typeWord, names, specifier] of code.matchAll(IMPORT)) {
    const inner = /^\{([\s\S]*)\}$/.exec(names?.trim() ?? '')?.[1];
    const allTypes = inner?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false;
    found.push({ target: resolve(specifier!), typeOnly: typeWord !== undefined || allTypes });
  }
  // `typeof import('x')` and `import('x').Type` are types; an awaited or called one is a value.
  for (const match of code.matchAll(DYNAMIC)) {
    const before = code.slice(Math.max(0, match.index - 12), match.index);
    found.push({ target: resolve(match[1]!), typeOnly: /typeof\s+$/.test(before) || !/await\s+$|=>\s*$|\(\s*$|=\s*$|return\s+$/.test(before) });
  }
  return found;
}

function allowed(target: string, list: readonly string[]): boolean {
  const local = /^(core|ml|schemas|streams|workflows|activities|workers|infra|dashboard|cli|tests|bench)\//.test(target);
  return list.some((name) => (name === 'vendor' ? !local : name.endsWith('/') ? target.startsWith(name) : target === name));
}

/** What a file does against the table; empty when it does nothing. */
function violations(file: string, source: string): string[] {
  const room = ROOMS.find((candidate) => file.startsWith(`${candidate.dir}/`));
  if (!room) return [];
  const faults: string[] = [];
  for (const { target, typeOnly } of importsOf(file, source)) {
    const node = builtinModules.includes(target) ? `node:${target}` : target;
    if (allowed(node, room.value) || (typeOnly && allowed(node, room.type ?? []))) continue;
    faults.push(`${file} must not import ${typeOnly ? 'types' : 'values'} of ${target}`);
  }
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
  for (const pattern of AMBIENT) {
    const exempt = AMBIENT_ALLOWED.get(file)?.some((allowedPattern) => allowedPattern.source === pattern.source) || file.startsWith('dashboard/web/');
    if (pattern.test(code) && !exempt)
      faults.push(`${file} reads ${pattern.source.replaceAll('\\b', '').replaceAll('\\', '')}; take a Clock, Rng or Environment`);
  }
  if (/^export default\b/m.test(code) && !file.endsWith('.config.ts')) faults.push(`${file} has a default export`);
  if (BANNED_NAMES.test(file)) faults.push(`${file}: a name that says nothing`);
  return faults;
}

function sourceFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sourceFiles(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

const root = join(import.meta.dirname, '..');
const files = ['core', 'ml', 'schemas', 'streams', 'workflows', 'activities', 'workers', 'infra', 'dashboard', 'cli']
  .filter((dir) => statSync(join(root, dir), { throwIfNoEntry: false }))
  .flatMap((dir) => sourceFiles(join(root, dir)))
  .map((path) => relative(root, path));

function cycles(): string[] {
  const graph = new Map(
    files.map(
      (file) =>
        [
          file,
          importsOf(file, readFileSync(join(root, file), 'utf8'))
            .filter((i) => !i.typeOnly)
            .map((i) => i.target),
        ] as const,
    ),
  );
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const target of graph.get(file) ?? []) if (graph.has(target)) visit(target, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  return found;
}

describe('architecture', () => {
  it('every import, clock, random number, environment variable and export keeps to the table', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('no import cycles', () => {
    expect(cycles()).toEqual([]);
  });

  it('no file is two things: under 500 lines', () => {
    const long = files.map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const).filter(([, lines]) => lines > 500);
    expect(long).toEqual([]);
  });

  const planted: [what: string, file: string, source: string, names: RegExp][] = [
    ['core importing a vendor', 'core/x.ts', `import { z } from 'zod';`, /zod/],
    ['core importing infra', 'core/x.ts', `import type { Clock } from '../infra/clock.ts';`, /infra\/clock/],
    ['a stream taking infra by value', 'streams/x.ts', `import { systemClock } from '../infra/clock.ts';`, /values of infra\/clock/],
    ['a multi-line import', 'streams/x.ts', `import {\n  type Clock,\n  systemClock,\n} from '../infra/clock.ts';`, /values of infra\/clock/],
    ['a dynamic import', 'core/x.ts', `const fs = await import('node:fs');`, /node:fs/],
    ['a workflow importing zod', 'workflows/x.ts', `import { z } from 'zod';`, /zod/],
    ['a workflow importing a schema by value', 'workflows/x.ts', `import { stage } from '../schemas/control.ts';`, /schemas\/control/],
    ['the clock', 'streams/x.ts', `const t = Date.now();`, /Date\.now/],
    ['chance', 'ml/x.ts', `const r = Math.random();`, /Math\.random/],
    ['the environment', 'infra/x.ts', `const home = process.env.HOME;`, /process\.env/],
    ['a default export', 'core/x.ts', `export default 1;`, /default export/],
    ['a name that says nothing', 'core/utils.ts', ``, /says nothing/],
  ];
  for (const [what, file, source, names] of planted) {
    it(`a planted violation is found: ${what}`, () => {
      expect(violations(file, source).join('\n')).toMatch(names);
    });
  }

  it('what the table allows passes', () => {
    expect(violations('streams/x.ts', `import type { Clock } from '../infra/clock.ts';\nimport { z } from 'zod';`)).toEqual([]);
    expect(violations('workflows/x.ts', `import { proxyActivities } from '@temporalio/workflow';\nimport type { A } from '../activities/x.ts';`)).toEqual([]);
  });
});
