import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrderIntent } from '../../../core/execution/order.ts';
import { checkRisk, isReducing, type RiskState, violatedLimit } from '../../../core/risk/check.ts';
import type { RiskLimits } from '../../../core/risk/decision.ts';

const LIMITS: RiskLimits = {
  maxOrderNotionalQuote: 1_000,
  maxPositionNotionalQuote: 2_000,
  maxGrossNotionalQuote: 3_000,
  priceBandBps: 50,
  maxOrdersPerSecond: 5,
  maxDailyLossQuote: 100,
};

function state(changes: Partial<RiskState> = {}): RiskState {
  return {
    tradingState: 'ACTIVE',
    entryBlock: undefined,
    positionQty: 0,
    openBuyQty: 0,
    openSellQty: 0,
    guardedPrice: 100,
    dailyPnlQuote: 0,
    ordersLastSecond: 0,
    otherGrossNotionalQuote: 0,
    availableQuote: Number.POSITIVE_INFINITY,
    ...changes,
  };
}

function intent(side: 'buy' | 'sell', qty: string, changes: Partial<OrderIntent> = {}): OrderIntent {
  return {
    intentId: 'i',
    signalId: 's',
    strategy: 'ema',
    account: 'paper',
    instrument: 'sim:BTC/USDT',
    side,
    type: 'limit',
    timeInForce: 'IOC',
    qty,
    price: '100',
    reduceOnly: false,
    eventTimeMs: 0,
    maxAgeMs: 1_000,
    ...changes,
  };
}

function codeOf(order: OrderIntent, seen: RiskState, purpose: 'trade' | 'flatten' = 'trade'): string {
  const decision = checkRisk(order, seen, LIMITS, purpose);
  return decision.approved ? 'approved' : decision.code;
}

describe('an entry', () => {
  it.each([
    ['within every limit', intent('buy', '10'), state(), 'approved'],
    ['exactly at the order limit', intent('buy', '10', { price: '100' }), state(), 'approved'],
    ['over the order limit', intent('buy', '10.00000001'), state(), 'MAX_ORDER_NOTIONAL'],
    ['over the position limit', intent('buy', '10'), state({ positionQty: 10.1 }), 'MAX_POSITION_NOTIONAL'],
    ['over the gross limit', intent('buy', '10'), state({ otherGrossNotionalQuote: 2_001 }), 'MAX_GROSS_NOTIONAL'],
    ['51 bps from the price', intent('buy', '1', { price: '100.51' }), state(), 'PRICE_BAND'],
    ['50 bps from the price', intent('buy', '1', { price: '100.5' }), state(), 'approved'],
    ['as the sixth order in a second', intent('buy', '1'), state({ ordersLastSecond: 5 }), 'ORDER_RATE'],
    ['after the daily loss', intent('buy', '1'), state({ dailyPnlQuote: -100 }), 'DAILY_LOSS'],
    ['without a price', intent('buy', '1'), state({ guardedPrice: undefined }), 'NO_PRICE'],
    ['while REDUCING', intent('buy', '1'), state({ tradingState: 'REDUCING' }), 'REDUCING'],
    ['while HALTED', intent('buy', '1'), state({ tradingState: 'HALTED' }), 'HALTED'],
    ['while the user stream is stale', intent('buy', '1'), state({ entryBlock: 'STREAM_STALE' }), 'STREAM_STALE'],
    ['beyond the money there is', intent('buy', '1'), state({ availableQuote: 99 }), 'INSUFFICIENT_FUNDS'],
    ['of nothing', intent('buy', '0'), state(), 'BELOW_MINIMUM'],
    ['marked reduce-only', intent('buy', '1', { reduceOnly: true }), state(), 'NOTHING_TO_DO'],
  ])('%s', (_name, order, seen, expected) => {
    expect(codeOf(order, seen)).toBe(expected);
  });

  it('counts orders of unknown fate at full size', () => {
    expect(codeOf(intent('buy', '10'), state({ openBuyQty: 10 }))).toBe('approved');
    expect(codeOf(intent('buy', '10'), state({ openBuyQty: 10.01 }))).toBe('MAX_POSITION_NOTIONAL');
  });
});

describe('an order that only reduces', () => {
  const long = { positionQty: 50 } as const;

  it.each([
    ['passes the size limits', state(long), 'approved'],
    ['passes after the daily loss', state({ ...long, dailyPnlQuote: -500 }), 'approved'],
    ['passes while REDUCING', state({ ...long, tradingState: 'REDUCING' }), 'approved'],
    ['passes while a stream is stale', state({ ...long, entryBlock: 'STREAM_STALE' }), 'approved'],
    ['does not pass while HALTED', state({ ...long, tradingState: 'HALTED' }), 'HALTED'],
    ['does not pass the order rate', state({ ...long, ordersLastSecond: 5 }), 'ORDER_RATE'],
    ['does not reduce once open sells cover the position', state({ ...long, openSellQty: 1, tradingState: 'REDUCING' }), 'REDUCING'],
  ])('%s', (_name, seen, expected) => {
    expect(codeOf(intent('sell', '50'), seen)).toBe(expected);
  });

  it('FLAT ALL closes while HALTED, but never opens', () => {
    expect(codeOf(intent('sell', '50'), state({ ...long, tradingState: 'HALTED' }), 'flatten')).toBe('approved');
    expect(codeOf(intent('sell', '50.00000001'), state({ ...long, tradingState: 'HALTED' }), 'flatten')).toBe('HALTED');
    expect(codeOf(intent('buy', '1'), state({ tradingState: 'HALTED' }), 'flatten')).toBe('HALTED');
  });
});

describe('laws', () => {
  const qty = fc.double({ min: 0, max: 100, noNaN: true });
  const riskState = fc
    .record({
      positionQty: fc.double({ min: -100, max: 100, noNaN: true }),
      openBuyQty: qty,
      openSellQty: qty,
      dailyPnlQuote: fc.double({ min: -200, max: 200, noNaN: true }),
      ordersLastSecond: fc.integer({ min: 0, max: 8 }),
      otherGrossNotionalQuote: fc.double({ min: 0, max: 4_000, noNaN: true }),
    })
    .map(state);
  const order = fc.record({
    signedQty: fc.double({ min: -50, max: 50, noNaN: true }).filter((value) => value !== 0),
    limitPrice: fc.option(fc.double({ min: 90, max: 110, noNaN: true }), { nil: undefined }),
  });

  it('an approved entry keeps the worst case within the position and gross limits', () => {
    fc.assert(
      fc.property(order, riskState, (wanted, seen) => {
        if (violatedLimit(wanted, seen, LIMITS) !== undefined || isReducing(wanted, seen)) return;
        const longest = seen.positionQty + seen.openBuyQty + Math.max(0, wanted.signedQty);
        const shortest = seen.positionQty - seen.openSellQty + Math.min(0, wanted.signedQty);
        const worst = Math.max(Math.abs(longest), Math.abs(shortest)) * 100;
        expect(worst).toBeLessThanOrEqual(LIMITS.maxPositionNotionalQuote);
        expect(worst + seen.otherGrossNotionalQuote).toBeLessThanOrEqual(LIMITS.maxGrossNotionalQuote);
      }),
    );
  });

  it('a reducing order never crosses zero, whatever else fills', () => {
    fc.assert(
      fc.property(order, riskState, (wanted, seen) => {
        if (!isReducing(wanted, seen)) return;
        const open = wanted.signedQty > 0 ? seen.openBuyQty : -seen.openSellQty;
        const after = seen.positionQty + open + wanted.signedQty;
        expect(after * Math.sign(seen.positionQty)).toBeGreaterThanOrEqual(-1e-9);
      }),
    );
  });

  it('NaN anywhere denies an entry', () => {
    const fields = [
      'positionQty',
      'openBuyQty',
      'openSellQty',
      'guardedPrice',
      'dailyPnlQuote',
      'ordersLastSecond',
      'otherGrossNotionalQuote',
      'availableQuote',
    ] as const;
    for (const field of fields) {
      expect(violatedLimit({ signedQty: 1, limitPrice: undefined }, state({ [field]: Number.NaN }), LIMITS), field).toBeDefined();
    }
    expect(violatedLimit({ signedQty: Number.NaN, limitPrice: undefined }, state(), LIMITS)).toBeDefined();
    expect(violatedLimit({ signedQty: 1, limitPrice: Number.NaN }, state(), LIMITS)).toBe('PRICE_BAND');
  });
});
