import type { FlatCommandDeps } from '../cli/flat.ts';
import type { OutputStreams } from '../cli/output.ts';
import { errorCode, TouchstoneError } from '../core/errors.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { createDurable } from '../infra/durable.ts';
import { type Environment, readEnvironment } from '../infra/env.ts';
import { createLog, silentLog } from '../infra/log.ts';
import { flattenAccount, type FlattenRequest, writeHalt } from '../streams/flatten.ts';
import { openTradingStates, wireFlatten } from './execution-wiring.ts';

const TEMPORAL_TIMEOUT_MS = 4_000;

/**
 * `flat` and `resume`. The halt comes first and needs the control store only. Then the workflow `flatten` is started, so that the
 * work goes on if this terminal dies, and the same work is done in this process, so that it does not wait for Temporal or a
 * worker: the lease lets one of them act, and the other finds the account flat.
 */
export function createFlatCommandDeps(streams: OutputStreams, actor: string): FlatCommandDeps {
  return {
    streams,
    actor,
    halt(request) {
      const environment = readEnvironment();
      checkAccount(environment, request.account);
      const tradingStates = openTradingStates(environment, systemClock);
      try {
        const { crashAt, mutant } = environment;
        writeHalt({ tradingStates, durable: createDurable(crashAt), ...(mutant !== undefined && { mutant }) }, request);
      } finally {
        tradingStates.close();
      }
    },
    async flatten(request, onProgress) {
      const environment = readEnvironment();
      const noAnswer = sleep(TEMPORAL_TIMEOUT_MS).then(() => 'without Temporal (no answer)');
      const started = Promise.race([startWorkflowToo(environment, request), noAnswer]).then(onProgress);
      const tradingStates = openTradingStates(environment, systemClock);
      try {
        const log = process.stderr.isTTY ? silentLog : createLog('flat', environment.logLevel);
        const deps = wireFlatten(environment, loadConfiguration(environment.configDir), request.account, {
          clock: systemClock,
          log,
          tradingStates,
        });
        return await flattenAccount(deps, request, onProgress);
      } finally {
        await started;
        tradingStates.close();
      }
    },
    resume({ account, reason, by }) {
      const environment = readEnvironment();
      checkAccount(environment, account);
      const tradingStates = openTradingStates(environment, systemClock);
      try {
        return tradingStates.setTradingState(account, 'ACTIVE', reason, by);
      } finally {
        tradingStates.close();
      }
    },
  };
}

/** A typing error must not look like a halt. */
function checkAccount(environment: Environment, account: string): void {
  const { accounts } = loadConfiguration(environment.configDir).system;
  if (!accounts.some(({ name }) => name === account)) throw new TouchstoneError('UNKNOWN_ACCOUNT', `no account "${account}" in touchstone.yaml`);
}

/** @returns a line for the person; never throws, because nothing may stand in the way of FLAT ALL */
async function startWorkflowToo(environment: Environment, { account, reason, by }: FlattenRequest): Promise<string> {
  const { temporalAddress: address, temporalNamespace: namespace } = environment;
  const { lazyTemporal } = await import('../infra/temporal-connection.ts');
  const { startWorkflow } = await import('../infra/temporal.ts');
  const temporal = lazyTemporal({ address, namespace });
  try {
    const client = await temporal.connect();
    const start = { type: 'flatten', taskQueue: 'control', workflowId: `flatten-${account}`, input: { account, reason, by } } as const;
    await client.withAbortSignal(AbortSignal.timeout(TEMPORAL_TIMEOUT_MS), () => startWorkflow(client, start));
    return `workflow flatten-${account} started as well`;
  } catch (error) {
    return errorCode(error) === 'ALREADY_RUNNING' ? `workflow flatten-${account} is at it already` : `without Temporal (${errorCode(error)})`;
  } finally {
    await temporal.close();
  }
}
