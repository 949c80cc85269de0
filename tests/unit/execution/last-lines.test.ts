import { describe, expect, it, vi } from 'vitest';
import { TouchstoneError } from '../../../core/errors.ts';
import { parseDecimal } from '../../../core/market/decimal.ts';
import type { OrderIntent, OrderState } from '../../../core/execution/order.ts';
import { createDurable } from '../../../infra/durable.ts';
import type { StoredOrder } from '../../../infra/ledger/ledger.ts';
import type { VenueAccount, VenueFill, VenueOrder } from '../../../infra/venue.ts';
import { ExecutionHealth } from '../../../streams/execute-health.ts';
import { BalanceComparison, openInstruments } from '../../../streams/execute-reconcile.ts';
import { UnknownOrders } from '../../../streams/execute-resolve.ts';
import { lastCheck, sendCancel, sendOrder } from '../../../streams/execute-send.ts';
import { FakeClock } from './model-venue.ts';
import { BTC, ETH, startSystem, type System } from './system.ts';

/** The small rules that stand alone between a mistake and the venue, each seen to hold by itself. */

const alerts = (s: System, code: string) => s.logged('alert').filter(({ data }) => data.code === code);
const byHand = (clientOrderId: string, instrument = BTC) =>
  ({ instrument, clientOrderId, side: 'buy', type: 'limit', timeInForce: 'GTC', qty: '1', price: '90' }) as const;
const durable = createDurable();

describe('an order that stands in no ledger', () => {
  it('is the user’s and stays, unless it carries our prefix on an instrument of ours: then it is of a lost ledger, and goes', async () => {
    const s = await startSystem();
    s.venue.fillPercent = 0;
    const [ours, elsewhere] = [`ts${'a'.repeat(32)}`, `ts${'b'.repeat(32)}`];
    for (const order of [byHand('by-hand'), byHand(ours), byHand(elsewhere, 'sim:XRP/USDT')]) await s.venue.placeOrder(order);
    await s.pass(6_000);
    expect(s.venue.liveOrders().map(({ clientOrderId }) => clientOrderId)).toEqual(['by-hand', elsewhere]);
    expect(alerts(s, 'ORPHAN_ORDER')).toHaveLength(1);
  });
});

describe('a decision', () => {
  it('is not made on a target older than one that was acted on', async () => {
    const s = await startSystem();
    const older = s.signal('5');
    s.clock.advance(1_000);
    await s.submit(s.signal('1'));
    await s.submit(older);
    expect(s.denials()).toEqual(['STALE']);
    expect(s.venue.truth.requests).toHaveLength(1);
  });

  it('counts the cash that open buys may still spend', async () => {
    const s = await startSystem({ timeInForce: 'GTC', cash: '1000' });
    s.venue.fillPercent = 0;
    await s.submit(s.signal('6', { maxAgeMs: 60_000 }));
    await s.submit(s.signal('6', { instrument: ETH }));
    expect(s.denials()).toEqual(['INSUFFICIENT_FUNDS']);
  });

  it('needs a price of now', async () => {
    const s = await startSystem();
    s.clock.advance(16_000);
    await s.submit(s.signal('1'));
    expect(s.denials()).toEqual(['NO_PRICE']);
  });

  it('keeps to so many orders a second', async () => {
    const s = await startSystem({ limits: { maxOrdersPerSecond: 1 } });
    await s.submit(s.signal('1'));
    await s.submit(s.signal('1', { instrument: ETH }));
    expect(s.denials()).toEqual(['ORDER_RATE']);
    await s.pass(1_000);
    await s.submit(s.signal('1', { instrument: ETH }));
    expect(s.venue.truth.requests).toHaveLength(2);
  });
});

describe('the last check before the socket', () => {
  const intent = (change: Partial<OrderIntent> = {}) => ({ type: 'limit', reduceOnly: false, ...change }) as OrderIntent;
  const now = { tradingState: 'ACTIVE', isOwner: true, isTooOld: false } as const;

  it.each([
    ['lets a fresh order of the owner go', intent(), now, undefined],
    ['stops everything but a close when halted', intent({ reduceOnly: true }), { ...now, tradingState: 'HALTED' } as const, 'HALTED'],
    ['lets FLAT ALL’s close go when halted', intent({ type: 'market', reduceOnly: true }), { ...now, tradingState: 'HALTED' } as const, undefined],
    ['stops an entry when reducing', intent(), { ...now, tradingState: 'REDUCING' } as const, 'REDUCING'],
    ['lets a reduction go when reducing', intent({ reduceOnly: true }), { ...now, tradingState: 'REDUCING' } as const, undefined],
    ['stops an owner that was fenced off', intent(), { ...now, isOwner: false }, 'NO_LEASE'],
    ['stops what has grown too old', intent(), { ...now, isTooOld: true }, 'STALE'],
  ])('%s', (_what, order, moment, refusal) => {
    expect(lastCheck(order, moment)).toBe(refusal);
  });
});

describe('what a failed request means', () => {
  const order = { instrument: BTC, clientOrderId: 'c', side: 'buy', type: 'limit', timeInForce: 'IOC', qty: '1', price: '100' } as unknown as OrderState;
  const refusing = (code: string, more: object = {}) => {
    const fail = async () => {
      throw Object.assign(new TouchstoneError(code, 'no'), more);
    };
    return { placeOrder: fail, cancelOrder: fail } as unknown as VenueAccount;
  };

  it.each([
    ['VENUE_REJECTED', 'refused'],
    ['VENUE_CLOCK_SKEW', 'refused'],
    ['VENUE_RATE_LIMITED', 'abandoned'],
    ['VENUE_UNKNOWN', 'uncertain'],
    ['ANYTHING_ELSE', 'uncertain'],
  ])('to place: %s is %s', async (code, type) => {
    const { update } = await sendOrder(refusing(code), durable, order, () => 1);
    expect(update).toMatchObject({ type, reason: `${code}: no` });
  });

  it('tells how long the venue wants silence, and of a cancel nothing more', async () => {
    const limited = refusing('VENUE_RATE_LIMITED', { retryAfterMs: 7_000 });
    expect(await sendOrder(limited, durable, order, () => 1)).toMatchObject({ retryAfterMs: 7_000 });
    expect(await sendCancel(limited, durable, order, () => 1)).toEqual({ retryAfterMs: 7_000 });
    expect((await sendCancel(refusing('VENUE_REJECTED'), durable, order, () => 1)).update?.type).toBe('uncertain');
  });
});

describe('an order of unknown outcome', () => {
  const stored = { order: { instrument: BTC, clientOrderId: 'ours', side: 'buy' }, sentTimeMs: 100_000 } as unknown as StoredOrder;
  const fill = (change: Partial<VenueFill> = {}) => ({ tradeId: '1', venueOrderId: '7', side: 'buy', eventTimeMs: 100_500, ...change }) as VenueFill;
  const shown = { clientOrderId: 'ours', venueOrderId: '7', status: 'FILLED', filledQty: '1', updatedTimeMs: 1 } as VenueOrder;
  const missing = async () => {
    throw new TouchstoneError('VENUE_NOT_FOUND', 'no');
  };

  /** The venue's time is past every deadline, and no lookup by our id sees the order. */
  function investigator(answers: { open?: VenueOrder[]; fills?: VenueFill[]; byId?: () => Promise<VenueOrder>; isBooked?: boolean } = {}) {
    const byId = vi.fn(answers.byId ?? missing);
    const venue = { fetchOrder: missing, serverTimeMs: async () => 200_000, fetchOpenOrders: async () => answers.open ?? [] };
    const clock = new FakeClock();
    const unknown = new UnknownOrders(
      { ...venue, fetchFills: async () => answers.fills ?? [], fetchOrderById: byId } as unknown as VenueAccount,
      clock,
      { recvWindowMs: 1_000, lookupLagMs: 2_000 },
      { isBooked: () => answers.isBooked ?? false, cursorOf: () => undefined },
    );
    return { byId, types: async () => (await unknown.investigate(stored)).updates.map(({ type }) => type) };
  }

  it('is absent when it was missed twice, not once', async () => {
    const { types } = investigator();
    expect([await types(), await types()]).toEqual([[], ['absent']]);
  });

  it('is there when it rests among the open orders, which a lookup lags behind', async () => {
    const { types } = investigator({ open: [{ ...shown, status: 'OPEN' }] });
    expect([await types(), await types()]).toEqual([['venue'], ['venue']]);
  });

  it('is what the order behind a trade of its side is', async () => {
    expect(await investigator({ fills: [fill()], byId: async () => shown }).types()).toEqual(['venue']);
    const another = investigator({ fills: [fill()], byId: async () => ({ ...shown, clientOrderId: 'another' }) });
    expect([await another.types(), await another.types()]).toEqual([[], ['absent']]);
  });

  it('stays unknown while the order behind a trade cannot be told', async () => {
    const { types } = investigator({ fills: [fill()] });
    expect([await types(), await types(), await types()]).toEqual([[], [], []]);
  });

  it.each([
    ['older than it', { fills: [fill({ eventTimeMs: 98_000 })] }],
    ['of the other side', { fills: [fill({ side: 'sell' })] }],
    ['that is booked already', { fills: [fill()], isBooked: true }],
  ])('is not suspected behind a trade %s', async (_what, answers) => {
    const { types, byId } = investigator(answers);
    expect([await types(), await types()]).toEqual([[], ['absent']]);
    expect(byId).not.toHaveBeenCalled();
  });
});

describe('ledger against venue', () => {
  it('is a mismatch only when two comparisons in a row find the same lack, and is not compared while something changes', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    const comparison = new BalanceComparison(s.execution.book);
    const instruments = [BTC, ETH];
    s.venue.held.set('BTC', parseDecimal('1'));
    expect(await comparison.run(s.venue, instruments)).toEqual({});
    s.venue.held.set('BTC', parseDecimal('1.5'));
    expect(await comparison.run(s.venue, instruments)).toEqual({});
    expect(await comparison.run(s.venue, instruments)).toHaveProperty('mismatch');
    const busy = Object.assign(Object.create(s.venue) as VenueAccount, {
      async fetchBalances() {
        await s.submit(s.signal('3'));
        return s.venue.fetchBalances();
      },
    });
    expect(await comparison.run(busy, instruments)).toBeUndefined();
  });

  it('takes an instrument in later without depositing the cash again', async () => {
    const s = await startSystem({ instruments: [BTC] });
    const cash = s.execution.book.cash;
    await openInstruments(s.execution.book, s.venue, [BTC, ETH], s.clock.nowMs());
    expect(s.execution.book.fillCursors().has(ETH)).toBe(true);
    expect(s.execution.book.cash).toBe(cash);
    expect(s.ledger.adjustments()).toHaveLength(1);
  });
});

describe('what stands against entries', () => {
  it('is a ledger that takes no writes, before anything else', () => {
    const health = new ExecutionHealth(new FakeClock(), true);
    health.isStorageFaulty = true;
    expect(health.entryBlock()).toBe('HALTED_STORAGE');
  });

  it('is silence for the longest time that the venue asked for', () => {
    const clock = new FakeClock();
    const health = new ExecutionHealth(clock, true);
    health.rateLimited(10_000);
    health.rateLimited(1_000);
    clock.advance(9_999);
    expect(health.isRateLimited()).toBe(true);
    clock.advance(1);
    expect(health.isRateLimited()).toBe(false);
  });

  it('ends for a silent stream after a minute without another contradiction', async () => {
    const clock = new FakeClock();
    const health = new ExecutionHealth(clock, true);
    await health.measureClock({ serverTimeMs: async () => clock.nowMs() } as VenueAccount);
    health.isReconciled = true;
    health.expectEcho(0);
    clock.advance(15_000);
    expect(health.checkStream()).toBe(true);
    clock.advance(59_999);
    health.checkStream();
    expect(health.entryBlock()).toBe('STREAM_STALE');
    clock.advance(1);
    health.checkStream();
    expect(health.entryBlock()).toBeUndefined();
  });

  it('is a daily loss, which is told once', async () => {
    const s = await startSystem({ limits: { maxDailyLossQuote: 50 } });
    await s.pass(2_000);
    await s.submit(s.signal('10'));
    s.venue.price = 90;
    s.quote();
    await s.pass(5_000);
    expect(alerts(s, 'DAILY_LOSS')).toHaveLength(1);
  });
});

it('an owner renews its lease while it lives', async () => {
  const s = await startSystem();
  await s.pass(60_000);
  expect(s.clock.nowMs() - s.ledger.lease().renewedMs).toBeLessThanOrEqual(2_500);
});
