import { describe, expect, test } from 'vitest';
import { parseDecimal } from '../../../core/market/decimal.ts';
import type { SubmitOrder } from '../../../core/venue/orders.ts';
import { checkFilters, orderTypeName, parseOrder } from '../../../infra/dev/exchange/rules.ts';
import { instrumentSpec } from '../../../infra/dev/exchange/specs.ts';

const SPEC = instrumentSpec('sim:BTC/USDT');
const read = (params: Record<string, string>) =>
  parseOrder(new URLSearchParams({ side: 'SELL', quantity: '0.5', timeInForce: 'GTC', ...params }), SPEC, 'made-1');

describe('order types by Binance’s names', () => {
  test.each<[string, Record<string, string>, Partial<SubmitOrder>]>([
    ['LIMIT', { price: '60000' }, { type: 'limit' }],
    ['LIMIT_MAKER', { price: '60000' }, { type: 'limit_maker' }],
    ['MARKET', {}, { type: 'market' }],
    ['STOP_LOSS', { stopPrice: '59000' }, { type: 'market', triggerType: 'stop', stopPrice: parseDecimal('59000') }],
    ['STOP_LOSS_LIMIT', { price: '58000', stopPrice: '59000' }, { type: 'stop_loss_limit', stopPrice: parseDecimal('59000') }],
    ['TAKE_PROFIT', { stopPrice: '61000' }, { type: 'market', triggerType: 'takeProfit', stopPrice: parseDecimal('61000') }],
    ['TAKE_PROFIT_LIMIT', { price: '62000', stopPrice: '61000' }, { type: 'limit', triggerType: 'takeProfit', stopPrice: parseDecimal('61000') }],
    ['STOP_LOSS', { trailingDelta: '200' }, { type: 'market', triggerType: 'trailing', callbackBps: 200 }],
    ['STOP_LOSS_LIMIT', { price: '58000', trailingDelta: '200' }, { type: 'limit', triggerType: 'trailing', callbackBps: 200 }],
  ])('%s %j', (name, params, expected) => {
    const order = read({ type: name, ...params });
    expect(order).toMatchObject(expected);
    expect(orderTypeName(order)).toBe(name);
  });

  test('an iceberg says what it shows; no part smaller than a tenth', () => {
    const ice = (icebergQty: string) => read({ type: 'LIMIT', price: '60000', icebergQty });
    expect(ice('0.1').displayQty).toBe(parseDecimal('0.1'));
    expect(ice('0').displayQty).toBeUndefined();
    expect(() => checkFilters(ice('0.05'), SPEC, 60_000, 0)).not.toThrow();
    expect(() => checkFilters(ice('0.04999'), SPEC, 60_000, 0)).toThrow('ICEBERG_PARTS');
    expect(() => checkFilters(ice('0.100001'), SPEC, 60_000, 0)).toThrow('ICEBERG_PARTS');
  });

  test.each<[string, Record<string, string>, number]>([
    ['a type it does not have', { type: 'constructor' }, -1116],
    ['a stop without its price', { type: 'STOP_LOSS' }, -1102],
    ['a distance of a take-profit', { type: 'TAKE_PROFIT', stopPrice: '61000', trailingDelta: '100' }, -1106],
    ['a distance that is no number', { type: 'STOP_LOSS', trailingDelta: '1e3' }, -1100],
  ])('%s is refused', (_name, params, code) => {
    expect(() => read(params)).toThrow(expect.objectContaining({ code }));
  });

  test('a distance stays within the filter', () => {
    const trailing = (trailingDelta: string) => () => checkFilters(read({ type: 'STOP_LOSS', trailingDelta }), SPEC, 60_000, 0);
    expect(trailing('10')).not.toThrow();
    expect(trailing('9')).toThrow('TRAILING_DELTA');
    expect(trailing('2001')).toThrow('TRAILING_DELTA');
  });
});
