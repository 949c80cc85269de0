import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyOrderUpdate,
  exposedQty,
  isSettled,
  type OrderEffect,
  type OrderUpdate,
  trackOrder,
  type TrackedOrder,
} from '../../../core/execution/lifecycle.ts';
import { type OrderState, type OrderStatus, TERMINAL_STATUSES } from '../../../core/execution/order.ts';
import { formatDecimal, multiply, parseDecimal } from '../../../core/market/decimal.ts';

const planned: OrderState = {
  intentId: 'i1',
  signalId: 's1',
  strategy: 'ema-cross',
  account: 'paper',
  clientOrderId: 'ts-i1',
  instrument: 'sim:BTC/USDT',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  qty: '37',
  price: '100',
  reduceOnly: false,
  status: 'PLANNED',
  filledQty: '0',
  createdTimeMs: 1,
  updatedTimeMs: 1,
};

const fill = (id: number, qty = '1', price = '100'): OrderUpdate => ({ type: 'fill', tradeId: String(id), qty, price, timeMs: 10 + id });
const word = (status: Extract<OrderUpdate, { type: 'venue' }>['status'], filledQty = '0'): OrderUpdate => ({
  type: 'venue',
  status,
  venueOrderId: '77',
  filledQty,
  timeMs: 50,
});
const sending: OrderUpdate = { type: 'sending', timeMs: 2 };
const uncertain: OrderUpdate = { type: 'uncertain', reason: 'TIMEOUT', timeMs: 3 };
const absent: OrderUpdate = { type: 'absent', reason: 'EVIDENCE', timeMs: 99 };

function fold(updates: readonly OrderUpdate[], start: TrackedOrder = trackOrder(planned)): { state: TrackedOrder; effects: OrderEffect[] } {
  let state = start;
  const effects: OrderEffect[] = [];
  for (const update of updates) {
    const step = applyOrderUpdate(state, update);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

describe('life of an order', () => {
  it('goes from the plan through the book to filled', () => {
    const { state, effects } = fold([sending, word('OPEN'), fill(1), fill(2, '36', '101')]);
    expect(state.order).toMatchObject({ status: 'FILLED', filledQty: '37', venueOrderId: '77', averagePrice: '100.97297297' });
    expect(effects).toEqual([]);
    expect(isSettled(state)).toBe(true);
  });

  it('counts each trade id once, whatever path repeats it', () => {
    const { state } = fold([sending, word('OPEN'), fill(1), fill(1), word('PARTIALLY_FILLED', '1'), fill(1)]);
    expect(state.order.filledQty).toBe('1');
  });

  it('is not settled when the venue says FILLED before its fills are booked, and the unbooked part stays exposed', () => {
    const { state, effects } = fold([sending, word('FILLED', '37'), fill(1)]);
    expect(state.order.status).toBe('FILLED');
    expect(isSettled(state)).toBe(false);
    expect(formatDecimal(exposedQty(state))).toBe('36');
    expect(effects).toEqual([{ type: 'missingFills', qty: parseDecimal('37') }]);
  });

  it('books a fill that comes after the end, and asks for a comparison', () => {
    const { state, effects } = fold([sending, word('CANCELED', '0'), fill(1)]);
    expect(state.order).toMatchObject({ status: 'CANCELED', filledQty: '1' });
    expect(effects).toEqual([{ type: 'reconcile', reason: 'LATE_FILL' }]);
  });

  it('takes fills that a cancel already counted without alarm', () => {
    const { effects, state } = fold([sending, word('CANCELED', '2'), fill(1), fill(2)]);
    expect(effects).toEqual([{ type: 'missingFills', qty: parseDecimal('2') }]);
    expect(isSettled(state)).toBe(true);
  });

  it('keeps UNKNOWN through a part fill: the rest may be alive', () => {
    const { state } = fold([sending, word('OPEN'), uncertain, fill(1)]);
    expect(state.order.status).toBe('UNKNOWN');
    expect(formatDecimal(exposedQty(state))).toBe('36');
  });

  it('never concludes absence of an order that traded', () => {
    expect(fold([sending, uncertain, fill(1), absent]).state.order.status).toBe('UNKNOWN');
    expect(fold([sending, uncertain, absent]).state.order.status).toBe('NOT_PLACED');
  });

  it('raises the alarm when an order that never existed is alive', () => {
    expect(fold([sending, uncertain, absent, word('OPEN')])).toMatchObject({
      state: { order: { status: 'NOT_PLACED' } },
      effects: [{ type: 'reconcile', reason: 'ALIVE_AFTER_END' }],
    });
  });

  it('caps filledQty at the order and reports the overfill', () => {
    const { state, effects } = fold([sending, fill(1, '40')]);
    expect(state.order.filledQty).toBe('37');
    expect(effects).toEqual([{ type: 'reconcile', reason: 'OVERFILL' }]);
  });
});

const STATUSES: readonly OrderStatus[] = [
  'PLANNED',
  'SENDING',
  'OPEN',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'EXPIRED',
  'REJECTED',
  'UNKNOWN',
  'NOT_PLACED',
  'ABANDONED',
];
const anyUpdate: fc.Arbitrary<OrderUpdate> = fc.oneof(
  fc.integer({ min: 1, max: 37 }).map((id) => fill(id)),
  fc
    .tuple(fc.constantFrom('OPEN', 'PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED', 'REJECTED' as const), fc.integer({ min: 0, max: 37 }))
    .map(([status, filled]) => word(status as 'OPEN', String(filled))),
  fc.constantFrom<OrderUpdate>(sending, uncertain, absent, { type: 'refused', reason: 'NO', timeMs: 4 }, { type: 'abandoned', reason: 'STALE', timeMs: 4 }),
);

/** What a truthful venue says of one order: some fills, then one end (or none), every status with the quantity filled so far. */
const truthfulHistory = fc
  .record({ fills: fc.integer({ min: 0, max: 37 }), end: fc.constantFrom('CANCELED' as const, 'EXPIRED' as const, undefined) })
  .map(({ fills, end }) => {
    const updates: OrderUpdate[] = [word('OPEN')];
    for (let id = 1; id <= fills; id++) updates.push(fill(id, '1', String(100 + id)), word(id === 37 ? 'FILLED' : 'PARTIALLY_FILLED', String(id)));
    if (end && fills < 37) updates.push(word(end, String(fills)));
    return updates;
  });

describe('I6: order states', () => {
  it('is total: every status takes every update, filledQty never falls nor exceeds qty, terminal stays terminal, UNKNOWN leaves on evidence only', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STATUSES), fc.array(anyUpdate, { maxLength: 60 }), (status, updates) => {
        let state = trackOrder({ ...planned, status });
        for (const update of updates) {
          const { state: next } = applyOrderUpdate(state, update);
          expect(parseDecimal(next.order.filledQty)).toBeGreaterThanOrEqual(parseDecimal(state.order.filledQty));
          expect(parseDecimal(next.order.filledQty)).toBeLessThanOrEqual(parseDecimal(planned.qty));
          if (TERMINAL_STATUSES.has(state.order.status)) expect(next.order.status).toBe(state.order.status);
          if (state.order.status === 'UNKNOWN' && next.order.status !== 'UNKNOWN') expect(['venue', 'fill', 'refused', 'absent']).toContain(update.type);
          state = next;
        }
      }),
    );
  });

  it('ends alike however a truthful history is shuffled and repeated', () => {
    const scrambled = truthfulHistory.chain((history) =>
      fc.record({
        history: fc.constant(history),
        delivered: fc.tuple(fc.shuffledSubarray(history, { minLength: history.length }), fc.subarray(history)).map(([all, again]) => [...all, ...again]),
      }),
    );
    fc.assert(
      fc.property(scrambled, ({ history, delivered }) => {
        const straight = fold([sending, ...history]).state;
        const mixed = fold([sending, ...delivered]).state;
        expect({ ...mixed.order, updatedTimeMs: 0 }).toEqual({ ...straight.order, updatedTimeMs: 0 });
        expect(exposedQty(mixed)).toBe(exposedQty(straight));
      }),
    );
  });

  it('asks for every fill that was dropped', () => {
    fc.assert(
      fc.property(truthfulHistory, fc.infiniteStream(fc.boolean()), (history, keep) => {
        const lossy = history.filter((update) => update.type !== 'fill' || keep.next().value);
        const { state, effects } = fold([sending, ...lossy]);
        const kept = lossy.filter((update) => update.type === 'fill').length;
        const total = history.filter((update) => update.type === 'fill').length;
        if (kept === total) return;
        expect(effects.some((effect) => effect.type === 'missingFills')).toBe(true);
        expect(isSettled(state)).toBe(false);
      }),
    );
  });

  it('averages exactly', () => {
    const { state } = fold([sending, fill(1, '0.3', '10'), fill(2, '0.7', '20')]);
    expect(state.order.averagePrice).toBe('17');
    expect(formatDecimal(multiply(parseDecimal(state.order.averagePrice!), parseDecimal(state.order.filledQty)))).toBe('17');
  });
});
