import { AssertionError } from 'node:assert';

/**
 * The two guards of every fault test against an empty pass (RELIABILITY C0). Both print their words, which reports look for.
 */

/** Guard (a): the fault really happened. `evidence` is what was seen: a count of hit connections, a held request, an exit by signal. */
export function faultProven(evidence: unknown, what: string): void {
  if (!evidence) throw new AssertionError({ message: `the fault never happened: ${what}` });
  process.stdout.write(`fault proven: ${what}\n`);
}

/**
 * Guard (b): with the protection switched off (`TOUCHSTONE_MUTANT`), the same scenario fails its own assertions. Any other
 * failure, a worker that does not start, say, proves nothing and is passed on.
 */
export async function mutantFailed(what: string, scenario: () => Promise<void>): Promise<void> {
  try {
    await scenario();
  } catch (error) {
    const isAssertion = error instanceof Error && (error.name === 'AssertionError' || (error as { code?: string }).code === 'ERR_ASSERTION');
    if (!isAssertion) throw error;
    process.stdout.write(`mutant failed: ${what}\n`);
    return;
  }
  throw new AssertionError({ message: `the test passes without its protection: ${what}` });
}
