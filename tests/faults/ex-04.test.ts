import { expect, it } from 'vitest';
import { parseDecimal } from '../../core/market/decimal.ts';
import { sleep } from '../../infra/clock.ts';
import { ETH, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const FILLS = 37;
const BEFORE_CANCEL = 30;

/**
 * 37 part fills, each told twice by the stream and again by polling. A cancel goes out after the 30th and its answer is lost:
 * either the venue never got it, and seven more fills come, or it took it, and none can.
 */
async function partFills(cancel: 'drop' | 'accept_then_reset', mutant?: string): Promise<void> {
  const bed = await startExecutionBed({ timeInForce: 'GTC' });
  bed.quoted[ETH] = PRICES[ETH]! * 0.97;
  await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  await bed.control('fault', { match: { stream: 'user' }, do: 'ws_duplicate', forMs: 120_000 });
  await sleep(1_500);
  await bed.signal('0.74', { instrument: ETH, maxAgeMs: 120_000 });
  await bed.until('the order rests', () => bed.orders()[0]?.order.status === 'OPEN');
  const price = Number(bed.orders()[0]!.order.price);
  // Trades through the price reach the order whatever is queued before it; it fills at its own price.
  const sell = (count: number) =>
    bed.control(
      'emit',
      Array.from({ length: count }, () => ({ symbol: 'ETHUSDT', price: price - 0.01, qty: 0.02, side: 'sell' })),
    );
  await sell(BEFORE_CANCEL);
  await bed.until('the venue has told all of them', () => bed.orders()[0]!.trades.size >= BEFORE_CANCEL);
  // Their repetitions come right behind.
  await sleep(500);
  expect(bed.orders()[0]!.trades.size).toBe(BEFORE_CANCEL);
  await bed.control('fault', { match: { method: 'DELETE', path: '/order' }, do: cancel, times: cancel === 'drop' ? 1_000 : 1 });
  await bed.signal('0', { instrument: ETH, strategy: 'other' });
  const isLost = async () => (await bed.requests()).some(({ method, fault }) => method === 'DELETE' && fault === cancel);
  await bed.until('the cancel is lost', isLost);
  await sell(FILLS - BEFORE_CANCEL);
  await bed.quiet();
  if (mutant === undefined)
    faultProven(await isLost(), `the answer to a cancel was lost (${cancel}) between the fills ${BEFORE_CANCEL} and ${BEFORE_CANCEL + 1}`);
  const { order, trades } = bed.orders().find((one) => one.order.side === 'buy')!;
  const count = cancel === 'drop' ? FILLS : BEFORE_CANCEL;
  expect(trades.size).toBe(count);
  expect(order).toMatchObject({ status: cancel === 'drop' ? 'FILLED' : 'CANCELED', averagePrice: String(price) });
  expect(parseDecimal(order.filledQty)).toBe(parseDecimal('0.02') * BigInt(count));
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it.each(['drop', 'accept_then_reset'] as const)('EX-04: part fills, told twice and racing a cancel (%s), are each booked once', (cancel) => partFills(cancel));
it('EX-04: and the test fails when fills have no identity', () => mutantFailed('fills have no identity', () => partFills('drop', 'no-fill-identity')));
