import { expect, it } from 'vitest';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

/** The order is in the book, and lookups do not see it for two seconds. */
async function lookupLag(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await bed.control('lookup_lag', { ms: 4_000 });
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 6_000 });
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'accept_then_reset', times: 1 });
  await bed.signal('0.05');
  await bed.until('the order is placed', async () => (await bed.placements()).length > 0);
  await bed.quiet();
  const missed = (await bed.requests()).filter(({ method, path, status }) => method === 'GET' && path.endsWith('/order') && status >= 400);
  if (mutant === undefined) faultProven(missed.length > 0, `${missed.length} lookups did not see an order that exists`);
  expect(await bed.placements()).toHaveLength(1);
  expect(bed.orders().map(({ order }) => order.status)).toEqual(['FILLED']);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

/** The request never reached the venue: absent on evidence only, and until then whole in the limits. */
async function trueLoss(): Promise<void> {
  const bed = await startExecutionBed();
  await bed.startReady();
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'drop', times: 1 });
  await bed.signal('0.05');
  await bed.until('the outcome is unknown', () => bed.orders()[0]?.order.status === 'UNKNOWN');
  faultProven((await bed.placements())[0]!.fault === 'drop', 'the request was dropped before the book');
  const sentMs = bed.orders()[0]!.sentTimeMs;
  await bed.until('it is proven absent', () => bed.orders()[0]?.order.status === 'NOT_PLACED', 40_000);
  const { order } = bed.orders()[0]!;
  // timestamp + recvWindow + 10 s + lookup lag
  expect(order.updatedTimeMs - sentMs).toBeGreaterThan(13_000);
  expect(order.reason).toContain('lookups, open orders and trades do not know it');
  expect(await bed.placements()).toHaveLength(1);
  await bed.signal('0.05');
  await bed.until('a new decision trades', () => bed.orders().some((one) => one.order.status === 'FILLED'));
  await bed.quiet();
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('EX-03a: a lookup that lags does not make an order absent', () => lookupLag());
it('EX-03b: a lost request becomes NOT_PLACED on evidence, and only a new decision tries again', () => trueLoss());
it('EX-03: and the test fails when the first missing lookup counts', () => mutantFailed('absence is concluded at once', () => lookupLag('absent-at-once')));
