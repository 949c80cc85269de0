import { expect, it } from 'vitest';
import { ETH, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const FILLS = 37;
const BEFORE_CANCEL = 30;

/** 37 part fills, each told twice by the stream and once by polling; the answer to a cancel after the 30th is lost, seven fills race it. */
async function partFills(mutant?: string): Promise<void> {
  const bed = await startExecutionBed({ timeInForce: 'GTC' });
  bed.quoted[ETH] = PRICES[ETH]! * 0.97;
  await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_duplicate', forMs: 120_000 });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await bed.signal('0.74', { instrument: ETH, maxAgeMs: 120_000 });
  await bed.until('the order rests', () => bed.orders()[0]?.order.status === 'OPEN');
  const price = Number(bed.orders()[0]!.order.price);
  const sell = (count: number) =>
    bed.control(
      'emit',
      Array.from({ length: count }, () => ({ symbol: 'ETHUSDT', price, qty: 0.02, side: 'sell' })),
    );
  await sell(BEFORE_CANCEL);
  await bed.control('fault', { match: { method: 'DELETE', path: '/order' }, do: 'delay', ms: 300, times: 1 });
  await bed.control('fault', { match: { method: 'DELETE', path: '/order' }, do: 'accept_then_reset', times: 1 });
  await bed.signal('0', { instrument: ETH, strategy: 'other' });
  await sell(FILLS - BEFORE_CANCEL);
  await bed.quiet();
  const fills = ((await bed.control('fills')) as Array<{ symbol: string; isBuyer?: boolean }>).filter(({ symbol }) => symbol === 'ETHUSDT');
  if (mutant === undefined) faultProven(fills.length >= BEFORE_CANCEL, `${fills.length} part fills, each told twice, and a cancel in between`);
  const first = bed.orders().find(({ order }) => order.side === 'buy')!;
  expect(['CANCELED', 'FILLED']).toContain(first.order.status);
  expect(Number(first.order.averagePrice)).toBe(price);
  expect(Number(first.order.filledQty)).toBeLessThanOrEqual(0.74);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('EX-04: part fills, told twice and racing a cancel, are each booked once', () => partFills());
it('EX-04: and the test fails when fills have no identity', () => mutantFailed('fills have no identity', () => partFills('no-fill-identity')));
