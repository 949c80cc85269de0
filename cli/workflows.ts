import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import type { createPromotions } from '../infra/promotions.ts';
import type { createWorkflowClient } from '../infra/workflow-client.ts';
import { approvalRequest, type WorkflowType, workflowInputs } from '../schemas/workflows.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface WorkflowCommandDeps {
  readonly streams: OutputStreams;
  /** Loads and connects Temporal's client; only commands that need it pay for it. */
  openTemporal(): Promise<OpenTemporal>;
  sleep(ms: number): Promise<void>;
}

export interface OpenTemporal {
  readonly workflows: ReturnType<typeof createWorkflowClient>;
  readonly promotions: Pick<ReturnType<typeof createPromotions>, 'decide'>;
  close(): Promise<void>;
}

/** Where people are told to start each type; activities name their queues themselves, so any queue works. */
const CONTROL_TYPES: ReadonlySet<WorkflowType> = new Set(['promote', 'nightly', 'flatten', 'reconcile', 'dailyReport']);
const POLL_MS = 1_000;

interface RunOptions {
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly id?: string;
}

/** `workflow start | status`, and the named ones: `walk-forward`, `evolve`, `retrain`, `promote`, `approve`, `reject`. */
export function registerWorkflows(program: Command, deps: WorkflowCommandDeps): void {
  const workflow = program.command('workflow').description('start and follow workflows');
  workflow
    .command('start')
    .argument('<type>', `one of ${Object.keys(workflowInputs).join(', ')}`)
    .description('start a workflow and wait for its answer')
    .option('--input <json>', 'input; what is left out has its default', '{}')
    .option('--id <id>', 'workflow id; one of an id runs at a time')
    .option('--detach', 'do not wait')
    .option('--json', 'one JSON document')
    .action(async (type: string, options: RunOptions & { input: string }) => {
      if (!(type in workflowInputs))
        throw new TouchstoneError('UNKNOWN_WORKFLOW', `no workflow type "${type}"; there are: ${Object.keys(workflowInputs).join(', ')}`);
      await run(deps, type as WorkflowType, parseJson(options.input), options);
    });
  workflow
    .command('status')
    .argument('<id>', 'workflow id')
    .description('how far a workflow is')
    .option('--json', 'one JSON document')
    .action((id: string, options: { json?: boolean }) =>
      withTemporal(deps, async ({ workflows }) => {
        const output = createOutput(deps.streams, options.json ?? false);
        const progress = await workflows.progress(id);
        output.table([{ id, ...progress }]);
        output.json({ id, ...progress });
      }),
    );

  const researched = (command: Command) =>
    command
      .option('--instrument <name>', 'such as binance:BTC/USDT')
      .option('--interval <interval>', 'of the bars, such as 1h')
      .option('--from <time>', 'ISO 8601 or ms')
      .option('--to <time>', 'ISO 8601 or ms, exclusive')
      .option('--seed <number>', 'of its random numbers', Number)
      .option('--id <id>', 'workflow id')
      .option('--detach', 'do not wait')
      .option('--json', 'one JSON document');

  researched(program.command('walk-forward').description('rolling or anchored folds, chosen in sample, judged out of sample'))
    .option('--strategy <name>', 'of config/strategies')
    .option('--folds <number>', 'test ranges', Number)
    .option('--candidates <number>', 'parameter sets tried on each fold', Number)
    .option('--mode <mode>', 'rolling or anchored')
    .action((options: RunOptions & Record<string, unknown>) => run(deps, 'walkForward', inputOf(options), options));

  researched(program.command('evolve').description('genetic search over strategies and their parameters'))
    .option('--population-size <number>', 'genomes a generation', Number)
    .option('--generations <number>', 'generations', Number)
    .action((options: RunOptions & Record<string, unknown>) => run(deps, 'evolve', inputOf(options), options));

  researched(program.command('retrain').description('train a model on the newest history and register it as a candidate'))
    .option('--model <name>', 'model family')
    .option('--epochs <number>', 'passes over the data', Number)
    .option('--max-bars <number>', 'newest bars used', Number)
    .action((options: RunOptions & Record<string, unknown>) => run(deps, 'retrain', inputOf(options), options));

  program
    .command('promote')
    .argument('[strategy]', 'of config/strategies', 'trend-following')
    .description('gates, evidence, paper, two approvals, canary, live; waits only with --wait')
    .option('--policy <name>', 'of config/policies', 'demo')
    .option('--id <id>', 'workflow id')
    .option('--wait', 'until it is decided and watched to the end')
    .option('--json', 'one JSON document')
    .action((strategy: string, options: { policy: string; id?: string; wait?: boolean; json?: boolean }) =>
      run(deps, 'promote', { strategy, policy: options.policy }, { ...options, detach: !options.wait }),
    );

  for (const decision of ['approve', 'reject'] as const) {
    program
      .command(decision)
      .argument('<id>', 'workflow id of the promotion')
      .description(`${decision} a promotion that waits for people`)
      .requiredOption('--approver <name>', 'who decides')
      .requiredOption('--evidence <hash>', 'hash of the evidence pack that was read')
      .requiredOption('--code <digits>', 'six digits of the authenticator; dead after one use')
      .option('--note <text>', 'why', '')
      .option('--json', 'one JSON document')
      .action((id: string, options: { approver: string; evidence: string; code: string; note: string; json?: boolean }) =>
        withTemporal(deps, async ({ promotions }) => {
          const { approver, evidence, code, note } = options;
          const parsed = approvalRequest.safeParse({ approver, evidenceHash: evidence, code, note });
          if (!parsed.success) throw badInput(decision, parsed.error.issues[0]!);
          // The same act typed again is the same Update, and counts once.
          await promotions.decide(id, approver, { decision, ...parsed.data }, `cli-${decision}-${approver}-${code}`);
          const output = createOutput(deps.streams, options.json ?? false);
          output.line(`${decision === 'approve' ? 'approved' : 'rejected'} by ${approver}`);
          output.json({ id, decision, approver });
        }),
      );
  }
}

async function run(deps: WorkflowCommandDeps, type: WorkflowType, input: object, options: RunOptions): Promise<void> {
  const parsed = workflowInputs[type].safeParse(input);
  if (!parsed.success) throw badInput(type, parsed.error.issues[0]!);
  await withTemporal(deps, async ({ workflows }) => {
    const output = createOutput(deps.streams, options.json ?? false);
    const workflowId = options.id ?? `${type}-${randomUUID().slice(0, 8)}`;
    await workflows.start({ type, taskQueue: CONTROL_TYPES.has(type) ? 'control' : 'research', workflowId, input });
    output.line(`started ${workflowId}`);
    if (options.detach) return output.json({ id: workflowId, type });
    const result = await follow(workflows, deps.sleep, output, workflowId);
    output.line(JSON.stringify(result, null, 2));
    output.json({ id: workflowId, type, result });
  });
}

/** Shows the workflow's own progress until it ends. Ctrl-C ends the watching, not the workflow. */
async function follow(
  workflows: OpenTemporal['workflows'],
  sleep: WorkflowCommandDeps['sleep'],
  output: ReturnType<typeof createOutput>,
  workflowId: string,
): Promise<unknown> {
  const bar = output.progress(workflowId, 100);
  let isOver = false;
  const answer = workflows.result(workflowId).finally(() => {
    isOver = true;
  });
  answer.catch(() => {});
  try {
    while (!isOver) {
      const { stage, done, total } = await workflows.progress(workflowId);
      bar.update(total > 0 ? (100 * done) / total : 0, stage);
      await Promise.race([answer.catch(() => {}), sleep(POLL_MS)]);
    }
    return await answer;
  } finally {
    bar.stop();
  }
}

async function withTemporal(deps: WorkflowCommandDeps, work: (temporal: OpenTemporal) => Promise<void>): Promise<void> {
  const temporal = await deps.openTemporal();
  try {
    await work(temporal);
  } finally {
    await temporal.close();
  }
}

/** Options as the input's fields; `--from` and `--to` are its `fromMs` and `toMs`. */
function inputOf(options: RunOptions & Record<string, unknown>): Record<string, unknown> {
  const { json: _json, detach: _detach, id: _id, from, to, ...fields } = options;
  const instant = (text: unknown) => (/^\d+$/.test(String(text)) ? Number(text) : text);
  return { ...fields, ...(from === undefined ? {} : { fromMs: instant(from) }), ...(to === undefined ? {} : { toMs: instant(to) }) };
}

function parseJson(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new TouchstoneError('BAD_INPUT', `--input is not JSON: ${text.slice(0, 80)}`);
  }
}

function badInput(what: string, issue: { path: PropertyKey[]; message: string }): TouchstoneError {
  return new TouchstoneError('BAD_INPUT', `${what}: ${issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : ''}${issue.message}`);
}
