import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStrategy, registerNew } from '../../../cli/new.ts';
import { runProgram } from '../../../cli/program.ts';
import { constantName, withPage, withRegistered } from '../../../cli/strategy-scaffold.ts';
import { loadConfiguration, readYaml } from '../../../infra/config.ts';
import { strategyConfig } from '../../../schemas/config.ts';

const run = promisify(execFile);
const made: string[] = [];
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** What a new strategy writes to, … */
const WRITTEN = ['core/strategies', 'config', 'docs/strategies', 'tests/unit/strategies/say.ts'];
/** … and what its code and its tests need besides. */
const WHOLE = ['core', ...WRITTEN.slice(1), 'tests/unit/strategies/laws.test.ts', 'tsconfig.json', 'biome.json', 'package.json'];

function checkout(paths = WRITTEN): string {
  const dir = mkdtempSync(join(tmpdir(), 'touchstone-new-'));
  made.push(dir);
  mkdirSync(join(dir, 'tests/unit/strategies'), { recursive: true });
  for (const path of paths) cpSync(path, join(dir, path), { recursive: true });
  return dir;
}

const registryOf = (dir: string) => readFileSync(join(dir, 'core/strategies/registry.ts'), 'utf8');

/** Every file with its text, but for the packages. */
function contents(dir: string): Record<string, string> {
  const files = readdirSync(dir)
    .filter((name) => name !== 'node_modules')
    .flatMap((name) =>
      statSync(join(dir, name)).isFile() ? [name] : readdirSync(join(dir, name), { recursive: true }).map((path) => join(name, String(path))),
    )
    .filter((path) => statSync(join(dir, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(dir, path), 'utf8')]));
}

async function touchstone(rootDir: string, ...args: string[]) {
  let stdout = '';
  let stderr = '';
  const write = (text: string) => {
    stdout += text;
  };
  const streams = { stdout: { write }, stderr: process.stderr };
  const status = await runProgram(args, [(program) => registerNew(program, { streams, rootDir })], '1', {
    stdout: { write },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
  });
  return { status, stdout, stderr };
}

describe('touchstone new strategy', () => {
  const shared = { dir: '' };
  const inShared = (tool: string, ...args: string[]) => run(process.execPath, [`node_modules/${tool}`, ...args], { cwd: shared.dir });
  const created = [
    'core/strategies/gap-fade.ts',
    'config/strategies/library/gap-fade.yaml',
    'tests/unit/strategies/gap-fade.test.ts',
    'docs/strategies/gap-fade.md',
  ];
  const changed = ['docs/strategies/README.md', 'core/strategies/registry.ts'];

  beforeAll(async () => {
    shared.dir = checkout(WHOLE);
    symlinkSync(resolve('node_modules'), join(shared.dir, 'node_modules'));
    const { status, stdout } = await touchstone(shared.dir, 'new', 'strategy', 'gap-fade', '--json');
    expect([status, JSON.parse(stdout)]).toEqual([0, { created, changed }]);
  });

  it('writes four files and lists the strategy in the registry and among the pages, changing nothing else', () => {
    const before = contents(checkout(WHOLE));
    const after = contents(shared.dir);
    const differing = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(differing.sort()).toEqual([...created, ...changed].sort());
    const added = (path: string) => after[path]!.split('\n').filter((line) => !before[path]!.split('\n').includes(line));
    expect(added('core/strategies/registry.ts')).toEqual(["import { gapFade } from './gap-fade.ts';", '  gapFade,']);
    expect(added('docs/strategies/README.md')).toEqual(['| [gap-fade](gap-fade.md) | Long above an EMA, flat below it | bars |']);
  });

  it('the code and its test pass the compiler, which does check them', { timeout: 30_000 }, async () => {
    const include = [...created.filter((path) => path.endsWith('.ts')), 'core/strategies/registry.ts'];
    writeFileSync(join(shared.dir, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include }));
    await inShared('typescript/bin/tsc', '-p', 'tsconfig.new.json');
    const path = join(shared.dir, created[0]!);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('new Ema(parameters.period!)', "new Ema('ten')"));
    await expect(inShared('typescript/bin/tsc', '-p', 'tsconfig.new.json')).rejects.toMatchObject({ stdout: expect.stringContaining('gap-fade.ts') });
    writeFileSync(path, text);
  });

  it('they are formatted and free of lint', { timeout: 30_000 }, async () => {
    const files = [...created.filter((path) => path.endsWith('.ts')), 'core/strategies/registry.ts'];
    await inShared('@biomejs/biome/bin/biome', 'ci', '--vcs-enabled=false', ...files);
  });

  it('its own test passes, and the laws of every strategy hold for it', { timeout: 30_000 }, async () => {
    await inShared('vitest/vitest.mjs', 'run', '--root', '.', '--reporter=json', '--outputFile=report.json', '-t', '^gap-fade ', 'tests/unit/strategies');
    const report = JSON.parse(readFileSync(join(shared.dir, 'report.json'), 'utf8')) as { numPassedTests: number; numFailedTests: number };
    expect([report.numPassedTests, report.numFailedTests]).toEqual([5, 0]);
  });

  it('its configuration and the example of its page parse; nothing runs it until the file is moved', () => {
    const path = join(shared.dir, created[1]!);
    const config = readYaml(path, strategyConfig);
    expect([config.name, config.type]).toEqual(['gap-fade', 'gap-fade']);
    const page = readFileSync(join(shared.dir, created[3]!), 'utf8');
    expect(readFileSync(path, 'utf8')).toContain(/```yaml\n([\s\S]*?)```/.exec(page)![1]!);
    const names = () => loadConfiguration(join(shared.dir, 'config')).strategies.map(({ name }) => name);
    expect(names()).not.toContain('gap-fade');
    cpSync(path, join(shared.dir, 'config/strategies/gap-fade.yaml'));
    expect(names()).toContain('gap-fade');
    rmSync(join(shared.dir, 'config/strategies/gap-fade.yaml'));
  });

  it('says what it wrote and what comes next', async () => {
    const { status, stdout, stderr } = await touchstone(checkout(), 'new', 'strategy', 'other');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('wrote core/strategies/other.ts\n');
    expect(stdout).toContain('added it to core/strategies/registry.ts\n');
    expect(stdout).toContain('--strategy config/strategies/library/other.yaml');
  });

  describe('refuses with one line, and leaves everything as it was', () => {
    const spoil = (path: string, edit: (text: string) => string) => (dir: string) =>
      writeFileSync(join(dir, path), edit(readFileSync(join(dir, path), 'utf8')));
    const registry = 'core/strategies/registry.ts';
    const nothing = () => undefined;
    it.each<[what: string, code: string, name: string, spoiled: (dir: string) => unknown]>([
      ['an upper-case name', 'BAD_NAME', 'GapFade', nothing],
      ['a path', 'BAD_NAME', '../evil', nothing],
      ['a double dash', 'BAD_NAME', 'gap--fade', nothing],
      ['a digit first', 'BAD_NAME', '4x', nothing],
      ['a name of 41 letters', 'BAD_NAME', 'a'.repeat(41), nothing],
      ['no name at all', 'BAD_NAME', '', nothing],
      ['a line break', 'BAD_NAME', 'gap\nfade', nothing],
      ['a word of the language', 'BAD_NAME', 'delete', nothing],
      ['a name that says nothing', 'BAD_NAME', 'trade-helper', nothing],
      ['a name that the registry uses', 'BAD_NAME', 'find', nothing],
      ['a strategy that there is', 'FILE_EXISTS', 'grid', nothing],
      ['a file of the same folder', 'FILE_EXISTS', 'runner', nothing],
      [
        'one whose configuration is there',
        'FILE_EXISTS',
        'gap-fade',
        (dir) => cpSync(join(dir, 'config/touchstone.yaml'), join(dir, 'config/strategies/library/gap-fade.yaml')),
      ],
      ['one whose page is there', 'FILE_EXISTS', 'gap-fade', (dir) => writeFileSync(join(dir, 'docs/strategies/gap-fade.md'), '')],
      ['a registry without its table', 'BAD_REGISTRY', 'gap-fade', spoil(registry, (text) => text.replace('const SINGLE:', 'const TABLE:'))],
      ['a registry with two tables', 'BAD_REGISTRY', 'gap-fade', spoil(registry, (text) => `${text}${/^const SINGLE[\s\S]*?^\];\n/m.exec(text)![0]}`)],
      ['a table on one line', 'BAD_REGISTRY', 'gap-fade', spoil(registry, (text) => text.replace(/= \[\n[\s\S]*?\n\];/, '= [trendFollowing];'))],
      ['a registry without imports', 'BAD_REGISTRY', 'gap-fade', spoil(registry, (text) => text.replace(/^import .*\n/gm, ''))],
      ['no registry', 'BAD_REGISTRY', 'gap-fade', (dir) => rmSync(join(dir, registry))],
      ['a list of pages without a table', 'BAD_INDEX', 'gap-fade', spoil('docs/strategies/README.md', () => '# Strategies\n')],
    ])('%s: %s', async (_what, code, name, spoiled) => {
      const dir = checkout();
      spoiled(dir);
      const before = contents(dir);
      const { status, stdout, stderr } = await touchstone(dir, 'new', 'strategy', name);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(new RegExp(`^error ${code}: [^\n]+\n$`));
      expect(contents(dir)).toEqual(before);
    });

    it('a file that cannot be written takes those before it with it', () => {
      const dir = checkout();
      // A file stands where the last one's folder has to be made: the page is the fourth to be written.
      rmSync(join(dir, 'tests/unit/strategies'), { recursive: true });
      writeFileSync(join(dir, 'tests/unit/strategies'), 'not a folder');
      const before = contents(dir);
      expect(() => createStrategy(dir, 'gap-fade')).toThrow(expect.objectContaining({ code: 'CANNOT_WRITE' }));
      expect(contents(dir)).toEqual(before);
    });
  });

  it('two after each other are both listed', () => {
    const dir = checkout();
    for (const name of ['aaa', 'zz-9']) createStrategy(dir, name);
    const registry = registryOf(dir);
    expect(registry.indexOf("'./aaa.ts'")).toBeLessThan(registry.indexOf("'./alpha-1.ts'"));
    expect(registry.indexOf("'./zz-9.ts'")).toBeGreaterThan(registry.indexOf("'./trend-following.ts'"));
    expect(registry).toMatch(/ {2}aaa,\n {2}zz9,\n\];/);
    expect(existsSync(join(dir, 'docs/strategies/zz-9.md'))).toBe(true);
  });
});

it('names and texts by hand', () => {
  expect(['gap-fade', 'alpha-4', 'x'].map(constantName)).toEqual(['gapFade', 'alpha4', 'x']);
  const registry = "import { a } from './a.ts';\nimport { c } from './c.ts';\n\nconst SINGLE: readonly StrategyDefinition[] = [\n  a,\n  c,\n];\n";
  expect(withRegistered(registry, 'b')).toBe(
    "import { a } from './a.ts';\nimport { b } from './b.ts';\nimport { c } from './c.ts';\n\nconst SINGLE: readonly StrategyDefinition[] = [\n  a,\n  c,\n  b,\n];\n",
  );
  expect(withPage('| [a](a.md) | x | bars |\n\n## B\n', 'b')).toBe(
    '| [a](a.md) | x | bars |\n| [b](b.md) | Long above an EMA, flat below it | bars |\n\n## B\n',
  );
});
