import { expect, it } from 'vitest';
import { BTC, ETH, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

/** The user stream stays open and says nothing for 90 s while a resting order is filled three times. */
async function silentStream(mutant?: string): Promise<void> {
  const bed = await startExecutionBed({ timeInForce: 'GTC' });
  bed.quoted[ETH] = PRICES[ETH]! * 0.97;
  const worker = await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await bed.signal('0.5', { instrument: ETH, maxAgeMs: 600_000 });
  await bed.until('the order rests', () => bed.orders()[0]?.order.status === 'OPEN');
  const price = Number(bed.orders()[0]!.order.price);
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 60_000 });
  await bed.control(
    'emit',
    Array.from({ length: 3 }, () => ({ symbol: 'ETHUSDT', price, qty: 0.1, side: 'sell' })),
  );
  const before = bed.positions()[ETH];
  const stale = worker.waitForLine('STREAM_STALE', 30_000).catch(() => undefined);
  await bed.until('polling finds the fills', () => bed.positions()[ETH] !== before, 40_000);
  if (mutant === undefined) faultProven(true, 'fills happened while the stream was open and silent');
  expect(await stale).toBeDefined();
  await bed.signal('0.01', { instrument: BTC, strategy: 'entry' });
  await bed.until('the entry is judged', () => bed.denials().length > 0 || bed.orders().length > 1);
  expect(bed.denials()).toContain('STREAM_STALE');
  // The stream comes back and repeats all of it.
  await new Promise((resolve) => setTimeout(resolve, 35_000));
  await bed.control('emit', [{ symbol: 'ETHUSDT', price, qty: 1, side: 'sell' }]);
  await bed.quiet();
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('EX-07: a silent stream stops entries, polling finds its fills, its return books nothing twice', () => silentStream());
it('EX-07: and the test fails when the stream is trusted', () => mutantFailed('a silent stream is trusted', () => silentStream('no-stream-watch')));
