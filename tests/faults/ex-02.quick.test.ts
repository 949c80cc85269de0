import { expect, it } from 'vitest';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const ANSWERS = [
  { what: 'error -1007', fault: { do: 'accept_then_5xx', status: 400, code: -1007 } },
  { what: 'HTTP 503', fault: { do: 'accept_then_5xx', status: 503, code: -1000 } },
  { what: 'a socket reset', fault: { do: 'accept_then_reset' } },
] as const;

/** The venue fills the order at once and answers with anything but the truth. Its rule lets the same id in again: it is not open. */
async function filledButUnknown({ what, fault }: (typeof ANSWERS)[number], mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 3_000 });
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, ...fault, times: 1 });
  await bed.signal('0.05');
  await bed.until('the order is placed', async () => (await bed.placements()).length > 0);
  await bed.quiet();
  const placements = await bed.placements();
  if (mutant === undefined) faultProven(placements[0]!.fault === fault.do, `order filled at once, answered by ${what}`);
  expect(placements).toHaveLength(1);
  expect(bed.orders().map(({ order }) => order.status)).toEqual(['FILLED']);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it.each(ANSWERS)('EX-02: an order that filled at once and was answered by $what is looked up, not sent again', (answer) => filledButUnknown(answer));

it('EX-02: and the test fails when the unknown is sent again', () =>
  mutantFailed('unknown orders are sent again', () => filledButUnknown(ANSWERS[0], 'blind-resend')));
