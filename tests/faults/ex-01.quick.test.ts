import { expect, it } from 'vitest';
import { sleep } from '../../infra/clock.ts';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

/** The venue takes the order and holds its answer; the process dies meanwhile, and is started again. */
async function killBetweenSendAndAck(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  const first = await bed.startReady();
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 4_000 });
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'accept_then_hang', ms: 3_000, times: 1 });
  await bed.signal('0.05');
  await bed.until('the request is held', async () => (await bed.placements()).length === 1);
  await sleep(1_000);
  await first.kill();
  const held = (await bed.placements())[0]!;
  if (mutant === undefined)
    faultProven(held.fault === 'accept_then_hang' && (await first.exited).signal === 'SIGKILL', 'order accepted, answer held, execute killed');

  const second = await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await bed.quiet();
  expect(await bed.placements()).toHaveLength(1);
  expect(second.lines.some((line) => line.includes('looked up an order of unknown outcome') || line.includes('looking it up'))).toBe(true);
  expect(bed.orders().map(({ order }) => order.status)).toEqual(['FILLED']);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('EX-01: a kill between send and answer neither doubles nor loses the order', () => killBetweenSendAndAck());

it('EX-01: and the test fails when an interrupted send is repeated blindly', () =>
  mutantFailed('interrupted sends are repeated', () => killBetweenSendAndAck('blind-resend')));
