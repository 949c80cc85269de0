import { execFileSync } from 'node:child_process';
import { foldBars, runBacktest } from '../core/engine/backtest.ts';
import { BarEngine } from '../core/engine/bar-engine.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { bareEmaCross, EMA_CROSS } from './ema-cross.ts';
import { syntheticBars } from './synthetic-bars.ts';

const BARS = 1_000_000;

/** The engine, bar by bar: strategy, sizes, risk check, orders, fees, equity. */
function fold(bars: BarColumns, equity: Float64Array): number {
  const engine = new BarEngine(EMA_CROSS);
  foldBars(engine, bars, equity);
  return engine.equityQuote + engine.fills.length;
}

export const bench: Bench = {
  name: 'backtest',
  run() {
    const bars = syntheticBars(BARS);
    const equity = new Float64Array(BARS);
    const barsPerSecond = (ms: number) => (BARS / ms) * 1_000;
    const baseline = { name: 'bare loop', value: barsPerSecond(meanCpuMs(() => bareEmaCross(bars, equity))) };
    const engine = barsPerSecond(meanCpuMs(() => fold(bars, equity), 2_000));
    const whole = barsPerSecond(meanCpuMs(() => runBacktest(EMA_CROSS, bars).finalEquityQuote, 2_000));
    const shared = { unit: 'bars/s', better: 'higher' as const, baseline };
    return [
      result({ ...shared, name: 'backtest: EMA 12/26 cross, fees, risk, orders, equity', value: engine, goal: 20e6 }),
      result({ ...shared, name: 'backtest: the same with exact recount, trades and metrics', value: whole, goal: 5e6 }),
      memory(),
    ];
  },
};

/** A young generation no larger than garbage of this kind needs, and WebAssembly, which strips the types, without its second compiler. */
const SMALL = ['--max-semi-space-size=2', '--liftoff-only'];

/** Peak of a process that holds a million bars and backtests on them. */
function memory(): BenchResult {
  const script = new URL('./backtest-memory.ts', import.meta.url).pathname;
  const answer = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...SMALL, script], { encoding: 'utf8' });
  const { barsMb, backtestMb } = JSON.parse(answer) as { barsMb: number; backtestMb: number };
  return result({
    name: 'backtest: memory of a process with 1,000,000 bars',
    value: backtestMb,
    unit: 'MB',
    better: 'lower',
    goal: 150,
    baseline: { name: 'code and bars alone', value: barsMb },
  });
}
