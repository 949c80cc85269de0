import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { errorCode, errorMessage } from '../core/errors.ts';
import type { FlatResult } from '../schemas/http.ts';
import type { Log } from './log.ts';
import { startWorkflow } from './temporal.ts';

export interface StartFlattenDeps {
  connect(): Promise<Client>;
  readonly log: Log;
  readonly homeDir: string;
  /** File of the command line, for `flat --account …`. */
  readonly commandPath: string;
}

const START_TIMEOUT_MS = 4_000;

/**
 * Closes a halted account by the workflow `flatten`; when Temporal does not take it, by `touchstone flat` in a process of its own, which needs
 * the venue and the ledger only and outlives the caller. Never throws.
 */
export function createStartFlatten(deps: StartFlattenDeps): (account: string) => Promise<FlatResult['flatten']> {
  const { connect, log } = deps;
  return async (account) => {
    const workflowId = `flatten-${account}`;
    try {
      const client = await connect();
      const start = { type: 'flatten', taskQueue: 'control', workflowId, input: { account } } as const;
      await client.withAbortSignal(AbortSignal.timeout(START_TIMEOUT_MS), () => startWorkflow(client, start));
      return { way: 'workflow', id: workflowId };
    } catch (error) {
      if (errorCode(error) === 'ALREADY_RUNNING') return { way: 'workflow', id: workflowId };
      log.error({ account, errorCode: errorCode(error), err: errorMessage(error) }, 'Temporal did not start flatten; a process does it');
      return startProcess(deps, account);
    }
  };
}

async function startProcess({ homeDir, commandPath, log }: StartFlattenDeps, account: string): Promise<FlatResult['flatten']> {
  try {
    const logDir = join(homeDir, 'logs');
    mkdirSync(logDir, { recursive: true });
    const logFile = openSync(join(logDir, `flat-${account.replace(/[^a-z0-9_-]/g, '_')}.log`), 'a');
    const child = spawn(process.execPath, [...process.execArgv, commandPath, 'flat', '--account', account], {
      detached: true,
      stdio: ['ignore', logFile, logFile],
    });
    closeSync(logFile);
    await once(child, 'spawn');
    child.unref();
    return { way: 'process', id: String(child.pid) };
  } catch (error) {
    log.error({ account, err: errorMessage(error) }, 'the process did not start either');
    return { way: 'none', reason: errorMessage(error) };
  }
}
