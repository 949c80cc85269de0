import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../core/market/decimal.ts';
import { BTC, startSystem, type System, type SystemOptions } from './system.ts';

const start = async (options?: SystemOptions) => {
  const system = await startSystem(options);
  system.venue.fillPercent = 0;
  return system;
};

const resting = (s: System) => s.venue.liveOrders().map(({ side, qty, price }) => `${side} ${qty} at ${price}`);
const placed = (s: System) => s.venue.truth.requests.length;
/** The strategy holds this much of the instrument. */
const hold = async (s: System, qty: string) => {
  s.venue.fillPercent = 100;
  await s.submit(s.signal(qty, { strategy: 'maker' }));
  s.venue.fillPercent = 0;
};

describe('a quote set', () => {
  it('becomes post-only orders that rest, each with a decision of its own', async () => {
    const s = await start();
    await hold(s, '2');
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.5', '1'],
      ]),
    );
    expect(resting(s)).toEqual(['buy 1 at 99.5', 'sell 1 at 100.5']);
    expect(s.venue.truth.requests.slice(1).map(({ order }) => `${order.type} ${order.timeInForce}`)).toEqual(['limit_maker GTC', 'limit_maker GTC']);
    const legs = s.ledger
      .orders()
      .slice(1)
      .map(({ order }) => order.signalId);
    expect(new Set(legs).size).toBe(1);
    expect(s.denials()).toEqual([]);
  });

  it('said again sends nothing, and what already rests keeps its place when only the other side moves', async () => {
    const s = await start();
    await hold(s, '2');
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.5', '1'],
      ]),
    );
    const [bid] = s.venue.liveOrders();
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.5', '1'],
      ]),
    );
    expect(placed(s)).toBe(3);
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.8', '1'],
      ]),
    );
    await s.pass(500);
    expect(resting(s)).toEqual(['buy 1 at 99.5', 'sell 1 at 100.8']);
    expect(s.venue.liveOrders()[0]!.venueOrderId).toBe(bid!.venueOrderId);
    expect(placed(s)).toBe(4);
  });

  it('keeps an order that has traded in part: its rest is not more than is wanted', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '2']]));
    s.venue.trade(s.venue.liveOrders()[0]!.venueOrderId, 50_000_000n);
    await s.submit(s.quotes([['buy', '99.5', '2']]));
    expect(placed(s)).toBe(1);
    expect(s.venue.liveOrders()[0]).toMatchObject({ filledQty: '0.5' });
  });

  it('that is empty takes the quotes off', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '1']]));
    await s.submit(s.quotes([]));
    await s.pass(500);
    expect(resting(s)).toEqual([]);
  });

  it('offers no more than the strategy itself holds, whatever else the account has', async () => {
    const s = await start();
    s.venue.fillPercent = 100;
    await s.submit(s.signal('5', { strategy: 'another' }));
    await s.submit(s.signal('1', { strategy: 'maker' }));
    s.venue.fillPercent = 0;
    await s.submit(
      s.quotes([
        ['sell', '100.5', '3'],
        ['sell', '100.9', '3'],
      ]),
    );
    expect(resting(s)).toEqual(['sell 0.999 at 100.5']);
    expect(s.denials()).toEqual(['NOTHING_TO_DO']);
  });

  it('makes its fills the strategy’s holding, which another strategy’s target leaves alone', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '1']]));
    s.venue.trade(s.venue.liveOrders()[0]!.venueOrderId, 100_000_000n);
    await s.pass(250);
    s.venue.fillPercent = 100;
    await s.submit(s.signal('2', { strategy: 'another' }));
    await s.submit(s.signal('0', { strategy: 'another' }));
    expect(formatDecimal(s.execution.book.position(BTC).qty)).toBe('0.999');
    expect(s.execution.book.targets(BTC).get('maker')!.qty).toBe(99_900_000n);
  });

  it('gives way to a target: the quotes go first, then the target trades', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '1']]));
    s.venue.fillPercent = 100;
    await s.submit(s.signal('2', { strategy: 'another' }));
    await s.pass(500);
    expect(s.ledger.orders().map(({ order }) => `${order.type} ${order.status}`)).toEqual(['limit_maker CANCELED', 'limit FILLED']);
  });

  it('goes when it was not said again in time; said again it stays', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '1']], { maxAgeMs: 2_000 }));
    await s.pass(1_500);
    await s.submit(s.quotes([['buy', '99.5', '1']], { maxAgeMs: 2_000 }));
    await s.pass(1_500);
    expect(resting(s)).toEqual(['buy 1 at 99.5']);
    await s.pass(1_000);
    expect(resting(s)).toEqual([]);
  });

  it('counts whole in the worst case: the second quote sees the first', async () => {
    const s = await start({ limits: { maxPositionNotionalQuote: 150 } });
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['buy', '99', '1'],
      ]),
    );
    expect(resting(s)).toEqual(['buy 1 at 99.5']);
    expect(s.denials()).toEqual(['MAX_POSITION_NOTIONAL']);
  });

  it('only offers while the account reduces, and is silent while it is halted', async () => {
    const s = await start();
    await hold(s, '1');
    s.trading.state = 'REDUCING';
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.5', '0.5'],
      ]),
    );
    expect(resting(s)).toEqual(['sell 0.5 at 100.5']);
    expect(s.denials()).toEqual(['REDUCING']);
    s.trading.state = 'HALTED';
    await s.submit(s.quotes([['sell', '100.4', '0.5']]));
    await s.pass(500);
    expect(resting(s)).toEqual([]);
  });

  it('that came too late is refused whole', async () => {
    const s = await start();
    const old = s.quotes([['buy', '99.5', '1']]);
    await s.submit({ ...old, eventTimeMs: old.eventTimeMs - 6_000, readToMs: old.readToMs - 6_000 });
    expect(placed(s)).toBe(0);
    expect(s.denials()).toEqual(['STALE']);
  });

  it('survives a crash: what rests is known again, and goes unless it is said again', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '1']]));
    await s.restart();
    expect(resting(s)).toEqual(['buy 1 at 99.5']);
    await s.submit(s.quotes([['buy', '99.5', '1']]));
    expect(placed(s)).toBe(1);
    await s.pass(6_000);
    expect(resting(s)).toEqual([]);
  });
});

describe('what a strategy holds', () => {
  it('is told with each fill of its quotes, less the commission, and not again when nothing changed', async () => {
    const s = await start();
    await s.pass(1_000);
    await s.submit(s.quotes([['buy', '99.5', '2']]));
    const [bid] = s.venue.liveOrders();
    s.venue.trade(bid!.venueOrderId, 50_000_000n);
    await s.execution.idle();
    expect(s.holdings()).toEqual([`maker ${BTC} 0.4995`]);
    s.venue.trade(bid!.venueOrderId, 100_000_000n);
    await s.execution.idle();
    await s.submit(s.quotes([]));
    await s.pass(500);
    expect(resting(s)).toEqual([]);
    expect(s.holdings()).toEqual([`maker ${BTC} 0.4995`, `maker ${BTC} 1.4985`]);
  });

  it('may be offered at once, while the rest of the bid still waits', async () => {
    const s = await start();
    await s.submit(s.quotes([['buy', '99.5', '2']]));
    s.venue.trade(s.venue.liveOrders()[0]!.venueOrderId, 100_000_000n);
    await s.submit(
      s.quotes([
        ['buy', '99.5', '1'],
        ['sell', '100.5', '1'],
      ]),
    );
    expect(resting(s)).toEqual(['buy 2 at 99.5', 'sell 0.999 at 100.5']);
  });

  it('is told of a target when its order has settled, with what it got', async () => {
    const s = await start();
    s.venue.fillPercent = 50;
    await s.submit(s.signal('2'));
    expect(s.holdings()).toEqual([`ema-cross ${BTC} 0.999`]);
  });

  it('is told anew after a restart and each day, so that it can always be read', async () => {
    const s = await start();
    await hold(s, '2');
    expect(s.holdings()).toEqual([`maker ${BTC} 1.998`]);
    await s.restart();
    expect(s.holdings()).toEqual([`maker ${BTC} 1.998`, `maker ${BTC} 1.998`]);
    await s.pass(1_000);
    const before = s.holdings().length;
    s.clock.advance(86_400_000);
    await s.pass(1_000);
    expect(s.holdings().slice(before)).toEqual([`maker ${BTC} 1.998`]);
  });
});
