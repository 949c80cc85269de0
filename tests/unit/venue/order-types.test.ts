import { beforeEach, describe, expect, test } from 'vitest';
import { parseDecimal } from '../../../core/market/decimal.ts';
import { marginBrackets } from '../../../core/portfolio/margin.ts';
import { squareRootImpact } from '../../../core/venue/impact.ts';
import { MarginAccount } from '../../../core/venue/margin-account.ts';
import { createVenue, type SimulatedVenue, type VenueConfig } from '../../../core/venue/matching.ts';
import type { SubmitOrder } from '../../../core/venue/orders.ts';
import { BTC, book, mark, order, say, trade } from './venue-tools.ts';

const CONFIG: VenueConfig = { instruments: [BTC], makerFeeBps: 0, takerFeeBps: 0, latencyMs: 0, balances: { USDT: '100000', BTC: '100' } };
// 99 × 2 and 98 × 5 bid, 101 × 1 and 102 × 3 offered, last trade 100.
const BOOK = book(
  [
    [99, 2],
    [98, 5],
  ],
  [
    [101, 1],
    [102, 3],
  ],
);

function open(config: Partial<VenueConfig> = {}, account?: MarginAccount): SimulatedVenue {
  const venue = createVenue({ ...CONFIG, ...config }, account);
  venue.onMarketEvent(BOOK);
  venue.onMarketEvent(trade('buy', 0.1, 100));
  return venue;
}

function perpetual(): SimulatedVenue {
  const brackets = marginBrackets([{ floorQuote: 0n, capQuote: undefined, maintenanceRate: parseDecimal('0.005') }]);
  return open({}, new MarginAccount({ mode: 'cross', walletQuote: '100000', instruments: [{ name: BTC, leverage: parseDecimal('10'), brackets }] }));
}

let venue: SimulatedVenue;
const submit = (...args: Parameters<typeof order>) => say(venue.submit(order(...args), 1));
const decimals = (text: Readonly<Record<string, string>>): Partial<SubmitOrder> =>
  Object.fromEntries(Object.entries(text).map(([key, value]) => [key, parseDecimal(value)]));

beforeEach(() => {
  venue = open();
});

describe('stop, take-profit and trailing triggers', () => {
  test('a stop-market sell sleeps, wakes at its price and takes what is bid', () => {
    expect(submit('stop', 'sell', '3', undefined, { triggerType: 'stop', ...decimals({ stopPrice: '98.5' }) })).toEqual(['stop new NEW']);
    expect(venue.onMarketEvent(trade('sell', 1, 98.51))).toEqual([]);
    expect(say(venue.onMarketEvent(trade('sell', 1, 98.5)))).toEqual(['stop triggered NEW', 'stop trade PARTIALLY_FILLED 2@99', 'stop trade FILLED 1@98']);
  });

  test('a take-profit wakes on the other side of the price: a sell above, a buy below', () => {
    submit('high', 'sell', '1', undefined, { triggerType: 'takeProfit', ...decimals({ stopPrice: '105' }) });
    submit('low', 'buy', '1', '97', { triggerType: 'takeProfit', ...decimals({ stopPrice: '96' }) });
    expect(venue.onMarketEvent(trade('buy', 1, 104.99))).toEqual([]);
    expect(say(venue.onMarketEvent(trade('buy', 1, 105)))).toEqual(['high triggered NEW', 'high trade FILLED 1@99']);
    // The limit of 97 is below the offer of 101: it rests.
    expect(say(venue.onMarketEvent(trade('sell', 1, 96)))).toEqual(['low triggered NEW']);
  });

  test('a trigger that the price has passed already is refused', () => {
    expect(submit('a', 'sell', '1', undefined, { triggerType: 'stop', ...decimals({ stopPrice: '100' }) })).toEqual(['a refused STOP_WOULD_TRIGGER']);
    expect(submit('b', 'sell', '1', undefined, { triggerType: 'takeProfit', ...decimals({ stopPrice: '100' }) })).toEqual(['b refused STOP_WOULD_TRIGGER']);
    expect(submit('c', 'buy', '1', '99', { type: 'stop_loss_limit', ...decimals({ stopPrice: '100' }) })).toEqual(['c refused STOP_WOULD_TRIGGER']);
  });

  test('a trailing sell follows the highest trade and wakes a distance below it', () => {
    // 1 % below the last trade of 100 is 99; below 110 it is 108.9.
    submit('trail', 'sell', '1', undefined, { triggerType: 'trailing', callbackBps: 100 });
    for (const price of [99.01, 104, 103, 110, 109, 108.91]) expect(venue.onMarketEvent(trade('buy', 1, price))).toEqual([]);
    expect(say(venue.onMarketEvent(trade('sell', 1, 108.9)))).toEqual(['trail triggered NEW', 'trail trade FILLED 1@99']);
  });

  test('a trailing buy counts from the last trade before it came, or from its activation price', () => {
    submit('now', 'buy', '1', undefined, { triggerType: 'trailing', callbackBps: 100 });
    submit('later', 'buy', '1', undefined, { triggerType: 'trailing', callbackBps: 100, ...decimals({ stopPrice: '95' }) });
    expect(say(venue.onMarketEvent(trade('buy', 1, 101)))).toEqual(['now triggered NEW', 'now trade FILLED 1@101']);
    for (const price of [120, 95.01, 99, 94, 94.93]) expect(venue.onMarketEvent(trade('buy', 1, price))).toEqual([]);
    expect(say(venue.onMarketEvent(trade('buy', 1, 94.94)))).toEqual(['later triggered NEW', 'later trade FILLED 1@102']);
  });

  test('triggers by mark price wait for the mark; without marks the last trade is the mark', () => {
    const stop = { triggerType: 'stop', triggerBy: 'mark', ...decimals({ stopPrice: '95' }) } as const;
    submit('without', 'sell', '1', undefined, stop);
    expect(say(venue.onMarketEvent(trade('sell', 1, 94)))).toEqual(['without triggered NEW', 'without trade FILLED 1@99']);
    venue.onMarketEvent(mark(100));
    submit('with', 'sell', '1', undefined, stop);
    expect(venue.onMarketEvent(trade('sell', 1, 90))).toEqual([]);
    expect(say(venue.onMarketEvent(mark(95)))).toEqual(['with triggered NEW', 'with trade FILLED 1@99']);
  });

  test('a woken post-only order that would take expires, and one that rests queues as of its waking', () => {
    submit('cross', 'buy', '1', '101', { type: 'limit_maker', triggerType: 'stop', ...decimals({ stopPrice: '103' }) });
    submit('rest', 'sell', '1', '104', { triggerType: 'stop', ...decimals({ stopPrice: '97' }) });
    submit('after', 'sell', '1', '104');
    expect(say(venue.onMarketEvent(trade('buy', 0.1, 103)))).toEqual(['cross triggered NEW', 'cross expired EXPIRED']);
    venue.onMarketEvent(trade('sell', 0.1, 97));
    // `after` has the smaller claim by age of order, but it was in the queue first.
    expect(say(venue.onMarketEvent(trade('buy', 1.5, 104.5)))).toEqual(['after trade FILLED 1@104', 'rest trade PARTIALLY_FILLED 0.5@104']);
  });

  test('a stop-market buy that the money no longer covers when it wakes expires and frees what it had locked', () => {
    venue = open({ balances: { USDT: '103' } });
    submit('stop', 'buy', '1', undefined, { triggerType: 'stop', ...decimals({ stopPrice: '103' }) });
    venue.onMarketEvent(book([[103, 1]], [[110, 1]]));
    expect(say(venue.onMarketEvent(trade('buy', 1, 103)))).toEqual(['stop expired EXPIRED']);
    expect(venue.balances()).toEqual([{ asset: 'USDT', free: parseDecimal('103'), locked: 0n }]);
  });

  test.each<[string, Partial<SubmitOrder>]>([
    ['a stop without a stop price', { triggerType: 'stop' }],
    ['a stop at zero', { triggerType: 'stop', stopPrice: 0n }],
    ['a trailing stop without a distance', { triggerType: 'trailing' }],
    ['a trailing stop a whole price away', { triggerType: 'trailing', callbackBps: 10_000 }],
    ['a stop order with another trigger', { type: 'stop_loss_limit', triggerType: 'takeProfit', stopPrice: parseDecimal('90') }],
  ])('%s is refused', (_name, more) => {
    expect(submit('bad', 'sell', '1', '95', more)).toEqual(['bad refused BAD_ORDER']);
  });
});

describe('icebergs', () => {
  const tip = (displayQty: string) => decimals({ displayQty });

  test('each part joins the queue behind what is displayed', () => {
    // 2 are bid at 99 before us. 2.5 sold: 0.5 for us. 3 sold: our last 0.5 of the tip; the next tip stands behind 2 again.
    submit('ice', 'buy', '3', '99', tip('1'));
    expect(say(venue.onMarketEvent(trade('sell', 2.5, 99)))).toEqual(['ice trade PARTIALLY_FILLED 0.5@99']);
    expect(say(venue.onMarketEvent(trade('sell', 3, 99)))).toEqual(['ice trade PARTIALLY_FILLED 0.5@99']);
    expect(venue.onMarketEvent(trade('sell', 2, 99))).toEqual([]);
    expect(say(venue.onMarketEvent(trade('sell', 5, 99)))).toEqual(['ice trade PARTIALLY_FILLED 1@99']);
    expect(say(venue.onMarketEvent(trade('sell', 5, 99)))).toEqual(['ice trade FILLED 1@99']);
  });

  test('the next part stands behind our own order that came meanwhile', () => {
    submit('ice', 'buy', '2', '100', tip('1'));
    submit('plain', 'buy', '1', '100');
    expect(say(venue.onMarketEvent(trade('sell', 1, 100)))).toEqual(['ice trade PARTIALLY_FILLED 1@100']);
    expect(say(venue.onMarketEvent(trade('sell', 1.5, 100)))).toEqual(['plain trade FILLED 1@100', 'ice trade PARTIALLY_FILLED 0.5@100']);
  });

  test('a trade through the price eats the hidden parts too, and leaves the part of a tip', () => {
    submit('ice', 'buy', '5', '100', tip('2'));
    // 2 + 1 of the second tip: 1 is still shown.
    expect(say(venue.onMarketEvent(trade('sell', 3, 99.5)))).toEqual(['ice trade PARTIALLY_FILLED 3@100']);
    expect(say(venue.onMarketEvent(trade('sell', 5, 100)))).toEqual(['ice trade PARTIALLY_FILLED 1@100']);
    expect(say(venue.onMarketEvent(trade('sell', 5, 100)))).toEqual(['ice trade FILLED 1@100']);
  });

  test('takes with all of it, then rests with a tip', () => {
    expect(submit('ice', 'buy', '4', '101', tip('1'))).toEqual(['ice new NEW', 'ice trade PARTIALLY_FILLED 1@101']);
    expect(say(venue.onMarketEvent(trade('sell', 10, 101)))).toEqual(['ice trade PARTIALLY_FILLED 1@101']);
  });

  test.each<[string, string, Partial<SubmitOrder>]>([
    ['more shown than there is', '99', tip('2')],
    ['nothing shown', '99', tip('0')],
    ['one that never rests', '99', { ...tip('0.5'), timeInForce: 'IOC' }],
  ])('%s is refused', (_name, price, more) => {
    expect(submit('bad', 'buy', '1', price, more)).toEqual(['bad refused BAD_ORDER']);
  });
});

describe('reduce-only', () => {
  beforeEach(() => {
    venue = perpetual();
    submit('long', 'buy', '2');
  });

  test('trades what there is to reduce, then expires; without a position it is refused', () => {
    expect(submit('out', 'sell', '5', undefined, { reduceOnly: true })).toEqual(['out new NEW', 'out trade PARTIALLY_FILLED 2@99', 'out expired EXPIRED']);
    expect(submit('again', 'sell', '1', undefined, { reduceOnly: true })).toEqual(['again refused REDUCE_ONLY']);
  });

  test('adding to a position is refused, on spot everything is', () => {
    expect(submit('add', 'buy', '1', undefined, { reduceOnly: true })).toEqual(['add refused REDUCE_ONLY']);
    venue = open();
    expect(submit('spot', 'sell', '1', '105', { reduceOnly: true })).toEqual(['spot refused REDUCE_ONLY']);
  });

  test('a target and a stop that both close: when one has, the other expires', () => {
    submit('target', 'sell', '2', '105', { reduceOnly: true });
    submit('stop', 'sell', '2', undefined, { reduceOnly: true, triggerType: 'stop', ...decimals({ stopPrice: '95' }) });
    expect(say(venue.onMarketEvent(trade('buy', 1.5, 105.5)))).toEqual(['target trade PARTIALLY_FILLED 1.5@105']);
    expect(say(venue.onMarketEvent(trade('sell', 1, 95)))).toEqual([
      'stop triggered NEW',
      'stop trade PARTIALLY_FILLED 0.5@99',
      'stop expired EXPIRED',
      'target expired EXPIRED',
    ]);
  });

  test('FOK is all or nothing of what was asked, not of what there is to reduce', () => {
    expect(submit('fok', 'sell', '3', '98', { reduceOnly: true, timeInForce: 'FOK' })).toEqual(['fok new NEW', 'fok expired EXPIRED']);
    expect(submit('fits', 'sell', '2', '98', { reduceOnly: true, timeInForce: 'FOK' })).toEqual(['fits new NEW', 'fits trade FILLED 2@99']);
  });
});

describe('market impact', () => {
  // 1 × 2 % × √(4 ÷ 400) = 0.2 %.
  const impact = { coefficient: 1, dailyVolatility: 0.02, dailyVolumeBase: 400 };

  test('follows the square root of the share of a day’s volume', () => {
    expect(squareRootImpact(impact, 4)).toBeCloseTo(0.002, 12);
    expect(squareRootImpact(impact, 16) / squareRootImpact(impact, 4)).toBeCloseTo(2, 12);
  });

  test('moves what is taken against us, never past a limit, and leaves makers alone', () => {
    venue = open({ impact });
    expect(submit('buy', 'buy', '4')).toEqual(['buy new NEW', 'buy trade PARTIALLY_FILLED 1@101.202', 'buy trade FILLED 3@102.204']);
    venue = open({ impact });
    expect(submit('cap', 'buy', '4', '102.1')).toEqual(['cap new NEW', 'cap trade PARTIALLY_FILLED 1@101.202', 'cap trade FILLED 3@102.1']);
    venue = open({ impact });
    expect(submit('sell', 'sell', '4', '98')).toEqual(['sell new NEW', 'sell trade PARTIALLY_FILLED 2@98.802', 'sell trade FILLED 2@98']);
    venue = open({ impact });
    submit('maker', 'buy', '1', '100');
    expect(say(venue.onMarketEvent(trade('sell', 1, 100)))).toEqual(['maker trade FILLED 1@100']);
  });

  test('a market buy needs the money for the price that it moves', () => {
    // 1 at 101 moved by 2 % × √(1 ÷ 400) = 0.1 % costs 101.101.
    venue = open({ impact, balances: { USDT: '101.1' } });
    expect(submit('short', 'buy', '1')).toEqual(['short refused INSUFFICIENT_BALANCE']);
    venue = open({ impact, balances: { USDT: '101.101' } });
    expect(submit('exact', 'buy', '1')).toEqual(['exact new NEW', 'exact trade FILLED 1@101.101']);
  });
});

test('a restored venue goes on with its triggers, tips and queue as if nothing had happened', () => {
  const orders = [
    order('trail', 'sell', '1', undefined, { triggerType: 'trailing', callbackBps: 100 }),
    order('ice', 'buy', '2', '100', decimals({ displayQty: '0.5' })),
    order('plain', 'buy', '1', '100'),
    order('take', 'sell', '1', '104', { triggerType: 'takeProfit', ...decimals({ stopPrice: '103' }) }),
  ];
  for (const one of orders) venue.submit(one, 1);
  venue.onMarketEvent(trade('sell', 0.5, 100));
  venue.onMarketEvent(trade('buy', 1, 102));
  const copy = createVenue({ ...CONFIG, balances: {} });
  copy.restore(JSON.parse(JSON.stringify(venue.snapshot())));
  copy.onMarketEvent(BOOK);
  venue.onMarketEvent(BOOK);
  for (const event of [trade('sell', 2, 100), trade('buy', 1, 103), trade('buy', 9, 104.5), trade('sell', 1, 103)])
    expect(say(copy.onMarketEvent(event))).toEqual(say(venue.onMarketEvent(event)));
  expect(copy.snapshot()).toEqual(venue.snapshot());
  expect(venue.openOrders().map(({ clientOrderId }) => clientOrderId)).toEqual([]);
});
