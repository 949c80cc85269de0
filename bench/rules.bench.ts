import { runBacktest } from '../core/engine/backtest.ts';
import { BarEngine, type BarEngineConfig } from '../core/engine/bar-engine.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { definitionOf } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import { type Bench, meanCpuMs, result } from './bench.ts';
import { EMA_CROSS } from './ema-cross.ts';
import { syntheticBars } from './synthetic-bars.ts';

const BARS = 1_000_000;

const SHARED = { account: 'bench', instruments: ['sim:BTC/USDT'], interval: '1m', sizeQuote: '1000', maxAgeMs: 5_000 } as const;

/** The same decisions twice: as a strategy in code, and as rules in the configuration. */
const CODED: StrategyConfig = { ...SHARED, name: 'coded', type: 'trend-following', parameters: { fast: 12, slow: 26, volumeFactor: 0 } };
const RULED: StrategyConfig = {
  ...SHARED,
  name: 'ruled',
  type: 'rules',
  parameters: {},
  rules: {
    list: [
      { when: 'ema(12) > ema(26)', enter: 'long' },
      { when: 'ema(12) < ema(26)', exit: 'long' },
    ],
  },
};

function engineConfig(strategy: StrategyConfig): BarEngineConfig {
  return { ...EMA_CROSS, strategy, definition: definitionOf(strategy) };
}

function fold(config: BarEngineConfig, bars: BarColumns): number {
  const engine = new BarEngine(config);
  const bar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < bars.length; i++) {
    bar.openTimeMs = bars.openTimeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    engine.process(bar);
  }
  return engine.equityQuote;
}

export const bench: Bench = {
  name: 'rules',
  run() {
    const bars = syntheticBars(BARS);
    const [coded, ruled] = [engineConfig(CODED), engineConfig(RULED)];
    const head = { ...bars, length: 50_000 };
    if (runBacktest(coded, head).finalEquityQuote !== runBacktest(ruled, head).finalEquityQuote) throw new Error('the rules do not trade as the code does');
    const barsPerSecond = (config: BarEngineConfig) => (BARS / meanCpuMs(() => fold(config, bars), 2_000)) * 1_000;
    const baseline = { name: 'the same strategy in code', value: barsPerSecond(coded) };
    return [result({ name: 'backtest: EMA 12/26 cross as YAML rules', unit: 'bars/s', better: 'higher', baseline, value: barsPerSecond(ruled), goal: 5e6 })];
  },
};
