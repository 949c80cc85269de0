import { expect, it } from 'vitest';
import { sleep, systemClock } from '../../infra/clock.ts';
import { BTC, ETH, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const SILENT_MS = 45_000;

/** The user stream stays open and says nothing for 45 s while a resting order is filled three times. */
async function silentStream(mutant?: string): Promise<void> {
  const bed = await startExecutionBed({ timeInForce: 'GTC' });
  bed.quoted[ETH] = PRICES[ETH]! * 0.97;
  const worker = await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await sleep(1_500);
  await bed.signal('0.5', { instrument: ETH, maxAgeMs: 600_000 });
  await bed.until('the order rests', () => bed.orders()[0]?.order.status === 'OPEN');
  // A trade through its price reaches the order whatever is queued before it.
  const price = Number(bed.orders()[0]!.order.price) - 0.01;
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: SILENT_MS });
  const silentUntilMs = systemClock.monotonicMs() + SILENT_MS;
  await bed.control(
    'emit',
    Array.from({ length: 3 }, () => ({ symbol: 'ETHUSDT', price, qty: 0.1, side: 'sell' })),
  );
  const before = bed.positions()[ETH];
  const told = ((await bed.control('fills')) as unknown[]).length;
  const stale = worker.waitForLine('STREAM_STALE', 30_000).catch(() => undefined);
  await bed.until('polling finds the fills', () => bed.positions()[ETH] !== before, 40_000);
  if (mutant === undefined) faultProven(told >= 3 && before === undefined, `${told} fills at the venue, none told by the open stream`);
  expect(await stale).toBeDefined();
  await bed.signal('0.01', { instrument: BTC, strategy: 'entry' });
  await bed.until('the entry is judged', () => bed.denials().length > 0 || bed.orders().length > 1);
  expect(bed.denials()).toContain('STREAM_STALE');
  // The stream comes back and tells all of it, late; entries are open again.
  await bed.control('emit', [{ symbol: 'ETHUSDT', price, qty: 1, side: 'sell' }]);
  await bed.until('the rest is filled', () => bed.positions()[ETH] === '0.4995', 60_000);
  await sleep(Math.max(0, silentUntilMs + 1_000 - systemClock.monotonicMs()));
  await bed.signal('0.01', { instrument: BTC, strategy: 'after', maxAgeMs: 60_000 });
  await bed.until('entries are open again', () => bed.orders().some(({ order }) => order.strategy === 'after' && order.status === 'FILLED'), 30_000);
  await bed.quiet();
  expect(((await bed.control('fills')) as unknown[]).length).toBe(5);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('EX-07: a silent stream stops entries, polling finds its fills, its return books nothing twice', () => silentStream());
it('EX-07: and the test fails when the stream is trusted', () => mutantFailed('a silent stream is trusted', () => silentStream('no-stream-watch')));
