import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { TouchstoneError } from '../../core/errors.ts';
import { sleep, systemClock } from '../clock.ts';
import { childEnvironment } from '../env.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A process that outlives us. `startTime` tells it from another that was given the same number later. */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
  readonly command: string;
}

const LOG_BYTES_MAX = 20 * 1024 * 1024;
const POLL_MS = 50;

/** When a process began, in the kernel's words; undefined when there is no such process (or only its corpse). */
function startTimeOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      // Field 3 (state) and 22 (start), counted behind the program's name, which may hold blanks and brackets.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\)\s/s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return 'unknown'; // no /proc (macOS): the number alone has to do
  } catch {
    return undefined;
  }
}

export function isAlive(record: ProcessRecord | undefined): record is ProcessRecord {
  return record !== undefined && startTimeOf(record.pid) === record.startTime;
}

export function ownRecord(): ProcessRecord {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? 'unknown', command: process.argv.join(' ') };
}

export function readRecord(path: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
}

/** Opens a log for appending; a large one makes room first, one generation is kept. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** Starts a process of its own session, its output appended to a log file, and writes its record. */
export function startDetached(command: Command, logPath: string, recordPath: string): ProcessRecord {
  mkdirSync(dirname(recordPath), { recursive: true });
  const log = openLog(logPath);
  const child = spawn(command.file, command.args, { detached: true, stdio: ['ignore', log, log], env: childEnvironment(command.env ?? {}) });
  child.on('error', () => {}); // reported below: it has no pid
  const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
  if (child.pid === undefined || startTime === undefined) throw new TouchstoneError('SPAWN_FAILED', `cannot start ${command.file}; see ${logPath}`);
  child.unref();
  const record = { pid: child.pid, startTime, command: [command.file, ...command.args].join(' ') };
  writeFileSync(recordPath, JSON.stringify(record));
  return record;
}

/** SIGTERM, then SIGKILL after `graceMs`. Does nothing when the process is gone or its number belongs to another. */
export async function stopProcess(recordPath: string, graceMs: number): Promise<boolean> {
  const record = readRecord(recordPath);
  if (isAlive(record)) {
    process.kill(record.pid, 'SIGTERM');
    if (!(await waitFor(async () => !isAlive(record), graceMs)) && isAlive(record)) process.kill(record.pid, 'SIGKILL');
    await waitFor(async () => !isAlive(record), 5_000);
  }
  rmSync(recordPath, { force: true });
  return record !== undefined;
}

/** Asks until the answer is true; false when the time is over. */
export async function waitFor(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (systemClock.monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Any free port of the machine, from the range that the kernel gives out. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A program on the search path, as the shell would find it. */
export function findProgram(name: string, searchPath: string): string | undefined {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** Runs a program to its end. @returns its output; @throws TouchstoneError COMMAND_FAILED with the last lines */
export function runProgram(file: string, args: readonly string[], options: { timeoutMs: number; env?: Command['env']; cwd?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment(options.env ?? {}),
      cwd: options.cwd,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk).slice(-100_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (cause) => reject(new TouchstoneError('COMMAND_FAILED', `cannot run ${file}`, { cause })));
    child.once('close', (status) => {
      if (status === 0) return resolve(output);
      reject(
        new TouchstoneError(
          'COMMAND_FAILED',
          `${file} ${args.join(' ')} ended with ${status ?? 'a signal'}: ${output.trim().split('\n').slice(-5).join(' | ')}`,
        ),
      );
    });
  });
}
