import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abs, type Decimal, multiply, parseDecimal } from '../../../core/market/decimal.ts';
import {
  applyFunding,
  applyPerpetualFill,
  bookedPnl,
  entryPrice,
  FLAT_PERPETUAL,
  fundingPayment,
  markPosition,
  type PerpetualFill,
  type PerpetualPosition,
  unrealisedPnl,
} from '../../../core/portfolio/perpetual-position.ts';

const d = parseDecimal;
const fill = (side: 'buy' | 'sell', qty: string, price: string, fee = '0'): PerpetualFill => ({ side, qty: d(qty), price: d(price), feeQuote: d(fee) });

type Step = { readonly kind: 'fill'; readonly fill: PerpetualFill } | { readonly kind: 'funding' | 'mark'; readonly rate: Decimal; readonly mark: Decimal };

const price = fc.bigInt({ min: 1n, max: 10_000_000_000_000n });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        side: fc.constantFrom('buy' as const, 'sell' as const),
        qty: fc.bigInt({ min: 1n, max: 1_000_000_000n }),
        price,
        feeQuote: fc.bigInt({ min: -1000n, max: 10_000_000n }),
      })
      .map((made) => ({ kind: 'fill' as const, fill: made })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('funding' as const, 'mark' as const), rate: fc.bigInt({ min: -300_000n, max: 300_000n }), mark: price }),
  },
);

function apply(position: PerpetualPosition, event: Step): PerpetualPosition {
  if (event.kind === 'fill') return applyPerpetualFill(position, event.fill);
  return event.kind === 'funding' ? applyFunding(position, event.rate, event.mark) : markPosition(position, event.mark);
}

describe('a perpetual position', () => {
  it('averages what is added and realises against the average', () => {
    let position = applyPerpetualFill(FLAT_PERPETUAL, fill('buy', '1', '100', '0.1'));
    position = applyPerpetualFill(position, fill('buy', '3', '200'));
    expect(entryPrice(position)).toBe(d('175'));
    position = applyPerpetualFill(position, fill('sell', '2', '185', '0.2'));
    expect([position.qty, entryPrice(position), position.realisedPnlQuote, position.feesQuote]).toEqual([d('2'), d('175'), d('20'), d('0.3')]);
    expect(bookedPnl(position)).toBe(d('19.7'));
  });

  it('turns from long to short in one fill, at the price of that fill', () => {
    const long = applyPerpetualFill(FLAT_PERPETUAL, fill('buy', '1', '100'));
    const short = applyPerpetualFill(long, fill('sell', '3', '90'));
    expect([short.qty, entryPrice(short), short.realisedPnlQuote]).toEqual([d('-2'), d('90'), d('-10')]);
    expect(unrealisedPnl(short, d('80'))).toBe(d('20'));
  });

  it('pays funding when long and the rate is above 0, and receives it when short', () => {
    expect(fundingPayment(d('0.25'), d('0.0001'), d('42100'))).toBe(d('-1.0525'));
    expect(fundingPayment(d('-0.15'), d('0.00025'), d('41900'))).toBe(d('1.57125'));
  });

  it('refuses a fill of nothing or for nothing', () => {
    expect(() => applyPerpetualFill(FLAT_PERPETUAL, fill('buy', '0', '1'))).toThrow(expect.objectContaining({ code: 'BAD_FILL' }));
    expect(() => applyPerpetualFill(FLAT_PERPETUAL, fill('buy', '1', '0'))).toThrow(expect.objectContaining({ code: 'BAD_FILL' }));
  });

  it('holds the sum of its fills, and every unit of cash is accounted for, after any history', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.bigInt({ min: 0n, max: 10n ** 14n }), (events, deposits) => {
        let position = FLAT_PERPETUAL;
        let qty = 0n;
        let cash = deposits;
        let fees = 0n;
        let funding = 0n;
        for (const event of events) {
          if (event.kind === 'fill') {
            const sign = event.fill.side === 'buy' ? 1n : -1n;
            qty += sign * event.fill.qty;
            cash -= sign * multiply(event.fill.qty, event.fill.price);
            fees += event.fill.feeQuote;
          } else if (event.kind === 'funding') funding += fundingPayment(qty, event.rate, event.mark);
          position = apply(position, event);
          const mark = position.markPrice!;
          const wallet = deposits + bookedPnl(position);
          expect(position.qty).toBe(qty);
          expect(wallet + unrealisedPnl(position)).toBe(cash - fees + funding + multiply(qty, mark));
          expect([position.feesQuote, position.fundingQuote]).toEqual([fees, funding]);
          if (qty === 0n) expect(position.entryNotionalQuote).toBe(0n);
          else expect(position.entryNotionalQuote * qty).toBeGreaterThanOrEqual(0n);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives the mirror image for the opposite side of every fill', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (events) => {
        let position = FLAT_PERPETUAL;
        let mirror = FLAT_PERPETUAL;
        for (const event of events) {
          position = apply(position, event);
          const flipped: Step = event.kind === 'fill' ? { kind: 'fill', fill: { ...event.fill, side: event.fill.side === 'buy' ? 'sell' : 'buy' } } : event;
          mirror = apply(mirror, flipped);
        }
        expect([mirror.qty, mirror.entryNotionalQuote, mirror.realisedPnlQuote, mirror.fundingQuote]).toEqual([
          -position.qty,
          -position.entryNotionalQuote,
          -position.realisedPnlQuote,
          -position.fundingQuote,
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the entry price while only reducing', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n, max: 10n ** 9n }), price, price, fc.bigInt({ min: 1n, max: 10n ** 9n }), (qty, entry, exit, part) => {
        const closing = (part % (qty - 1n)) + 1n;
        const opened = applyPerpetualFill(FLAT_PERPETUAL, { side: 'buy', qty, price: entry, feeQuote: 0n });
        const reduced = applyPerpetualFill(opened, { side: 'sell', qty: closing, price: exit, feeQuote: 0n });
        // Only rounding at the eighth place moves the shares: less than two units over what is left.
        expect(abs(reduced.entryNotionalQuote * qty - opened.entryNotionalQuote * reduced.qty)).toBeLessThan(2n * qty);
      }),
      { numRuns: 100 },
    );
  });
});
