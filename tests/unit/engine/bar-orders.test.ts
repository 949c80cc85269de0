import { describe, expect, it } from 'vitest';
import { type BarOrder, BarOrders, toTick } from '../../../core/engine/bar-orders.ts';
import type { Ohlcv } from '../../../core/market/events.ts';

const BAR: Ohlcv = { openTimeMs: 1_000, open: 100, high: 105, low: 95, close: 102, volume: 1 };

function order(type: BarOrder['type'], signedLots: number, price = Number.NaN): BarOrder {
  return { type, signedLots, price, createdTimeMs: 0, status: 'OPEN' };
}

/** What one order does in one bar: `price, maker` or nothing. */
function inOneBar(submitted: BarOrder, bar = BAR, slippageBps = 0): unknown[] {
  const fills: unknown[] = [];
  const orders = new BarOrders(slippageBps, 0.01, (_order, price, isMaker) => fills.push([price, isMaker ? 'maker' : 'taker']));
  orders.submit(submitted);
  orders.onBar(bar);
  return fills;
}

describe('orders against a bar', () => {
  it.each([
    ['a market buy', order('market', 1), [[100, 'taker']]],
    ['a market sell', order('market', -1), [[100, 'taker']]],
    ['a limit buy that the bar trades through', order('limit', 1, 96), [[96, 'maker']]],
    ['a limit buy at the very low', order('limit', 1, 95), []],
    ['a limit buy above the open', order('limit', 1, 101), [[100, 'taker']]],
    ['a limit sell that the bar trades through', order('limit', -1, 104), [[104, 'maker']]],
    ['a limit sell at the very high', order('limit', -1, 105), []],
    ['a stop sell that is touched', order('stop', -1, 95), [[95, 'taker']]],
    ['a stop sell below the bar', order('stop', -1, 94), []],
    ['a stop sell above the open: the market gapped', order('stop', -1, 101), [[100, 'taker']]],
    ['a stop buy that is touched', order('stop', 1, 105), [[105, 'taker']]],
  ])('%s', (_what, submitted, expected) => {
    expect(inOneBar(submitted)).toEqual(expected);
  });

  it('slippage worsens market and stop prices, to the next worse tick, and never limits', () => {
    expect(inOneBar(order('market', 1), BAR, 3)).toEqual([[100.03, 'taker']]);
    expect(inOneBar(order('market', -1), { ...BAR, open: 100.01 }, 1)).toEqual([[99.99, 'taker']]);
    expect(inOneBar(order('stop', -1, 96), BAR, 10)).toEqual([[95.9, 'taker']]);
    expect(inOneBar(order('limit', 1, 96), BAR, 10)).toEqual([[96, 'maker']]);
  });

  it('works until it fills or is canceled, and counts as open meanwhile', () => {
    const fills: number[] = [];
    const orders = new BarOrders(0, 0.01, (_order, price) => fills.push(price));
    orders.submit(order('limit', 3, 90));
    orders.submit(order('limit', -2, 110));
    orders.onBar(BAR);
    expect([orders.openLots('buy'), orders.openLots('sell'), orders.isIdle]).toEqual([3, 2, false]);
    orders.cancel(({ signedLots }) => signedLots < 0);
    orders.onBar({ ...BAR, low: 89 });
    expect([fills, orders.isIdle]).toEqual([[90], true]);
  });
});

it('ticks are the decimals they look like', () => {
  expect(toTick(0.1 + 0.2, 0.01, Math.round, 0)).toBe(0.3);
  expect(toTick(1.0049, 0.01, Math.ceil, -1e-9)).toBe(1.01);
  expect(toTick(1.1, 0.01, Math.ceil, -1e-9)).toBe(1.1);
  expect(toTick(27, 5, Math.floor, 1e-9)).toBe(25);
});
