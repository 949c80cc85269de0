import { beforeEach, describe, expect, test } from 'vitest';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import type { BookEvent, TradeEvent } from '../../../core/market/events.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import type { SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';

const BTC = 'sim:BTC/USDT';
let venue: SimulatedVenue;
let nextId = 1;

function book(bids: BookEvent['bids'], asks: BookEvent['asks'], eventTimeMs = 0): BookEvent {
  return { type: 'book', id: '', instrument: BTC, eventTimeMs, receivedTimeMs: eventTimeMs, sequence: 1, bids, asks, path: 'replay' };
}

function trade(takerSide: 'buy' | 'sell', qty: number, price: number, eventTimeMs = 0): TradeEvent {
  return { type: 'trade', id: '', instrument: BTC, eventTimeMs, receivedTimeMs: eventTimeMs, tradeId: '1', price, qty, takerSide, path: 'replay' };
}

function order(side: 'buy' | 'sell', qty: string, price?: string, more: Partial<SubmitOrder> = {}): SubmitOrder {
  return {
    clientOrderId: `o${nextId++}`,
    instrument: BTC,
    side,
    type: price === undefined ? 'market' : 'limit',
    timeInForce: 'GTC',
    qty: parseDecimal(qty),
    price: price === undefined ? undefined : parseDecimal(price),
    ...more,
  };
}

/** `cause status filledQty` of each output, for reading. */
function say(outputs: readonly VenueOutput[]): string[] {
  return outputs.map((output) =>
    output.type === 'order' ? `${output.cause} ${output.order.status} ${formatDecimal(output.order.filledQty)}` : `${output.type} ${output.code}`,
  );
}

function fills(outputs: readonly VenueOutput[]): string[] {
  return outputs.flatMap((output) =>
    output.type === 'order' && output.fill ? [`${formatDecimal(output.fill.qty)}@${formatDecimal(output.fill.price)} ${output.fill.liquidity}`] : [],
  );
}

function balance(asset: string): string {
  const found = venue.balances().find((entry) => entry.asset === asset)!;
  return `${formatDecimal(found.free)}/${formatDecimal(found.locked)}`;
}

beforeEach(() => {
  nextId = 1;
  venue = createVenue({ instruments: [BTC], makerFeeBps: 10, takerFeeBps: 20, latencyMs: 0, balances: { USDT: '10000', BTC: '10' } });
  venue.onMarketEvent(
    book(
      [
        [99, 2],
        [98, 5],
      ],
      [
        [101, 1],
        [102, 3],
      ],
    ),
  );
});

describe('taking', () => {
  test('a market order walks the book, best price first, and pays commission in what it receives', () => {
    const outputs = venue.submit(order('buy', '2'), 5);
    expect(say(outputs)).toEqual(['new NEW 0', 'trade PARTIALLY_FILLED 1', 'trade FILLED 2']);
    expect(fills(outputs)).toEqual(['1@101 taker', '1@102 taker']);
    expect(balance('USDT')).toBe('9797/0');
    expect(balance('BTC')).toBe('11.996/0');
  });

  test('a sell pays commission in the quote asset', () => {
    venue.submit(order('sell', '2'), 5);
    expect(balance('USDT')).toBe('10197.604/0');
    expect(balance('BTC')).toBe('8/0');
  });

  test('what was taken is not offered again until the level is restated with another quantity', () => {
    venue.submit(order('buy', '1'), 5);
    expect(fills(venue.submit(order('buy', '1'), 6))).toEqual(['1@102 taker']);
    venue.onMarketEvent(
      book(
        [[99, 2]],
        [
          [101, 1],
          [102, 3],
        ],
      ),
    );
    expect(fills(venue.submit(order('buy', '1'), 7))).toEqual(['1@102 taker']);
    venue.onMarketEvent(
      book(
        [[99, 2]],
        [
          [101, 0.5],
          [102, 3],
        ],
      ),
    );
    expect(fills(venue.submit(order('buy', '1'), 8))).toEqual(['0.5@101 taker', '0.5@102 taker']);
  });

  test('the rest of a market order expires when the book is empty', () => {
    expect(say(venue.submit(order('buy', '5'), 5)).at(-1)).toBe('expired EXPIRED 4');
    expect(balance('USDT')).toBe('9593/0');
  });

  test('IOC takes what there is and expires; FOK takes all or nothing', () => {
    expect(say(venue.submit(order('buy', '2', '101', { timeInForce: 'IOC' }), 5))).toEqual(['new NEW 0', 'trade PARTIALLY_FILLED 1', 'expired EXPIRED 1']);
    expect(say(venue.submit(order('buy', '4', '102', { timeInForce: 'FOK' }), 6))).toEqual(['new NEW 0', 'expired EXPIRED 0']);
    expect(say(venue.submit(order('buy', '3', '102', { timeInForce: 'FOK' }), 7)).at(-1)).toBe('trade FILLED 3');
  });

  test('LIMIT_MAKER is refused when it would take', () => {
    expect(say(venue.submit(order('buy', '1', '101', { type: 'limit_maker' }), 5))).toEqual(['rejected WOULD_TAKE']);
    expect(say(venue.submit(order('buy', '1', '100.99', { type: 'limit_maker' }), 5))).toEqual(['new NEW 0']);
  });

  test('without a book the last trade is the market', () => {
    venue = createVenue({ instruments: [BTC], makerFeeBps: 0, takerFeeBps: 0, latencyMs: 0, balances: { USDT: '10000' } });
    expect(say(venue.submit(order('buy', '1'), 1))).toEqual(['rejected NO_MARKET']);
    venue.onMarketEvent(trade('buy', 0.1, 100));
    expect(fills(venue.submit(order('buy', '3'), 2))).toEqual(['3@100 taker']);
  });
});

describe('resting', () => {
  test('joins behind what is displayed and is filled only when the queue before it is gone', () => {
    venue.submit(order('buy', '1', '99'), 1);
    expect(venue.onMarketEvent(trade('sell', 1.5, 99))).toEqual([]);
    expect(fills(venue.onMarketEvent(trade('sell', 0.7, 99)))).toEqual(['0.2@99 maker']);
    expect(fills(venue.onMarketEvent(trade('sell', 5, 99)))).toEqual(['0.8@99 maker']);
  });

  test('a cancel before us is believed only when less is displayed than stood before us', () => {
    venue.submit(order('buy', '1', '99'), 1);
    venue.onMarketEvent(
      book(
        [
          [99, 3],
          [98, 5],
        ],
        [[101, 1]],
      ),
    );
    expect(fills(venue.onMarketEvent(trade('sell', 2.1, 99)))).toEqual(['0.1@99 maker']);
    venue = createVenue({ instruments: [BTC], makerFeeBps: 0, takerFeeBps: 0, latencyMs: 0, balances: { USDT: '10000' } });
    venue.onMarketEvent(book([[99, 2]], [[101, 1]]));
    venue.submit(order('buy', '1', '99'), 1);
    venue.onMarketEvent(book([[99, 0.5]], [[101, 1]]));
    expect(fills(venue.onMarketEvent(trade('sell', 0.6, 99)))).toEqual(['0.1@99 maker']);
  });

  test('orders at one price are filled first come, first served, and never for more than was traded', () => {
    venue.submit(order('buy', '1', '100'), 1);
    venue.submit(order('buy', '1', '100'), 2);
    const outputs = venue.onMarketEvent(trade('sell', 1.5, 100));
    expect(outputs.map((output) => (output.type === 'order' ? output.order.clientOrderId : ''))).toEqual(['o1', 'o2']);
    expect(fills(outputs)).toEqual(['1@100 maker', '0.5@100 maker']);
  });

  test('a better price comes before an earlier order', () => {
    venue.submit(order('buy', '1', '99.5'), 1);
    venue.submit(order('buy', '1', '100'), 2);
    const outputs = venue.onMarketEvent(trade('sell', 1, 99));
    expect(outputs.map((output) => (output.type === 'order' ? output.order.clientOrderId : ''))).toEqual(['o2']);
    expect(fills(outputs)).toEqual(['1@100 maker']);
  });

  test('a trade through the price and a book that crosses it fill at our price', () => {
    venue.submit(order('buy', '2', '99'), 1);
    expect(fills(venue.onMarketEvent(trade('sell', 0.5, 98.5)))).toEqual(['0.5@99 maker']);
    expect(
      fills(
        venue.onMarketEvent(
          book(
            [[97, 1]],
            [
              [98, 1],
              [100, 5],
            ],
          ),
        ),
      ),
    ).toEqual(['1@99 maker']);
  });

  test('a limit order takes what crosses and rests with the rest; its lock follows', () => {
    const outputs = venue.submit(order('buy', '3', '101.5'), 1);
    expect(fills(outputs)).toEqual(['1@101 taker']);
    expect(balance('USDT')).toBe('9696/203');
    expect(say(venue.cancel({ instrument: BTC, clientOrderId: 'o1' }, 2))).toEqual(['canceled CANCELED 1']);
    expect(balance('USDT')).toBe('9899/0');
  });

  test('own orders never trade with each other: the resting one expires', () => {
    venue.submit(order('sell', '1', '100'), 1);
    expect(say(venue.submit(order('buy', '1', '101'), 2))).toEqual(['new NEW 0', 'expired EXPIRED_IN_MATCH 0', 'trade FILLED 1']);
    expect(balance('BTC')).toBe('10.998/0');
  });
});

describe('stop orders', () => {
  test('sleep with their funds locked, wake on the last trade, and then take', () => {
    const stop = order('sell', '1', '98', { type: 'stop_loss_limit', stopPrice: parseDecimal('98.5') });
    expect(say(venue.submit(stop, 1))).toEqual(['new NEW 0']);
    expect(balance('BTC')).toBe('9/1');
    expect(venue.onMarketEvent(trade('sell', 1, 98.6, 2))).toEqual([]);
    const outputs = venue.onMarketEvent(trade('sell', 1, 98.5, 3));
    expect(say(outputs)).toEqual(['triggered NEW 0', 'trade FILLED 1']);
    expect(fills(outputs)).toEqual(['1@99 taker']);
  });

  test('are refused when they would wake at once', () => {
    venue.onMarketEvent(trade('sell', 1, 98));
    expect(say(venue.submit(order('sell', '1', '97', { type: 'stop_loss_limit', stopPrice: parseDecimal('98.5') }), 1))).toEqual([
      'rejected STOP_WOULD_TRIGGER',
    ]);
  });
});

describe('refusals', () => {
  test('too little money, a client id that is still open, an unknown order', () => {
    expect(say(venue.submit(order('buy', '200', '99'), 1))).toEqual(['rejected INSUFFICIENT_BALANCE']);
    venue.submit(order('buy', '1', '98', { clientOrderId: 'twice' }), 1);
    expect(say(venue.submit(order('buy', '1', '98', { clientOrderId: 'twice' }), 1))).toEqual(['rejected DUPLICATE_CLIENT_ORDER_ID']);
    expect(say(venue.cancel({ instrument: BTC, clientOrderId: 'never' }, 1))).toEqual(['cancelRejected UNKNOWN_ORDER']);
  });

  test('a client id is free again once its order is done: on this venue it is no idempotency key', () => {
    venue.submit(order('buy', '1', undefined, { clientOrderId: 'again' }), 1);
    expect(say(venue.submit(order('buy', '1', undefined, { clientOrderId: 'again' }), 2)).at(-1)).toBe('trade FILLED 1');
  });
});

describe('time and state', () => {
  test('requests reach the book after the latency, in event time', () => {
    venue = createVenue({ instruments: [BTC], makerFeeBps: 0, takerFeeBps: 0, latencyMs: 50, balances: { USDT: '10000' } });
    venue.onMarketEvent(book([[99, 1]], [[101, 1]], 1_000));
    expect(venue.submit(order('buy', '1'), 1_000)).toEqual([]);
    expect(venue.onMarketEvent(book([[99, 1]], [[102, 1]], 1_049))).toEqual([]);
    expect(fills(venue.onMarketEvent(book([[99, 1]], [[103, 1]], 1_050)))).toEqual(['1@102 taker']);
  });

  test('a restored venue goes on as the first would: same fills, ids and balances', () => {
    venue.submit(order('buy', '1', '99'), 1);
    venue.submit(order('sell', '1', '98', { type: 'stop_loss_limit', stopPrice: parseDecimal('97') }), 2);
    const copy = createVenue({ instruments: [BTC], makerFeeBps: 10, takerFeeBps: 20, latencyMs: 0, balances: {} });
    copy.restore(JSON.parse(JSON.stringify(venue.snapshot())));
    for (const event of [book([[99, 2]], [[101, 1]]), trade('sell', 2.5, 99), trade('sell', 1, 96), book([[98, 4]], [[101, 1]])]) {
      expect(copy.onMarketEvent(event)).toEqual(venue.onMarketEvent(event));
    }
    expect(copy.snapshot()).toEqual(venue.snapshot());
  });
});
