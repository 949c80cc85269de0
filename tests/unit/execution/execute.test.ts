import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../core/market/decimal.ts';
import { BTC, ETH, startSystem, type System } from './system.ts';

const positionOf = (s: System, instrument = BTC) => formatDecimal(s.execution.book.position(instrument).qty);
const statuses = (s: System) => s.ledger.orders().map(({ order }) => order.status);

describe('a signal becomes a position', () => {
  it('buys to the target with one order inside the price band, and books the fee in base', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    expect(s.venue.truth.orders).toHaveLength(1);
    expect(s.venue.truth.requests[0]!.order).toMatchObject({ side: 'buy', type: 'limit', timeInForce: 'IOC', qty: '2', price: '100.5' });
    expect(positionOf(s)).toBe('1.998');
    expect(formatDecimal(s.execution.book.cash)).toBe('999800');
  });

  it('does nothing for the same target again, nor for what the fee left over', async () => {
    const s = await startSystem();
    const signal = s.signal('2');
    await s.submit(signal);
    expect(await s.execution.submit([signal])).toEqual(['duplicate']);
    await s.submit(s.signal('2'));
    expect(s.venue.truth.orders).toHaveLength(1);
    expect(s.denials()).toEqual(['NOTHING_TO_DO']);
  });

  it('trades the sum of what all strategies want, each difference once', async () => {
    const s = await startSystem();
    await s.submit(s.signal('1', { strategy: 'a' }));
    await s.submit(s.signal('3', { strategy: 'b' }));
    await s.submit(s.signal('0', { strategy: 'a' }));
    expect(s.venue.truth.orders.map(({ side, qty }) => `${side} ${qty}`)).toEqual(['buy 1', 'buy 3', 'sell 0.999']);
    expect(positionOf(s)).toBe('2.997');
  });

  it('closes the whole of what it holds, never more', async () => {
    const s = await startSystem();
    s.venue.held.set('BTC', 5_00000000n);
    await s.submit(s.signal('1'));
    await s.submit(s.signal('0'));
    expect(s.venue.truth.orders[1]).toMatchObject({ side: 'sell', qty: '0.999' });
    expect(s.venue.held.get('BTC')).toBe(5_00000000n);
  });

  it('gives up what an IOC order did not get: a later signal of another strategy does not bring it back', async () => {
    const s = await startSystem();
    s.venue.fillPercent = 40;
    await s.submit(s.signal('1', { strategy: 'a' }));
    s.venue.fillPercent = 100;
    await s.submit(s.signal('1', { strategy: 'b' }));
    expect(s.venue.truth.orders.map(({ qty, filledQty }) => `${filledQty}/${qty}`)).toEqual(['0.4/1', '1/1']);
  });

  it('refuses a signal that is too old when its turn comes, whatever made it wait', async () => {
    const s = await startSystem();
    const old = s.signal('1');
    s.clock.advance(6_000);
    await s.submit(old);
    expect(s.denials()).toEqual(['STALE']);
    expect(s.venue.truth.requests).toHaveLength(0);
  });

  it('keeps to its own account', async () => {
    const s = await startSystem();
    expect(await s.execution.submit([s.signal('1', { account: 'other' })])).toEqual(['otherAccount']);
  });
});

describe('a new target while an order rests', () => {
  it('cancels, resolves, and only then trades the new one', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.fillPercent = 30;
    await s.submit(s.signal('1'));
    s.venue.fillPercent = 100;
    await s.submit(s.signal('2'));
    expect(s.venue.truth.orders.map(({ status, qty }) => `${status} ${qty}`)).toEqual(['CANCELED 1', 'FILLED 1.7']);
  });

  it('lets only the newest of several waiting targets of a strategy trade', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.fillPercent = 0;
    await s.submit(s.signal('1'));
    s.venue.fillPercent = 100;
    await s.submit(s.signal('2'), s.signal('3'));
    expect(s.venue.truth.orders.map(({ qty }) => qty)).toEqual(['1', '3']);
    expect(s.denials()).toEqual(['SUPERSEDED']);
  });

  it('cancels what rests when its signal is too old', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.fillPercent = 0;
    await s.submit(s.signal('1'));
    await s.pass(6_000);
    expect(statuses(s)).toEqual(['CANCELED']);
  });
});

describe('an outcome that is not known', () => {
  it('is looked up, never sent again: filled at once, answered by a timeout', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'timeoutAfterAccept';
    s.venue.isStreamSilent = true;
    await s.submit(s.signal('1'));
    expect(statuses(s)).toEqual(['UNKNOWN']);
    s.venue.isStreamSilent = false;
    await s.pass(2_000);
    expect(statuses(s)).toEqual(['FILLED']);
    expect(s.venue.truth.requests).toHaveLength(1);
    expect(positionOf(s)).toBe('0.999');
  });

  it('counts whole against the limits and blocks its instrument until it is resolved', async () => {
    const s = await startSystem({ limits: { maxGrossNotionalQuote: 20_000 } });
    s.venue.nextFault = 'lostRequest';
    await s.submit(s.signal('90'));
    await s.submit(s.signal('50'), s.signal('95', { instrument: ETH }));
    expect(s.denials()).toEqual([]);
    await s.submit(s.signal('20', { instrument: ETH, strategy: 'b' }));
    expect(s.denials()).toEqual(['MAX_GROSS_NOTIONAL']);
    expect(s.venue.truth.requests.map(({ order }) => `${order.instrument} ${order.qty}`)).toEqual([`${BTC} 90`, `${ETH} 95`]);
  });

  it('is absent only on evidence: after the venue can no longer take the request, looked up twice', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'lostRequest';
    await s.submit(s.signal('1'));
    await s.pass(13_000);
    expect(statuses(s)).toEqual(['UNKNOWN']);
    await s.pass(3_000);
    expect(statuses(s)).toEqual(['NOT_PLACED']);
    expect(s.ledger.orders()[0]!.order.reason).toContain('open orders and trades do not know it');
    await s.submit(s.signal('1'));
    expect(s.venue.truth.orders).toHaveLength(1);
  });

  it('is not kept unknown by the trades of another hand on the account', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'lostRequest';
    await s.submit(s.signal('1'));
    s.venue.isStreamSilent = true;
    await s.venue.placeOrder({ instrument: BTC, clientOrderId: 'by-hand', side: 'buy', type: 'limit', timeInForce: 'IOC', qty: '1', price: '100' });
    s.venue.isStreamSilent = false;
    await s.pass(13_000);
    expect(statuses(s)).toEqual(['UNKNOWN']);
    await s.pass(3_000);
    expect(statuses(s)).toEqual(['NOT_PLACED']);
    expect(positionOf(s)).toBe('0');
  });

  it('is found by its trades when no lookup by our own id sees it', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'timeoutAfterAccept';
    s.venue.isStreamSilent = true;
    s.venue.lookupLagMs = 3_600_000;
    await s.submit(s.signal('1'));
    await s.pass(20_000);
    expect(statuses(s)).toEqual(['FILLED']);
    expect(positionOf(s)).toBe('0.999');
  });

  it('survives a lookup that does not see the order yet', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'timeoutAfterAccept';
    s.venue.isStreamSilent = true;
    s.venue.lookupLagMs = 2_000;
    await s.submit(s.signal('1'));
    await s.pass(4_000);
    expect(statuses(s)).toEqual(['FILLED']);
    expect(s.venue.truth.orders).toHaveLength(1);
  });

  it('is what an order becomes that ended while nobody watched and that a lookup does not see yet', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.fillPercent = 0;
    await s.submit(s.signal('1'), s.signal('2', { instrument: ETH }));
    expect(statuses(s)).toEqual(['OPEN', 'OPEN']);
    s.crash();
    s.venue.trade('1', 100_000_000n);
    await s.venue.cancelOrder(ETH, s.venue.truth.orders[1]!.clientOrderId);
    s.venue.lookupLagMs = 2_000;
    await s.boot();
    expect(statuses(s)).toEqual(['FILLED', 'UNKNOWN']);
    expect(positionOf(s)).toBe('0.999');
    await s.pass(4_000);
    expect(statuses(s)).toEqual(['FILLED', 'CANCELED']);
  });

  it('is what a crash while sending leaves behind', async () => {
    const s = await startSystem();
    s.venue.nextFault = 'timeoutAfterAccept';
    s.venue.isStreamSilent = true;
    await s.execution.submit([s.signal('1')]);
    s.crash();
    s.venue.isStreamSilent = false;
    await s.boot();
    await s.pass(1_000);
    expect(statuses(s)).toEqual(['FILLED']);
    expect(positionOf(s)).toBe('0.999');
    expect(s.venue.truth.requests).toHaveLength(1);
  });
});

describe('halt', () => {
  it('refuses entries and reductions alike when halted, and entries only when reducing', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    s.trading.state = 'REDUCING';
    await s.submit(s.signal('3'));
    await s.submit(s.signal('1'));
    s.trading.state = 'HALTED';
    await s.submit(s.signal('0'));
    expect(s.denials()).toEqual(['REDUCING', 'HALTED']);
    expect(s.venue.truth.orders.map(({ side }) => side)).toEqual(['buy', 'sell']);
  });

  it('stops an order that was approved and not yet sent', async () => {
    const s = await startSystem();
    const accepted = s.execution.submit([s.signal('1')]);
    let reads = 0;
    Object.defineProperty(s.trading, 'state', { get: () => (++reads > 1 ? 'HALTED' : 'ACTIVE') });
    await accepted;
    await s.execution.idle();
    expect(statuses(s)).toEqual(['ABANDONED']);
    expect(s.venue.truth.requests).toHaveLength(0);
  });
});

describe('one owner', () => {
  it('is fenced off by the next: it can neither write nor send', async () => {
    const s = await startSystem();
    const taken = s.ledger.acquireLease({ holder: 'flatten:ann', pid: 1, nowMs: s.clock.nowMs(), preempt: true, isAlive: () => true });
    expect('lease' in taken).toBe(true);
    await expect(s.execution.submit([s.signal('1')])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(s.isLeaseLost).toBe(true);
    expect(s.venue.truth.requests).toHaveLength(0);
  });
});

describe('the user stream', () => {
  it('is not trusted when polling finds what it should have said; entries stop, nothing is booked twice when it speaks again', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.fillPercent = 0;
    await s.submit(s.signal('1', { maxAgeMs: 600_000 }));
    s.venue.isStreamSilent = true;
    for (let i = 0; i < 3; i++) s.venue.trade('1', 20_000_000n);
    await s.pass(30_000);
    expect(positionOf(s)).toBe('0.5994');
    expect(s.execution.health.entryBlock()).toBe('STREAM_STALE');
    await s.submit(s.signal('1', { instrument: ETH }));
    expect(s.denials()).toEqual(['STREAM_STALE']);
    s.venue.isStreamSilent = false;
    for (const fill of s.venue.truth.fills) s.execution.onUserEvent({ type: 'order', order: s.venue.truth.orders[0]!, fill });
    await s.execution.idle();
    expect(positionOf(s)).toBe('0.5994');
    expect(s.execution.health.entryBlock()).toBeUndefined();
  });
});

describe('the venue is the truth', () => {
  it('stops trading when the venue holds less than the ledger says, and invents no fill', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    s.venue.held.set('BTC', 1_00000000n);
    await s.pass(35_000);
    expect(s.execution.health.entryBlock()).toBe('NOT_RECONCILED');
    expect(positionOf(s)).toBe('1.998');
    expect(s.ledger.eventsAfter(0, 1_000).filter(({ data }) => data.code === 'POSITION_MISMATCH')).toHaveLength(1);
  });

  it('records a trade that no order of ours made, and does not book it', async () => {
    const s = await startSystem();
    const theirs = await s.venue.placeOrder({
      instrument: BTC,
      clientOrderId: 'by-hand',
      side: 'buy',
      type: 'limit',
      timeInForce: 'IOC',
      qty: '1',
      price: '100',
    });
    expect(theirs.status).toBe('FILLED');
    await s.pass(35_000);
    expect(positionOf(s)).toBe('0');
    expect(s.ledger.eventsAfter(0, 1_000).filter(({ data }) => data.code === 'FOREIGN_FILL')).toHaveLength(1);
  });

  it('denies entries while clocks disagree', async () => {
    const s = await startSystem();
    s.clock.step(5_000);
    await s.pass(31_000);
    expect(s.execution.health.entryBlock()).toBe('CLOCK_SKEW');
  });
});

describe('daily loss', () => {
  it('survives a restart and stays hit for the day', async () => {
    const s = await startSystem({ limits: { maxDailyLossQuote: 50 } });
    await s.pass(2_000);
    await s.submit(s.signal('10'));
    s.venue.price = 90;
    s.quote();
    await s.pass(2_000);
    s.venue.price = 100;
    await s.restart();
    await s.submit(s.signal('1', { instrument: ETH }));
    expect(s.denials()).toEqual(['DAILY_LOSS']);
  });
});
