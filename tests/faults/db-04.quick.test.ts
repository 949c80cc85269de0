import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sleep } from '../../infra/clock.ts';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

/** Another process holds the ledger's write lock for longer than any wait: no intent can become durable. */
async function ledgerCannotWrite(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  const worker = await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  const dir = join(bed.environment.homeDir, 'ledger');
  mkdirSync(dir, { recursive: true });
  const lock = new DatabaseSync(join(dir, `${bed.account}.db`));
  lock.exec('BEGIN IMMEDIATE');
  try {
    await bed.signal('0.05', { maxAgeMs: 60_000 });
    await sleep(8_000);
    expect(await bed.placements()).toEqual([]);
    const line = await worker.waitForLine('the ledger takes no writes', 10_000);
    expect(line).toContain('HALTED_STORAGE');
    if (mutant === undefined) faultProven(line, 'the ledger refused the intent');
  } finally {
    lock.exec('ROLLBACK');
    lock.close();
  }
  await bed.until('the signal is traded after the repair', () => bed.orders().some(({ order }) => order.status === 'FILLED'), 60_000);
  await bed.quiet();
  expect(await bed.placements()).toHaveLength(1);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('DB-04: without a durable intent nothing is sent, and trading goes on by itself after the repair', () => ledgerCannotWrite());

it('DB-04: and the test fails when the intent is kept in memory only', () =>
  mutantFailed('orders are sent without a durable intent', () => ledgerCannotWrite('volatile-ledger')));
