import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOrder, type PlanState } from '../../../core/execution/plan.ts';
import { type InstrumentRules, parseRules, roundPrice, roundQty } from '../../../core/execution/round.ts';
import { abs, formatDecimal, multiply, parseDecimal } from '../../../core/market/decimal.ts';

const RULES = parseRules({ name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '5', minNotional: '10' });

function plan(target: string, changes: Partial<Record<'position' | 'openBuy' | 'openSell' | 'price', string>> = {}, market: PlanState['market'] = 'spot') {
  const result = planOrder(parseDecimal(target), {
    positionQty: parseDecimal(changes.position ?? '0'),
    openBuyQty: parseDecimal(changes.openBuy ?? '0'),
    openSellQty: parseDecimal(changes.openSell ?? '0'),
    price: parseDecimal(changes.price ?? '50000'),
    rules: RULES,
    market,
  });
  return result.kind === 'order' ? `${result.side} ${formatDecimal(result.qty)}${result.reduceOnly ? ' reduce-only' : ''}` : result.code;
}

describe('planOrder', () => {
  it.each([
    ['0.5', {}, 'buy 0.5'],
    ['0.5', { position: '0.5' }, 'NOTHING_TO_DO'],
    ['0.5', { openBuy: '0.5' }, 'NOTHING_TO_DO'],
    ['0.5', { position: '0.2', openBuy: '0.1' }, 'buy 0.2'],
    ['0.5009', {}, 'buy 0.5'],
    ['0', { position: '0.5' }, 'sell 0.5 reduce-only'],
    ['0.1', { position: '0.5', openSell: '0.1' }, 'sell 0.3 reduce-only'],
    ['0', { position: '0.4996' }, 'sell 0.499 reduce-only'],
    ['0', { position: '0.0004' }, 'BELOW_MINIMUM'],
    ['0.001', { price: '9000' }, 'BELOW_MINIMUM'],
    ['0.002', { price: '9000' }, 'buy 0.002'],
    ['12', {}, 'buy 5'],
  ])('target %s with %o: %s', (target, changes, expected) => {
    expect(plan(target, changes)).toBe(expected);
  });

  it('on spot goes no lower than flat, and a derivative crosses zero in one order', () => {
    expect(plan('-1', { position: '0.5' })).toBe('sell 0.5 reduce-only');
    expect(plan('-1')).toBe('NOTHING_TO_DO');
    expect(plan('-1', { position: '0.5' }, 'derivative')).toBe('sell 1.5');
    expect(plan('0', { position: '-0.5' }, 'derivative')).toBe('buy 0.5 reduce-only');
  });

  it('on spot sells no coin twice: an open buy is not yet a position', () => {
    expect(plan('0', { position: '0.1', openBuy: '0.4' })).toBe('sell 0.1 reduce-only');
    expect(plan('0', { openBuy: '0.4' })).toBe('NOTHING_TO_DO');
  });
});

const units = (max: bigint) => fc.bigInt({ min: 0n, max });
const rules: fc.Arbitrary<InstrumentRules> = fc.record({
  tickSize: fc.integer({ min: 0, max: 10 }).map((power) => 10n ** BigInt(power)),
  stepSize: fc.integer({ min: 0, max: 10 }).map((power) => 10n ** BigInt(power)),
  minQty: units(10n ** 9n),
  maxQty: units(10n ** 14n),
  minNotional: units(10n ** 10n),
});

describe('laws of planning, over generated filters and sizes', () => {
  it('never above the wanted size, never off the step, never below a minimum, no exponent; spot never sells beyond the position', () => {
    fc.assert(
      fc.property(
        rules,
        units(10n ** 13n),
        units(10n ** 13n),
        units(10n ** 12n),
        units(10n ** 12n),
        units(10n ** 13n),
        (rule, target, position, buy, sell, price) => {
          const result = planOrder(target, { positionQty: position, openBuyQty: buy, openSellQty: sell, price: price + 1n, rules: rule, market: 'spot' });
          if (result.kind === 'denied') return;
          expect(result.qty > 0n && result.qty <= abs(target - (position + buy - sell))).toBe(true);
          expect(result.qty % rule.stepSize).toBe(0n);
          expect(result.qty >= rule.minQty && multiply(result.qty, price + 1n) >= rule.minNotional).toBe(true);
          expect(rule.maxQty === 0n || result.qty <= rule.maxQty).toBe(true);
          expect(formatDecimal(result.qty)).toMatch(/^\d+(\.\d{1,8})?$/);
          if (result.side === 'sell') expect(result.qty <= position - sell).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('once the planned order is open, the same target asks for nothing that the step allows', () => {
    fc.assert(
      fc.property(rules, units(10n ** 13n), units(10n ** 13n), (rule, target, position) => {
        const state = { positionQty: position, openBuyQty: 0n, openSellQty: 0n, price: 10n ** 12n, rules: { ...rule, maxQty: 0n }, market: 'spot' as const };
        const first = planOrder(target, state);
        if (first.kind === 'denied') return;
        const second = planOrder(target, first.side === 'buy' ? { ...state, openBuyQty: first.qty } : { ...state, openSellQty: first.qty });
        expect(second.kind).toBe('denied');
      }),
    );
  });

  it('a rounded price is on the tick and never worse than the limit', () => {
    fc.assert(
      fc.property(rules, units(10n ** 14n), (rule, price) => {
        const buy = roundPrice(price, 'buy', rule);
        const sell = roundPrice(price, 'sell', rule);
        expect(buy % rule.tickSize === 0n && buy <= price && price - buy < rule.tickSize).toBe(true);
        expect(sell % rule.tickSize === 0n && sell >= price && sell - price < rule.tickSize).toBe(true);
        expect(roundQty(price, rule) <= price).toBe(true);
      }),
    );
  });
});
