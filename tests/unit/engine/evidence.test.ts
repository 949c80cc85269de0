import { describe, expect, it } from 'vitest';
import { assessRun } from '../../../core/engine/assessment.ts';
import { type BacktestResult, runBacktest } from '../../../core/engine/backtest.ts';
import type { BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { gatherEvidence } from '../../../core/engine/evidence.ts';
import { assumedRules } from '../../../core/market/assumed-rules.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';

const HOUR_MS = 3_600_000;

function walk(days: number): BarColumns {
  const rng = new Rng('evidence');
  let close = 100;
  return barColumns(
    Array.from({ length: days * 24 }, (_, i) => {
      const open = close;
      close = Math.max(1, open * (1 + rng.normal() * 0.006));
      return { openTimeMs: i * HOUR_MS, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 };
    }),
  );
}

const BARS = walk(60);
const CONFIG: BarEngineConfig = {
  strategy: {
    name: 'x',
    type: 'trend-following',
    account: 'research',
    instruments: ['sim:BTC/USDT'],
    interval: '1h',
    sizeQuote: '5000',
    maxAgeMs: 5_000,
    parameters: { fast: 5, slow: 20, volumeFactor: 0 },
  },
  instrument: assumedRules('sim:BTC/USDT', BARS),
  risk: {
    maxOrderNotionalQuote: 20_000,
    maxPositionNotionalQuote: 20_000,
    maxGrossNotionalQuote: 20_000,
    priceBandBps: 500,
    maxOrdersPerSecond: 50,
    maxDailyLossQuote: 1e6,
  },
  execution: { makerFeeBps: 10, takerFeeBps: 10, slippageBps: 1, orderType: 'market' },
  initialCashQuote: 10_000,
};

function evidenceOf(config: BarEngineConfig, bars: BarColumns, axes?: readonly string[]) {
  const result: BacktestResult = runBacktest(config, bars);
  const run = { timesMs: bars.openTimeMs, equity: result.equity, initialCashQuote: 10_000, benchmark: bars.close, benchmarkInitial: bars.open[0]! };
  return { result, evidence: gatherEvidence(config, bars, result, assessRun(run), axes) };
}

describe('evidence', () => {
  const { result, evidence } = evidenceOf(CONFIG, BARS);

  it('stresses by whole backtests: doubled fees are a run with doubled fees', () => {
    const doubled = runBacktest({ ...CONFIG, execution: { ...CONFIG.execution, makerFeeBps: 20, takerFeeBps: 20 } }, BARS);
    const outcome = evidence.stress.find(({ name }) => name === 'Fees × 2')!;
    expect(outcome.strategyReturn).toBeCloseTo(doubled.finalEquityQuote / doubled.equity[0]! - 1, 9);
    expect(outcome.trades).toBe(doubled.metrics.trades);
    expect(outcome.strategyReturn).toBeLessThan(result.metrics.totalReturn);
  });

  it('crashes the market while a position is held: that costs more than the run as it was', () => {
    const crash = evidence.stress.find(({ name }) => name.startsWith('Flash crash'))!;
    expect(crash.hypothetical).toBe(true);
    expect(crash.maxDrawdown).toBeLessThan(result.metrics.maxDrawdown);
  });

  it('varies the first two parameters around the chosen ones; each cell is a run of its own', () => {
    const { x, y, values } = evidence.sensitivity!;
    expect([x.name, y.name]).toEqual(['fast', 'slow']);
    expect(values[y.chosen]![x.chosen]).toBe(result.metrics.sharpe);
    const parameters = { ...CONFIG.strategy.parameters, fast: x.values[0]!, slow: y.values.at(-1)! };
    expect(values.at(-1)![0]).toBe(runBacktest({ ...CONFIG, strategy: { ...CONFIG.strategy, parameters } }, BARS).metrics.sharpe);
  });

  it('varies the parameters it is given, and refuses one that is not there', () => {
    expect(evidenceOf(CONFIG, BARS, ['slow', 'volumeFactor']).evidence.sensitivity!.y.name).toBe('volumeFactor');
    expect(() => evidenceOf(CONFIG, BARS, ['slow', 'speed'])).toThrow(/x has no parameter "speed"; it has fast, slow/);
  });

  it('redraws the days with one seed: the same each time, the mean day kept, nothing of too few days', () => {
    const paths = evidence.paths!;
    expect(evidenceOf(CONFIG, BARS).evidence.paths).toEqual(paths);
    expect(paths.steps).toBe(60);
    const middle = paths.finalEquity[paths.paths / 2]!;
    expect(Math.abs(middle / result.finalEquityQuote - 1)).toBeLessThan(0.03);
    expect(evidenceOf(CONFIG, walk(10)).evidence.paths).toBeUndefined();
  });
});
