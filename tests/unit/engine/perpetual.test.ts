import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../../core/engine/backtest.ts';
import type { BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { forcedClosePrice } from '../../../core/engine/bar-margin.ts';
import { FillLog } from '../../../core/engine/fill-log.ts';
import type { FundingRates } from '../../../core/engine/funding.ts';
import { exactLedger } from '../../../core/engine/round-trips.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { decimalToNumber, parseDecimal } from '../../../core/market/decimal.ts';
import { liquidationPrice } from '../../../core/portfolio/margin.ts';
import { Rng } from '../../../core/random.ts';
import type { Strategy, StrategyDefinition } from '../../../core/strategies/strategy.ts';

const MINUTE_MS = 60_000;

function scripted(targets: readonly number[], heard: number[] = []): StrategyDefinition {
  return {
    type: 'scripted',
    codeVersion: 1,
    description: 'targets by bar',
    parameters: {},
    warmupBars: () => 0,
    create: (): Strategy => {
      let bar = 0;
      return {
        onBar: (_bar, out) => out.target(targets[bar++] ?? 0, {}),
        onFunding: ({ rate }) => void heard.push(rate),
        snapshot: () => bar,
        restore: () => undefined,
      };
    },
  };
}

function config(targets: readonly number[], changes: Partial<BarEngineConfig> = {}, execution: Partial<BarEngineConfig['execution']> = {}): BarEngineConfig {
  return {
    strategy: {
      name: 'x',
      type: 'scripted',
      account: 'paper',
      instruments: ['sim:BTC/USDT'],
      interval: '1m',
      sizeQuote: '1000',
      maxAgeMs: 5_000,
      parameters: {},
    },
    definition: scripted(targets),
    instrument: { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '1000', minNotional: '5' },
    risk: {
      maxOrderNotionalQuote: 1e6,
      maxPositionNotionalQuote: 1e6,
      maxGrossNotionalQuote: 1e6,
      priceBandBps: 100,
      maxOrdersPerSecond: 50,
      maxDailyLossQuote: 1e6,
    },
    execution: { makerFeeBps: 5, takerFeeBps: 10, slippageBps: 0, orderType: 'market', ...execution },
    initialCashQuote: 10_000,
    market: 'perpetual',
    ...changes,
  };
}

/** Bars of one price each, or of [open, close]. */
function bars(rows: readonly (number | readonly [open: number, close: number])[]): BarColumns {
  return barColumns(
    rows.map((row, i) => {
      const [open, close] = typeof row === 'number' ? [row, row] : row;
      return { openTimeMs: i * MINUTE_MS, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 };
    }),
  );
}

function funding(rows: readonly (readonly [timeMs: number, rate: number, mark?: number])[]): FundingRates {
  const marks = rows.map(([, , mark]) => mark);
  return {
    timeMs: Float64Array.from(rows, ([timeMs]) => timeMs),
    rate: Float64Array.from(rows, ([, rate]) => rate),
    ...(marks[0] === undefined ? {} : { markPrice: Float64Array.from(marks as number[]) }),
  };
}

describe('a perpetual by hand', () => {
  it('goes short, and gains what the price falls', () => {
    // Decided at 100: short 10. Sold at the next open of 102, bought back at 95.
    const result = runBacktest(config([-1, -1, 0, 0]), bars([100, [102, 98], [98, 96], 95]));
    // Fees 1.02 and 0.95.
    expect([...result.equity].map((value) => Number(value.toFixed(8)))).toEqual([10_000, 10_038.98, 10_058.98, 10_068.03]);
    expect(result.roundTrips).toEqual([
      {
        entryTimeMs: 60_000,
        exitTimeMs: 180_000,
        entryPrice: 102,
        exitPrice: 95,
        qty: -10,
        pnlQuote: expect.closeTo(68.03, 8),
        feesQuote: expect.closeTo(1.97, 8),
      },
    ]);
    expect(result.finalEquityQuote).toBeCloseTo(10_068.03, 8);
    expect(result.metrics).toMatchObject({ trades: 1, wins: 1, exposure: 2 / 4, fundingQuote: 0 });
  });

  it('spot clips the same targets at 0', () => {
    const result = runBacktest(config([-1, -1, 0, 0], { market: 'spot' }), bars([100, 102, 98, 95]));
    expect([result.orders, result.finalEquityQuote]).toEqual([0, 10_000]);
  });

  it('turns round in one order: two round trips, its fee shared by quantity', () => {
    // Long 10 at 100; at 100 the target −0.5 is short 5: one sale of 15 at 110, of which 10 close and 5 open; bought back at 90.
    const result = runBacktest(config([1, -0.5, 0, 0]), bars([100, [100, 100], [110, 100], 90]));
    expect(result.orders).toBe(3);
    expect([...result.fills.signedLots.subarray(0, 3)]).toEqual([10_000, -15_000, 5_000]);
    expect(result.roundTrips).toEqual([
      {
        entryTimeMs: 60_000,
        exitTimeMs: 120_000,
        entryPrice: 100,
        exitPrice: 110,
        qty: 10,
        pnlQuote: expect.closeTo(97.9, 8),
        feesQuote: expect.closeTo(2.1, 8),
      },
      { entryTimeMs: 120_000, exitTimeMs: 180_000, entryPrice: 110, exitPrice: 90, qty: -5, pnlQuote: expect.closeTo(99, 8), feesQuote: expect.closeTo(1, 8) },
    ]);
    expect(result.finalEquityQuote).toBeCloseTo(10_000 + 97.9 + 99, 8);
  });

  it('a stop order rests above a short and closes it once', () => {
    const rising = barColumns([
      { openTimeMs: 0, open: 100, high: 100, low: 100, close: 100, volume: 1 },
      { openTimeMs: 60_000, open: 100, high: 104.9, low: 99, close: 104, volume: 1 },
      { openTimeMs: 120_000, open: 104, high: 105, low: 103, close: 104, volume: 1 },
      { openTimeMs: 180_000, open: 104, high: 120, low: 104, close: 120, volume: 1 },
    ]);
    const result = runBacktest(config([-1, -1, -1, -1], {}, { stopLossBps: 500 }), rising);
    expect(result.roundTrips).toMatchObject([{ qty: -10, entryPrice: 100, exitPrice: 105, exitTimeMs: 120_000 }]);
    expect(result.fills.length).toBe(2);
  });

  it('is held by the risk limits on both sides', () => {
    const limits = config([]).risk;
    const result = runBacktest(config([-1, 0], { risk: { ...limits, maxPositionNotionalQuote: 999 } }), bars([100, 100]));
    expect(result.denials).toEqual({ MAX_POSITION_NOTIONAL: 1 });
  });
});

describe('funding by hand', () => {
  const flat = bars([100, 100, 100, 100, 100]);

  it('longs pay a rate above 0 and shorts receive it: −position × mark × rate', () => {
    // Bought at 60 000. Funding at 120 000 meets a position of 10 at the mark of 101; that at 0 meets none.
    const rates = funding([
      [0, 0.01, 100],
      [120_000, 0.001, 101],
      [180_000, -0.0005, 102],
    ]);
    const long = runBacktest(config([1, 1, 1, 1, 1], { funding: rates }, { takerFeeBps: 0 }), flat);
    expect([...long.equity].map((value) => Number(value.toFixed(8)))).toEqual([10_000, 10_000, 9_998.99, 9_999.5, 9_999.5]);
    expect(long.metrics.fundingQuote).toBeCloseTo(-1.01 + 0.51, 8);
    const short = runBacktest(config([-1, -1, -1, 0, 0], { funding: rates }, { takerFeeBps: 0 }), flat);
    expect(short.roundTrips).toMatchObject([{ qty: -10, pnlQuote: expect.closeTo(0.5, 8), fundingQuote: expect.closeTo(0.5, 8) }]);
  });

  it('without marks the last close before counts, and the position is the one before that bar’s orders', () => {
    // The order of bar 1's decision trades at the open of bar 2, at the funding time: too late to pay, and too late to escape it.
    const rows = bars([100, [100, 80], [100, 100], [100, 100]]);
    const rates = funding([[120_000, 0.01]]);
    const leaving = runBacktest(config([1, 0, 0, 0], { funding: rates }, { takerFeeBps: 0 }), rows);
    expect(leaving.metrics.fundingQuote).toBeCloseTo(-10 * 80 * 0.01, 8);
    const entering = runBacktest(config([0, 1, 1, 1], { funding: rates }, { takerFeeBps: 0 }), rows);
    expect(entering.metrics.fundingQuote).toBe(0);
  });

  it('a time between two bars is settled at the next, several in one gap each for itself, and the strategy hears of all', () => {
    const heard: number[] = [];
    const rates = funding([
      [90_000, 0.001],
      [110_000, 0.002],
      [600_000, 0.5],
    ]);
    const result = runBacktest({ ...config([], { funding: rates }, { takerFeeBps: 0 }), definition: scripted([1, 1, 1, 1, 1], heard) }, flat);
    expect(result.metrics.fundingQuote).toBeCloseTo(-1 - 2, 8);
    expect(heard).toEqual([0.001, 0.002]);
  });

  it.each([
    ['on spot', { market: 'spot' as const, funding: funding([[0, 0.1]]) }, 'x: funding is paid on perpetuals, not on spot'],
    [
      'out of order',
      {
        funding: funding([
          [5, 0.1],
          [5, 0.1],
        ]),
      },
      'funding times do not ascend at row 2',
    ],
    ['without a rate', { funding: funding([[5, Number.NaN]]) }, 'funding rate of row 1 is NaN'],
    ['of unequal columns', { funding: { timeMs: new Float64Array(2), rate: new Float64Array(1) } }, 'funding has 2 times, 1 rates and no marks'],
    ['with a mark of 0', { funding: funding([[5, 0.1, 0]]) }, 'mark price of row 1 is 0'],
  ])('is refused %s', (_what, changes, message) => {
    expect(() => runBacktest(config([0], changes), bars([1, 1]))).toThrow(message);
  });
});

describe('laws of the recount', () => {
  /** Independent of the ledger: cash is what the fills and payments moved, to the unit of 1e-8. */
  it('cash, round trips and funding of random histories sum up, and the loop holds with them', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 6 }), (seed) => {
        const rng = new Rng(seed);
        let price = 100;
        const rows = Array.from({ length: 300 }, () => {
          const open = price;
          price = Math.max(5, Math.round(price * (1 + (rng.uniform() - 0.5) * 0.05) * 100) / 100);
          return [open, price] as const;
        });
        const targets = Array.from({ length: 299 }, () => Math.round((rng.uniform() - 0.5) * 8) / 4);
        const rates = funding(Array.from({ length: 40 }, (_, i) => [i * 7 * MINUTE_MS + 13, (rng.uniform() - 0.5) * 0.01]));
        const result = runBacktest(config([...targets, 0], { funding: rates }, { slippageBps: 2 }), bars(rows));
        const { fills } = result;
        const traded = Array.from({ length: fills.length }, (_, i) => -fills.signedLots[i]! * result.lotSize * fills.price[i]! - fills.feeQuote[i]!);
        const cash = traded.reduce((sum, value) => sum + value, result.metrics.fundingQuote);
        const position = fills.signedLots.subarray(0, fills.length).reduce((sum, lots) => sum + lots, 0) * result.lotSize;
        expect(10_000 + cash + position * rows.at(-1)![1]).toBeCloseTo(result.finalEquityQuote, 5);
        expect(result.equity.at(-1)!).toBeCloseTo(result.finalEquityQuote, 5);
        expect(fills.length).toBeGreaterThan(100);
        expect(result.roundTrips.some(({ qty }) => qty < 0) && result.roundTrips.some(({ qty }) => qty > 0)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('a history that ends flat has realised all of its cash; turned upside down about a price it loses what the other gains', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 5_000, max: 15_000 })), { minLength: 1, maxLength: 30 }), (steps) => {
        const fills = new FillLog();
        const mirrored = new FillLog();
        let lots = 0;
        const trade = (delta: number, cents: number) => {
          if (delta === 0) return;
          lots += delta;
          fills.push(fills.length, delta, cents / 100, 0);
          mirrored.push(fills.length, -delta, cents / 100, 0);
        };
        for (const [delta, cents] of steps) trade(delta, cents);
        trade(-lots, 10_000);
        const ledger = exactLedger(fills, 0.001);
        const opposite = exactLedger(mirrored, 0.001);
        expect([ledger.position.qty, ledger.position.costQuote]).toEqual([0n, 0n]);
        expect(ledger.position.realisedPnlQuote).toBe(ledger.position.cashQuote);
        expect(opposite.position.cashQuote).toBe(-ledger.position.cashQuote);
        const sum = ledger.roundTrips.reduce((total, { pnlQuote }) => total + pnlQuote, 0);
        expect(Math.abs(sum - Number(ledger.position.realisedPnlQuote) / 1e8)).toBeLessThan(1e-7);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the margin of a perpetual', () => {
  const MARGIN = { leverage: 5, maintenanceRate: 0.01 };
  const free = { makerFeeBps: 0, takerFeeBps: 0 };
  const account = (targets: readonly number[], initialCashQuote: number, changes: Partial<BarEngineConfig> = {}) =>
    config(targets, { margin: MARGIN, initialCashQuote, ...changes }, free);
  /** Bars of [open, high, low, close]. */
  const market = (rows: ReadonlyArray<readonly [number, number, number, number]>) =>
    barColumns(rows.map(([open, high, low, close], i) => ({ openTimeMs: i * MINUTE_MS, open, high, low, close, volume: 1 })));

  it('is gone where equity is the maintenance margin: a long of 10 at 100 on 300 closes at 70.71', () => {
    // Cash −700; −700 + 10 P = 0.01 · 10 P at P = 700 / 9.9.
    const result = runBacktest(
      account([1, 1, 1, 1], 300),
      market([
        [100, 100, 100, 100],
        [100, 101, 71, 90],
        [90, 90, 70.5, 80],
        [80, 200, 80, 200],
      ]),
    );
    expect([...result.equity]).toEqual([300, 200, 0, 0]);
    expect(result).toMatchObject({ liquidatedTimeMs: 2 * MINUTE_MS, finalEquityQuote: 0, orders: 1 });
    expect(result.fills.price[1]).toBeCloseTo(700 / 9.9, 10);
    expect(result.fills.feeQuote[1]).toBeCloseTo(0.01 * 10 * (700 / 9.9), 8);
    expect(result.roundTrips).toEqual([expect.objectContaining({ qty: 10, pnlQuote: expect.closeTo(-300, 6) })]);
    expect(result.metrics).toMatchObject({ totalReturn: -1, maxDrawdown: -1 });
    for (const value of Object.values(result.metrics)) expect(value).not.toBeNaN();
  });

  it('of a short is gone above: a short of 10 at 100 on 300 closes at 128.71', () => {
    const result = runBacktest(
      account([-1, -1, -1], 300),
      market([
        [100, 100, 100, 100],
        [100, 128.7, 100, 120],
        [120, 129, 119, 119],
      ]),
    );
    expect([...result.equity]).toEqual([300, 100, 0]);
    expect(result.fills.price[1]).toBeCloseTo(1300 / 10.1, 10);
  });

  it('is gone at the same price as in the exact account, which the reference cases prove', () => {
    const position = fc.record({ qty: fc.integer({ min: 1, max: 50 }), side: fc.constantFrom(1, -1), cash: fc.integer({ min: 50, max: 900 }) });
    fc.assert(
      fc.property(position, fc.integer({ min: 0, max: 300 }), ({ qty, side, cash }, maintenanceBps) => {
        const [signed, entryNotional] = [side * qty, side * qty * 100];
        const inputs = { collateralQuote: parseDecimal(`${cash}`), qty: parseDecimal(`${signed}`), entryNotionalQuote: parseDecimal(`${entryNotional}`) };
        const exact = decimalToNumber(liquidationPrice(inputs, { maintenanceRate: parseDecimal(`${maintenanceBps / 10_000}`), maintenanceAmountQuote: 0n }));
        const worst = side > 0 ? 0.01 : 1e6;
        const price = forcedClosePrice(cash - entryNotional, signed, 100, worst, maintenanceBps / 10_000);
        // What has more cash than it is worth cannot be lost on the way down; and beyond the open it goes at the open.
        if (side > 0 && exact <= 0) expect(price).toBeUndefined();
        else if (side * (exact - 100) <= 0) expect(price).toBeCloseTo(exact, 6);
        else expect(price).toBe(100);
      }),
    );
  });

  it('is closed at the open that lies beyond, and loses no more than there was', () => {
    const gap = (open: number) =>
      runBacktest(
        account([1, 1, 1], 300),
        market([
          [100, 100, 100, 100],
          [100, 100, 100, 100],
          [open, open, open, open],
        ]),
      );
    // Between where the maintenance margin is gone, 70.71, and where nothing is left, 70.
    expect(gap(70.4).fills.price[1]).toBe(70.4);
    expect(gap(70.4).fills.feeQuote[1]).toBeCloseTo(4, 8);
    expect(gap(50).fills.price[1]).toBe(70);
    expect(gap(50).fills.feeQuote[1]).toBe(0);
    expect(gap(50).finalEquityQuote).toBe(0);
    // Also where it was about to be sold at that open.
    const leaving = market([
      [100, 100, 100, 100],
      [100, 100, 100, 100],
      [50, 50, 50, 50],
    ]);
    expect(runBacktest(account([1, 0, 0], 300), leaving).finalEquityQuote).toBe(0);
  });

  it('is not touched by what a stop closed before, nor by a price that only another position would mind', () => {
    const rows = market([
      [100, 100, 100, 100],
      [100, 100, 60, 60],
      [60, 60, 60, 60],
    ]);
    expect(runBacktest(account([1, 1, 1], 300), rows).liquidatedTimeMs).toBe(MINUTE_MS);
    const stopped = runBacktest(config([1, 1, 1], { margin: MARGIN, initialCashQuote: 300 }, { ...free, stopLossBps: 1_000 }), rows);
    expect(stopped).not.toHaveProperty('liquidatedTimeMs');
    expect(stopped.finalEquityQuote).toBeCloseTo(200, 8);
    expect(runBacktest(account([-1, -1, -1], 300), rows)).not.toHaveProperty('liquidatedTimeMs');
    expect(runBacktest(account([1, 1, 1], 1_000), rows)).not.toHaveProperty('liquidatedTimeMs');
  });

  it('lets nothing be opened beyond the leverage; what reduces is never refused', () => {
    const entry = (initialCashQuote: number) => runBacktest(account([1, 1, 1], initialCashQuote), bars([100, 100, 100]));
    expect(entry(200).orders).toBe(1);
    expect(entry(199)).toMatchObject({ orders: 0, denials: { INSUFFICIENT_FUNDS: 1 } });
    // Twice as much worth after the rise; half of it may go all the same.
    const reduced = runBacktest(account([-1, -1, -0.5, 0], 220), bars([100, 100, 115, 115]));
    expect(reduced).toMatchObject({ orders: 3, denials: {} });
  });

  it('never leaves less than nothing, whatever the market does', () => {
    const percent = fc.integer({ min: -30, max: 30 });
    const step = fc.tuple(percent, percent, fc.nat({ max: 30 }), fc.nat({ max: 30 }), fc.constantFrom(-1, 0, 1));
    let ruined = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 20, size: 'max' }), fc.integer({ min: 150, max: 600 }), (steps, cash) => {
        let last = 100;
        const rows = steps.map(([gap, move, above, below]) => {
          const open = Math.round(last * (100 + gap)) / 100;
          last = Math.max(1, Math.round(open * (100 + move)) / 100);
          return [open, Math.max(open, last) * (1 + above / 100), Math.min(open, last) * (1 - below / 100), last] as const;
        });
        const result = runBacktest(
          account(
            steps.map(([, , , , target]) => target),
            cash,
          ),
          market(rows),
        );
        if (result.liquidatedTimeMs !== undefined) ruined++;
        const ruinedAt = result.equity.indexOf(0);
        return result.equity.every((value, i) => (ruinedAt < 0 || i < ruinedAt ? value > 0 : value === 0)) && result.finalEquityQuote >= 0;
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(ruined).toBeGreaterThan(30);
  });

  it.each([
    ['on spot', { market: 'spot' as const, margin: MARGIN }, 'x: margin is of perpetuals, not of spot'],
    ['with a leverage below 1', { margin: { ...MARGIN, leverage: 0.5 } }, 'leverage 0.5 and maintenance rate 0.01'],
    ['with a rate of 1', { margin: { ...MARGIN, maintenanceRate: 1 } }, 'leverage 5 and maintenance rate 1'],
  ])('%s is refused', (_what, changes, message) => {
    expect(() => runBacktest(config([0, 0], changes), bars([100, 100]))).toThrow(message);
  });
});
