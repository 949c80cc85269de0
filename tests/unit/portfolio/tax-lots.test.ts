import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multiply, parseDecimal } from '../../../core/market/decimal.ts';
import { matchTaxLots, TAX_LOT_METHODS, type TaxTransaction } from '../../../core/portfolio/tax-lots.ts';

const d = parseDecimal;
const day = (text: string) => Date.parse(text);
const trade = (date: string, side: 'buy' | 'sell', qty: string, price: string, more: Partial<TaxTransaction> = {}): TaxTransaction => ({
  timeMs: day(date),
  side,
  qty: d(qty),
  price: d(price),
  feeQuote: 0n,
  ...more,
});
const BOUGHT = [
  trade('2023-01-01', 'buy', '1', '10'),
  trade('2023-02-01', 'buy', '1', '30'),
  trade('2023-03-01', 'buy', '1', '20'),
  trade('2023-04-01', 'buy', '1', '30'),
];

describe('tax lots', () => {
  it.each([
    ['FIFO', [0, 1]],
    ['LIFO', [3, 2]],
    ['HIFO', [1, 3]],
    ['LOFO', [0, 2]],
  ] as const)('%s takes lots %j', (method, lots) => {
    const report = matchTaxLots([...BOUGHT, trade('2023-05-01', 'sell', '2', '40')], method);
    expect(report.disposals.map((disposal) => disposal.lot)).toEqual(lots);
  });

  it('takes the lots that the sale names', () => {
    const lots = [
      { lot: 2, qty: d('0.5') },
      { lot: 1, qty: d('1') },
    ];
    const report = matchTaxLots([...BOUGHT, trade('2023-05-01', 'sell', '1.5', '40', { lots })], 'SPECIFIC');
    expect(report.disposals.map(({ lot, basisQuote, gainQuote }) => [lot, basisQuote, gainQuote])).toEqual([
      [2, d('10'), d('10')],
      [1, d('30'), d('10')],
    ]);
  });

  it('calls a disposal long-term only after more than the given days', () => {
    const at = (date: string) => matchTaxLots([trade('2023-01-01', 'buy', '1', '10'), trade(date, 'sell', '1', '10')], 'FIFO').disposals[0]!;
    expect([at('2024-01-01').holdingDays, at('2024-01-01').isLongTerm]).toEqual([365, false]);
    expect([at('2024-01-02').holdingDays, at('2024-01-02').isLongTerm]).toEqual([366, true]);
  });

  it('refuses what cannot be', () => {
    const refused = (code: string, transactions: TaxTransaction[], method: 'FIFO' | 'SPECIFIC' = 'FIFO') =>
      expect(() => matchTaxLots(transactions, method)).toThrow(expect.objectContaining({ code }));
    refused('INSUFFICIENT_LOTS', [...BOUGHT, trade('2023-05-01', 'sell', '4.00000001', '1')]);
    refused('BAD_TAX_TRANSACTION', [trade('2023-01-01', 'buy', '0', '10')]);
    refused('BAD_TAX_TRANSACTION', [trade('2023-01-02', 'buy', '1', '10'), trade('2023-01-01', 'buy', '1', '10')]);
    refused('BAD_LOT_SELECTION', [...BOUGHT, trade('2023-05-01', 'sell', '1', '1')], 'SPECIFIC');
    refused('BAD_LOT_SELECTION', [...BOUGHT, trade('2023-05-01', 'sell', '2', '1', { lots: [{ lot: 0, qty: d('2') }] })], 'SPECIFIC');
    const twice = [
      { lot: 0, qty: d('1') },
      { lot: 0, qty: d('1') },
    ];
    refused('BAD_LOT_SELECTION', [...BOUGHT, trade('2023-05-01', 'sell', '2', '1', { lots: twice })], 'SPECIFIC');
  });

  it('loses no unit of quantity, cost or proceeds, under every method', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 11n });
    const steps = fc.array(
      fc.record({ isSale: fc.boolean(), share: fc.integer({ min: 1, max: 100 }), qty: amount, price: amount, fee: fc.bigInt({ min: 0n, max: 10n ** 6n }) }),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(steps, fc.constantFrom(...TAX_LOT_METHODS.filter((method) => method !== 'SPECIFIC')), (made, method) => {
        let held = 0n;
        let paid = 0n;
        let received = 0n;
        const transactions = made.map((step, i): TaxTransaction => {
          const isSale = step.isSale && held > 0n;
          const part = (held * BigInt(step.share)) / 100n;
          const qty = isSale ? (part > 0n ? part : held) : step.qty;
          held += isSale ? -qty : qty;
          if (isSale) received += multiply(qty, step.price) - step.fee;
          else paid += multiply(qty, step.price) + step.fee;
          return { timeMs: i * 86_400_000, side: isSale ? 'sell' : 'buy', qty, price: step.price, feeQuote: step.fee };
        });
        const { disposals, remainingLots, totalGainQuote, shortTermGainQuote, longTermGainQuote } = matchTaxLots(transactions, method, 5);
        const sum = (values: bigint[]) => values.reduce((total, value) => total + value, 0n);
        expect(sum(remainingLots.map((lot) => lot.qty))).toBe(held);
        expect(sum(disposals.map((disposal) => disposal.proceedsQuote))).toBe(received);
        expect(sum(disposals.map((disposal) => disposal.basisQuote)) + sum(remainingLots.map((lot) => lot.basisQuote))).toBe(paid);
        expect(shortTermGainQuote + longTermGainQuote).toBe(totalGainQuote);
        expect(totalGainQuote).toBe(sum(disposals.map((disposal) => disposal.proceedsQuote - disposal.basisQuote)));
      }),
      { numRuns: 100 },
    );
  });
});
