import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abs, type Decimal, multiply, ONE, parseDecimal } from '../../../core/market/decimal.ts';
import {
  bankruptcyPrice,
  bracketedLiquidationPrice,
  bracketOf,
  initialMargin,
  liquidationPrice,
  type MarginTier,
  maintenanceMargin,
  marginBrackets,
  marginStatus,
} from '../../../core/portfolio/margin.ts';
import { applyPerpetualFill, FLAT_PERPETUAL, markPosition } from '../../../core/portfolio/perpetual-position.ts';

const d = parseDecimal;
const tier = (floor: string, cap: string | undefined, rate: string): MarginTier => ({
  floorQuote: d(floor),
  capQuote: cap === undefined ? undefined : d(cap),
  maintenanceRate: d(rate),
});
const TIERS = [tier('0', '50000', '0.004'), tier('50000', '250000', '0.005'), tier('250000', '1000000', '0.01'), tier('1000000', undefined, '0.025')];
const BRACKETS = marginBrackets(TIERS);

function position(side: 'buy' | 'sell', qty: Decimal, price: Decimal, mark = price) {
  return markPosition(applyPerpetualFill(FLAT_PERPETUAL, { side, qty, price, feeQuote: 0n }), mark);
}

describe('margin tiers', () => {
  it('give a maintenance margin without jumps', () => {
    expect(BRACKETS.map((bracket) => bracket.maintenanceAmountQuote)).toEqual([0n, d('50'), d('1300'), d('16300')]);
    for (const { capQuote } of TIERS.slice(0, -1)) {
      expect(maintenanceMargin(BRACKETS, capQuote! + d('0.01')) - maintenanceMargin(BRACKETS, capQuote!)).toBeLessThan(d('0.001'));
    }
  });

  it('belong to notionals above the floor, up to and with the cap', () => {
    expect(bracketOf(BRACKETS, 0n)).toBe(BRACKETS[0]);
    expect(bracketOf(BRACKETS, d('50000'))).toBe(BRACKETS[0]);
    expect(bracketOf(BRACKETS, d('50000.00000001'))).toBe(BRACKETS[1]);
    expect(bracketOf(marginBrackets([tier('0', '10', '0.1')]), d('11')).maintenanceRate).toBe(d('0.1'));
  });

  it.each([
    ['no tier', []],
    ['a first floor above 0', [tier('1', undefined, '0.1')]],
    ['a gap', [tier('0', '10', '0.1'), tier('11', undefined, '0.2')]],
    ['an open end before the last', [tier('0', undefined, '0.1'), tier('10', undefined, '0.2')]],
    ['a rate that falls', [tier('0', '10', '0.2'), tier('10', undefined, '0.1')]],
    ['a rate of 0', [tier('0', undefined, '0')]],
    ['a rate of 1', [tier('0', undefined, '1')]],
    ['a cap below its floor', [tier('0', '10', '0.1'), tier('10', '5', '0.2')]],
  ])('are refused with %s', (_what, tiers) => {
    expect(() => marginBrackets(tiers)).toThrow(expect.objectContaining({ code: 'BAD_MARGIN_TIERS' }));
  });
});

describe('liquidation', () => {
  it('happens where the margin balance meets the maintenance margin, for any side, size, collateral and tier', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 13n });
    fc.assert(
      fc.property(
        fc.constantFrom('buy' as const, 'sell' as const),
        fc.bigInt({ min: 1_000_000n, max: 10n ** 10n }),
        amount,
        amount,
        (side, qty, price, collateral) => {
          const held = position(side, qty, price);
          const found = bracketedLiquidationPrice({ collateralQuote: collateral, qty: held.qty, entryNotionalQuote: held.entryNotionalQuote }, BRACKETS);
          if (!found) {
            // A long with collateral for all of its value; a short always has a price.
            expect([side, collateral >= held.entryNotionalQuote]).toEqual(['buy', true]);
            return;
          }
          const at = marginStatus(collateral, [{ position: markPosition(held, found.price), brackets: BRACKETS }]);
          // The price is rounded at the eighth place, so the two sides differ by what that moves the position's value.
          expect(abs(at.marginBalanceQuote - at.maintenanceMarginQuote)).toBeLessThanOrEqual((2n * qty) / ONE + 5n);
          const worse = side === 'buy' ? found.price - d('0.00001') : found.price + d('0.00001');
          const better = side === 'buy' ? found.price + d('0.00001') : found.price - d('0.00001');
          if (worse > 0n) expect(marginStatus(collateral, [{ position: markPosition(held, worse), brackets: BRACKETS }]).mustLiquidate).toBe(true);
          if (better > 0n) expect(marginStatus(collateral, [{ position: markPosition(held, better), brackets: BRACKETS }]).mustLiquidate).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes the losses and the maintenance margin of other positions into account', () => {
    const bracket = { maintenanceRate: d('0.01'), maintenanceAmountQuote: 0n };
    const alone = { collateralQuote: d('100'), qty: d('1'), entryNotionalQuote: d('1000') };
    expect(liquidationPrice(alone, bracket)).toBe((d('900') * 100n) / 99n);
    expect(liquidationPrice({ ...alone, otherUnrealisedPnlQuote: d('-20'), otherMaintenanceMarginQuote: d('10') }, bracket)).toBe((d('930') * 100n) / 99n);
  });

  it('counts all positions on one wallet together, and nothing when all are flat', () => {
    const long = position('buy', d('1'), d('100'), d('90'));
    const short = position('sell', d('2'), d('50'), d('40'));
    const legs = [long, short, FLAT_PERPETUAL].map((held) => ({ position: held, brackets: BRACKETS }));
    expect(marginStatus(d('5'), legs)).toEqual({ marginBalanceQuote: d('15'), maintenanceMarginQuote: multiply(d('170'), d('0.004')), mustLiquidate: false });
    expect(marginStatus(d('-10'), legs).mustLiquidate).toBe(true);
    expect(marginStatus(d('-10'), [{ position: FLAT_PERPETUAL, brackets: BRACKETS }]).mustLiquidate).toBe(false);
  });

  it('leaves nothing at the bankruptcy price', () => {
    for (const side of ['buy', 'sell'] as const) {
      const held = position(side, d('3'), d('200'));
      const margin = initialMargin(abs(held.entryNotionalQuote), d('10'));
      expect(margin).toBe(d('60'));
      const price = bankruptcyPrice(held.qty, held.entryNotionalQuote, margin);
      expect(price).toBe(side === 'buy' ? d('180') : d('220'));
      expect(marginStatus(margin, [{ position: markPosition(held, price), brackets: BRACKETS }]).marginBalanceQuote).toBe(0n);
    }
  });

  it('is not defined for a flat position', () => {
    const flat = { collateralQuote: d('1'), qty: 0n, entryNotionalQuote: 0n };
    expect(() => bracketedLiquidationPrice(flat, BRACKETS)).toThrow(expect.objectContaining({ code: 'BAD_POSITION' }));
    expect(() => bankruptcyPrice(0n, 0n, d('1'))).toThrow(expect.objectContaining({ code: 'BAD_POSITION' }));
    expect(() => initialMargin(d('1'), d('0.5'))).toThrow(expect.objectContaining({ code: 'BAD_LEVERAGE' }));
  });
});
