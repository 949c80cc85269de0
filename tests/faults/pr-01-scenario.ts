import { expect } from 'vitest';
import { sleep } from '../../infra/clock.ts';
import type { DurablePoint } from '../../infra/durable.ts';
import { BTC, ETH, type ExecutionBed, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven } from '../setup/guards.ts';
import { spawnWorker } from '../setup/process.ts';

/** Everything that the path has: fills, an order that rests and is canceled for a newer target, a trade of another hand, a clean stop. */
async function trade(bed: ExecutionBed, isGone: () => boolean): Promise<void> {
  // "prices arrive" speaks of the first instrument only; and the first order must meet the crash alone, not beside the second.
  await sleep(1_000);
  await bed.signal('0.05');
  await bed.until('the first signal is taken, or the process is gone', () => isGone() || bed.signalCount() > 0, 60_000);
  bed.quoted[ETH] = PRICES[ETH]! * 0.97;
  await sleep(1_500);
  await bed.signal('0.5', { instrument: ETH });
  await sleep(500);
  await bed.signal('0.25', { instrument: ETH });
  const hand = await bed.byHand();
  await hand.placeOrder({
    instrument: BTC,
    clientOrderId: `by-hand-${bed.account}`.slice(0, 36),
    side: 'buy',
    type: 'limit',
    timeInForce: 'IOC',
    qty: '0.001',
    price: '62000',
  });
  await sleep(2_000);
}

/**
 * Dies at one crash point while everything happens, is started again, and goes on.
 * @param crashAt `<point>:before` or `<point>:after`
 */
export async function crashAtPoint(crashAt: `${DurablePoint}:${'before' | 'after'}`, mutant?: string): Promise<void> {
  const bed = await startExecutionBed({ timeInForce: 'GTC' });
  const isOfFlat = crashAt.startsWith('halt.');
  const first = isOfFlat ? await bed.startReady() : bed.start({ CRASH_AT: crashAt });
  const isGone = { now: false };
  void first.exited.then(() => {
    isGone.now = true;
  });
  await Promise.race([first.exited, first.waitForLine('prices arrive').catch(() => {})]);
  // The user stream may tell of the fill before the reply to the send does: nothing would be left to send again.
  if (mutant !== undefined) await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 4_000 });
  await trade(bed, () => isGone.now);
  let end = isGone.now ? await first.exited : undefined;
  if (isOfFlat) {
    const flat = spawnWorker('workers/touchstone.ts', { env: { ...bed.variables, CRASH_AT: crashAt }, args: ['flat', '--account', bed.account] });
    end = await flat.exited;
    await first.kill();
  } else if (!end) {
    await first.stop();
    end = await first.exited;
  }
  faultProven(end.signal === 'SIGKILL', `died at ${crashAt}`);

  await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  bed.quoted[ETH] = PRICES[ETH]!;
  // Outlives the search for an order that was made durable and never sent, which takes the venue's whole window.
  await bed.signal('0.02', { maxAgeMs: 60_000 });
  await sleep(500);
  await bed.quiet();
  const { results, duplicateOrders } = await bed.verify();
  // The other hand's coins are in the account and not in the ledger: the venue holds that much more, in base and quote.
  const isOtherHand = (text: string | undefined) => /^(BTC|USDT): ledger/.test(text ?? '');
  expect(results.filter(({ ok, counterExample }) => !ok && !isOtherHand(counterExample))).toEqual([]);
  expect(duplicateOrders).toBe(0);
  expect(bed.orders().filter(({ order }) => order.instrument === BTC && order.status === 'FILLED').length).toBeGreaterThan(0);
}
