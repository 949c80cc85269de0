import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../../infra/temporal.ts';

/**
 * OR-03: a deploy must not break workflows that run. The histories of every type, recorded on a real server (RECORD_HISTORIES=1 with
 * `tests/integration/workflows/every-type.test.ts`), are replayed through the workflow code of today; what it would do differently fails here.
 */
const HISTORIES = resolve('tests/fixtures/histories');
const MUTANTS = resolve('.touchstone/replay-mutants');
const names = readdirSync(HISTORIES)
  .filter((file) => file.endsWith('.bin'))
  .map((file) => basename(file, '.bin'));

function load(name: string) {
  const history = proto.temporal.api.history.v1.History.decode(readFileSync(join(HISTORIES, `${name}.bin`)));
  const started = history.events![0]!.workflowExecutionStartedEventAttributes!;
  return { history, type: started.workflowType!.name!, workflowId: started.workflowId! };
}

async function replay(name: string, bundle: WorkflowBundle): Promise<void> {
  const { history, workflowId } = load(name);
  await Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
}

/** Types that the bundle has and no history covers. */
function uncovered(types: readonly string[], histories: readonly string[]): string[] {
  const covered = new Set(histories.map((name) => load(name).type));
  return types.filter((type) => !covered.has(type));
}

/** The workflow code with one file changed. @throws when the change does not apply, so that a mutant is never the original */
async function mutate(file: string, change: (source: string) => string): Promise<WorkflowBundle> {
  const dir = join(MUTANTS, String(readdirSync(MUTANTS).length), 'workflows');
  cpSync(resolve('workflows'), dir, { recursive: true });
  const path = join(dir, file);
  const source = readFileSync(path, 'utf8');
  const changed = change(source);
  if (changed === source) throw new Error(`the mutation of ${file} does not apply`);
  writeFileSync(path, changed);
  return bundleWorkflows(join(dir, 'index.ts'));
}

const addTimer = (statement: string) => (source: string) =>
  source
    .replace(/^import /m, `import { patched, sleep } from '@temporalio/workflow';\nimport `)
    .replace(/(const input = await resolveInput\([^\n]*\n)/, `$1  ${statement}\n`);
const swap = (a: string, b: string) => (source: string) => source.replace(new RegExp(`${a}|${b}`, 'g'), (found) => (found === a ? b : a));

describe('replay of stored histories', () => {
  let today: WorkflowBundle;
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
    rmSync(MUTANTS, { recursive: true, force: true });
    mkdirSync(MUTANTS, { recursive: true });
    today = await bundleWorkflows();
  }, 60_000);
  afterAll(() => rmSync(MUTANTS, { recursive: true, force: true }));

  it('every workflow type has a history, and one without is found', () => {
    const types = [...readFileSync(resolve('workflows/index.ts'), 'utf8').matchAll(/^export \{ (\w+) \}/gm)].map((match) => match[1]!);
    expect(types.length).toBeGreaterThanOrEqual(11);
    expect(uncovered(types, names)).toEqual([]);
    expect(uncovered([...types, 'brandNew'], names)).toEqual(['brandNew']);
  });

  it.each(names)('%s replays', (name) => replay(name, today), 30_000);

  it('swapped activities are refused', async () => {
    const mutant = await mutate('retrain.ts', swap('prepareTraining', 'trainModel'));
    await expect(replay('retrain-owner', mutant)).rejects.toThrow(DeterminismViolationError);
  }, 60_000);

  it('an added timer is refused', async () => {
    const mutant = await mutate('backtest.ts', addTimer('await sleep(1_000);'));
    await expect(replay('backtest', mutant)).rejects.toThrow(DeterminismViolationError);
  }, 60_000);

  it('the same timer behind patched() passes', async () => {
    const patched = await mutate('backtest.ts', addTimer("if (patched('wait-first')) await sleep(1_000);"));
    await replay('backtest', patched);
  }, 60_000);
});
