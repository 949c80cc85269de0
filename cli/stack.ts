import type { Command } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import type { Finding } from '../infra/dev/doctor.ts';
import type { ServerStatus } from '../infra/dev/stack.ts';
import type { Environment } from '../infra/env.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface StackCommandDeps {
  readonly streams: OutputStreams;
  up(report: (line: string) => void): Promise<Environment>;
  down(options: { wipe: boolean }, report: (line: string) => void): Promise<void>;
  status(): Promise<readonly ServerStatus[]>;
  diagnose(): Promise<readonly Finding[]>;
  /** Migrations and topics: what the servers must hold before any worker starts. */
  prepare(environment: Environment): Promise<void>;
  /** Starts every worker under a supervisor that outlives this command. */
  startWorkers(environment: Environment, report: (line: string) => void): Promise<void>;
}

/** `up | down | status | doctor`: the local servers. */
export function registerStack(program: Command, deps: StackCommandDeps): void {
  const { streams } = deps;
  program
    .command('up')
    .description('bring up Temporal, Kafka and ClickHouse on this machine; what runs already is left alone')
    .option('--all', 'and every worker, supervised')
    .option('--json', 'one JSON document')
    .action(async (options: { all?: boolean; json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      const environment = await deps.up(output.line);
      await deps.prepare(environment);
      if (options.all) await deps.startWorkers(environment, output.line);
      output.line(`Temporal's UI: ${environment.temporalUiUrl}   ClickHouse: ${environment.clickhouseUrl}   data: ${environment.homeDir}`);
      output.json(await deps.status());
    });
  program
    .command('down')
    .description('stop what `up` started; the data stay')
    .option('--wipe', 'and remove the data')
    .option('--json', 'one JSON document')
    .action(async (options: { wipe?: boolean; json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      await deps.down({ wipe: options.wipe === true }, output.line);
      output.json(await deps.status());
    });
  program
    .command('status')
    .description('what runs, where, and whether it answers; exit status 1 when something does not')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      const servers = await deps.status();
      output.table(servers.map(({ name, state, address, pid, log }) => ({ server: name, state, address, pid, log })));
      output.json(servers);
      const down = servers.filter(({ healthy }) => !healthy);
      if (down.length > 0) throw new TouchstoneError('NOT_RUNNING', `${down.map(({ name }) => name).join(', ')} not running; run \`touchstone up\``);
    });
  program
    .command('doctor')
    .description('check what this machine has of what is needed')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      const findings = await deps.diagnose();
      for (const { what, ok, found, advice } of findings) output.line(`${ok ? 'ok     ' : 'MISSING'}  ${what}: ${found}${ok ? '' : `\n         ${advice}`}`);
      output.json(findings);
      const missing = findings.filter(({ ok }) => !ok);
      if (missing.length > 0) throw new TouchstoneError('MISSING_PREREQUISITE', missing.map(({ what, advice }) => `${what}: ${advice}`).join('; '));
    });
}
