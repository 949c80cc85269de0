import { inject } from 'vitest';
import { type Environment, readEnvironment } from '../../infra/env.ts';

/** The private stack of this test run, with changes of the test's own (its own `TOUCHSTONE_HOME` for a ledger, say). */
export function stackEnvironment(changes: Readonly<Record<string, string>> = {}): Environment {
  return readEnvironment(stackVariables(changes));
}

/** The same as variables, for child processes. */
export function stackVariables(changes: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { ...inject('stackVariables'), ...changes };
}
