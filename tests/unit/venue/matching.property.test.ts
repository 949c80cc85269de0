import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decimal, decimalFromNumber, parseDecimal } from '../../../core/market/decimal.ts';
import type { BookEvent, MarketEvent } from '../../../core/market/events.ts';
import type { ImpactConfig } from '../../../core/venue/impact.ts';
import { applySpotFill } from '../../../core/portfolio/spot-position.ts';
import { createVenue } from '../../../core/venue/matching.ts';
import type { ExchangeFill, OrderReference, SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';

/** Random markets and orders: balances conserve exactly, nothing is overfilled, no fill is worse than its limit, queues are fair. */
const BTC = 'sim:BTC/USDT';
const START = { USDT: parseDecimal('5000'), BTC: parseDecimal('20') };
const IMPACT = { coefficient: 1, dailyVolatility: 0.05, dailyVolumeBase: 500 };
type Step = { do: 'market'; event: MarketEvent } | { do: 'submit'; order: SubmitOrder } | { do: 'cancel'; reference: OrderReference };

const cents = fc.integer({ min: 9_800, max: 10_200 });
const lots = fc.integer({ min: 1, max: 300 }).map((n) => n / 100);
const side = fc.constantFrom('buy' as const, 'sell' as const);

const base = { id: '', instrument: BTC, eventTimeMs: 0, receivedTimeMs: 0, path: 'replay' as const };
const trade = fc
  .record({ price: cents, qty: lots, takerSide: side })
  .map(({ price, qty, takerSide }): Step => ({ do: 'market', event: { ...base, type: 'trade', tradeId: '1', price: price / 100, qty, takerSide } }));
const book = fc.record({ middle: cents, quantities: fc.array(lots, { minLength: 2, maxLength: 8 }) }).map(({ middle, quantities }): Step => {
  const levels = (sign: number): BookEvent['bids'] => quantities.map((qty, i) => [(middle + sign * (i * 7 + 3)) / 100, qty] as const);
  return { do: 'market', event: { ...base, type: 'book', sequence: 1, bids: levels(-1), asks: levels(1) } };
});
const submit = fc
  .record({
    id: fc.integer({ min: 1, max: 40 }),
    side,
    type: fc.constantFrom('limit' as const, 'market' as const, 'limit_maker' as const, 'stop_loss_limit' as const),
    timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const),
    qty: lots,
    price: cents,
    stopPrice: cents,
    trigger: fc.option(fc.constantFrom('stop' as const, 'takeProfit' as const, 'trailing' as const), { freq: 3 }),
    triggerBy: fc.constantFrom('last' as const, 'mark' as const),
    callbackBps: fc.integer({ min: 1, max: 100 }),
    displayShare: fc.option(fc.integer({ min: 1, max: 10 }), { freq: 3 }),
  })
  .map(({ id, qty, price, stopPrice, trigger, triggerBy, callbackBps, displayShare, ...rest }): Step => {
    const timeInForce = rest.type === 'limit' ? rest.timeInForce : 'GTC';
    const isStop = rest.type === 'stop_loss_limit';
    const triggerType = isStop ? null : trigger;
    const isIceberg = displayShare !== null && rest.type !== 'market' && timeInForce === 'GTC';
    return {
      do: 'submit',
      order: {
        ...rest,
        timeInForce,
        clientOrderId: `o${id}`,
        instrument: BTC,
        qty: decimalFromNumber(qty),
        price: rest.type === 'market' ? undefined : decimalFromNumber(price / 100),
        stopPrice: isStop || triggerType !== null ? decimalFromNumber(stopPrice / 100) : undefined,
        ...(triggerType !== null && { triggerType, triggerBy, callbackBps }),
        ...(isIceberg && { displayQty: (decimalFromNumber(qty) * BigInt(displayShare)) / 10n }),
      },
    };
  });
const cancel = fc.integer({ min: 1, max: 40 }).map((id): Step => ({ do: 'cancel', reference: { instrument: BTC, clientOrderId: `o${id}` } }));
const history = fc.array(
  fc.oneof({ weight: 4, arbitrary: trade }, { weight: 3, arbitrary: book }, { weight: 4, arbitrary: submit }, { weight: 1, arbitrary: cancel }),
  { minLength: 5, maxLength: 80 },
);

function runHistory(
  steps: readonly Step[],
  check: (step: Step, outputs: VenueOutput[], balances: { free: Map<string, Decimal>; total: Map<string, Decimal> }) => void,
  impact?: ImpactConfig,
): void {
  const config = { instruments: [BTC], makerFeeBps: 7.5, takerFeeBps: 10, latencyMs: 0, balances: { USDT: '5000', BTC: '20' } };
  const venue = createVenue({ ...config, ...(impact && { impact }) });
  steps.forEach((step, nowMs) => {
    const outputs =
      step.do === 'market' ? venue.onMarketEvent(step.event) : step.do === 'submit' ? venue.submit(step.order, nowMs) : venue.cancel(step.reference, nowMs);
    const list = venue.balances();
    check(step, outputs, {
      free: new Map(list.map(({ asset, free }) => [asset, free])),
      total: new Map(list.map(({ asset, free, locked }) => [asset, free + locked])),
    });
    if (venue.openOrders().length === 0) for (const { locked } of list) expect(locked).toBe(0n);
  });
}

function fillsOf(outputs: readonly VenueOutput[]): ExchangeFill[] {
  return outputs.flatMap((output) => (output.type === 'order' && output.fill ? [output.fill] : []));
}

test('I1, I2: every balance is exactly start + fills − commission after every step, and nothing stays locked without an order', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(undefined, IMPACT), (steps, impact) => {
      let usdt = START.USDT;
      let btc = START.BTC;
      runHistory(
        steps,
        (_step, outputs, { total, free }) => {
          for (const fill of fillsOf(outputs)) {
            const sign = fill.side === 'buy' ? 1n : -1n;
            btc += sign * fill.qty - (fill.commissionAsset === 'BTC' ? fill.commission : 0n);
            usdt -= sign * fill.quoteQty + (fill.commissionAsset === 'USDT' ? fill.commission : 0n);
          }
          expect(total.get('USDT')).toBe(usdt);
          expect(total.get('BTC')).toBe(btc);
          for (const amount of free.values()) expect(amount >= 0n).toBe(true);
        },
        impact,
      );
    }),
    { numRuns: 300 },
  );
});

test('I6: filled quantity is the sum of the fills, never falls, never exceeds the order, and terminal orders stay silent', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const filled = new Map<number, Decimal>();
      const done = new Set<number>();
      const tradeIds = new Set<number>();
      runHistory(steps, (_step, outputs) => {
        for (const output of outputs) {
          if (output.type !== 'order') continue;
          const { order, fill } = output;
          expect(done.has(order.orderId)).toBe(false);
          const sum = (filled.get(order.orderId) ?? 0n) + (fill?.qty ?? 0n);
          filled.set(order.orderId, sum);
          expect(order.filledQty).toBe(sum);
          expect(sum <= order.qty).toBe(true);
          expect(order.status === 'FILLED').toBe(sum === order.qty);
          if (fill) {
            expect(tradeIds.has(fill.tradeId)).toBe(false);
            tradeIds.add(fill.tradeId);
          }
          if (order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED') done.add(order.orderId);
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('no fill is worse than its limit, and makers are never filled for more than was traded or shown', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(undefined, IMPACT), (steps, impact) => {
      const limits = new Map<string, SubmitOrder>();
      runHistory(
        steps,
        (step, outputs) => {
          if (step.do === 'submit' && outputs.some((output) => output.type === 'order')) limits.set(step.order.clientOrderId, step.order);
          let madeQty = 0n;
          for (const fill of fillsOf(outputs)) {
            const { price } = limits.get(fill.clientOrderId)!;
            if (price !== undefined) expect(fill.side === 'buy' ? fill.price <= price : fill.price >= price).toBe(true);
            if (fill.liquidity === 'maker') madeQty += fill.qty;
          }
          if (step.do === 'market' && step.event.type === 'trade') expect(madeQty <= decimalFromNumber(step.event.qty)).toBe(true);
          if (step.do === 'market' && step.event.type === 'book') {
            const shown = [...step.event.bids, ...step.event.asks].reduce((sum, [, qty]) => sum + decimalFromNumber(qty), 0n);
            expect(madeQty <= shown).toBe(true);
          }
          if (step.do !== 'market') expect(madeQty).toBe(0n);
        },
        impact,
      );
    }),
    { numRuns: 300 },
  );
});

test('price-time priority: a resting order is never filled while an older one at its price, or one at a better price, still waits in the same trade', () => {
  const resting = fc.array(fc.record({ price: fc.integer({ min: 9_900, max: 9_905 }), qty: lots }), { minLength: 2, maxLength: 10 });
  fc.assert(
    fc.property(
      resting,
      fc.array(fc.record({ price: fc.integer({ min: 9_895, max: 9_905 }), qty: lots }), { minLength: 1, maxLength: 20 }),
      (orders, trades) => {
        const venue = createVenue({ instruments: [BTC], makerFeeBps: 0, takerFeeBps: 0, latencyMs: 0, balances: { USDT: '100000' } });
        const quantities: BookEvent['bids'] = [5, 4, 3, 2, 1, 0].map((cent) => [(9_900 + cent) / 100, 0.5 + cent] as const);
        venue.onMarketEvent({ ...base, type: 'book', sequence: 1, bids: quantities, asks: [[101, 1]] });
        for (const [i, { price, qty }] of orders.entries()) {
          venue.submit(
            {
              clientOrderId: `o${i}`,
              instrument: BTC,
              side: 'buy',
              type: 'limit',
              timeInForce: 'GTC',
              qty: decimalFromNumber(qty),
              price: decimalFromNumber(price / 100),
            },
            i,
          );
        }
        for (const { price, qty } of trades) {
          const waiting = venue.openOrders();
          for (const fill of fillsOf(venue.onMarketEvent({ ...base, type: 'trade', tradeId: '1', price: price / 100, qty, takerSide: 'sell' }))) {
            for (const other of waiting) {
              const isBefore = other.price! > fill.price || (other.price === fill.price && other.orderId < fill.orderId);
              if (isBefore) expect(venue.openOrders().some((open) => open.orderId === other.orderId)).toBe(false);
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('I2: the ledger of the fills agrees with the account: quantity is the balance, cash is deposit + realised − cost', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(undefined, IMPACT), (steps, impact) => {
      const costOfStart = parseDecimal('2000');
      let position = { qty: START.BTC, costQuote: costOfStart, realisedPnlQuote: 0n, cashQuote: 0n };
      runHistory(
        steps,
        (_step, outputs, { total }) => {
          for (const { side, qty, price, commission, commissionAsset } of fillsOf(outputs)) {
            const isBase = commissionAsset === 'BTC';
            position = applySpotFill(position, { side, qty, price, feeBase: isBase ? commission : 0n, feeQuote: isBase ? 0n : commission });
          }
          expect(position.qty).toBe(total.get('BTC'));
          expect(START.USDT + position.cashQuote).toBe(total.get('USDT'));
          expect(START.USDT + position.realisedPnlQuote - (position.costQuote - costOfStart)).toBe(total.get('USDT'));
        },
        impact,
      );
    }),
    { numRuns: 150 },
  );
});

test('FOK fills whole at once or not at all, IOC and market orders never rest, and an iceberg gives a trade at its price no more than its tip', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const orders = new Map<string, SubmitOrder>();
      runHistory(steps, (step, outputs) => {
        if (step.do === 'submit' && outputs.some((output) => output.type === 'order')) orders.set(step.order.clientOrderId, step.order);
        const last = new Map<string, VenueOutput & { type: 'order' }>();
        for (const output of outputs) if (output.type === 'order') last.set(output.order.clientOrderId, output);
        for (const [id, { order }] of last) {
          if (order.timeInForce === 'FOK' && order.triggerType === undefined) {
            expect(order.status).toMatch(/^(FILLED|EXPIRED)$/);
            expect(order.filledQty).toBe(order.status === 'FILLED' ? order.qty : 0n);
          }
          if (order.working && (order.type === 'market' || order.timeInForce === 'IOC')) expect(order.status).toBe('FILLED');
          const { displayQty } = orders.get(id)!;
          if (displayQty === undefined || step.do !== 'market' || step.event.type !== 'trade') continue;
          const price = decimalFromNumber(step.event.price);
          for (const fill of fillsOf(outputs))
            if (fill.clientOrderId === id && fill.liquidity === 'maker' && fill.price === price) expect(fill.qty <= displayQty).toBe(true);
        }
      });
    }),
    { numRuns: 300 },
  );
});
