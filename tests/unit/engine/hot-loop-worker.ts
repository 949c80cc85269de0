import { BarEngine, type BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { type BarColumns, createBarColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import type { Strategy, StrategyDefinition } from '../../../core/strategies/strategy.ts';

/**
 * A process of its own, started with a young generation so large that nothing is collected: what the heap grew by is what was allocated.
 * Prints bytes a bar, and CPU time of the quarters of one long run that trades all the time.
 */
const BARS = 200_000;

const base: BarEngineConfig = {
  strategy: {
    name: 'hot',
    type: 'trend-following',
    account: 'test',
    instruments: ['sim:BTC/USDT'],
    interval: '1m',
    sizeQuote: '1000',
    maxAgeMs: 5_000,
    parameters: { fast: 12, slow: 26, volumeFactor: 0 },
  },
  instrument: { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' },
  risk: {
    maxOrderNotionalQuote: 5_000,
    maxPositionNotionalQuote: 1e9,
    maxGrossNotionalQuote: 1e9,
    priceBandBps: 100,
    maxOrdersPerSecond: 50,
    maxDailyLossQuote: 1e9,
  },
  execution: { makerFeeBps: 10, takerFeeBps: 10, slippageBps: 0, orderType: 'market' },
  initialCashQuote: 1_000_000,
};

/** Rises without end when `drift` is above the noise, so that what is bought is held. */
function market(drift: number): BarColumns {
  const bars = createBarColumns(BARS);
  const rng = new Rng('hot loop');
  let close = 1_000;
  for (let i = 0; i < BARS; i++) {
    const open = close;
    close = Math.max(100, open + drift + rng.uniform() - 0.5);
    bars.openTimeMs[i] = i * 60_000;
    bars.open[i] = open;
    bars.high[i] = Math.max(open, close) + 0.1;
    bars.low[i] = Math.min(open, close) - 0.1;
    bars.close[i] = close;
    bars.volume[i] = 1 + rng.uniform();
  }
  return bars;
}

const bar = { openTimeMs: Number.NaN, open: Number.NaN, high: Number.NaN, low: Number.NaN, close: Number.NaN, volume: Number.NaN };

function feed(engine: BarEngine, bars: BarColumns, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    bar.openTimeMs = bars.openTimeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    engine.process(bar);
  }
}

/** The last of several runs counts: until V8 has compiled the loop, it makes numbers of its own. */
function bytesABar(config: BarEngineConfig, bars: BarColumns): { readonly bytes: number; readonly fills: number; readonly barsInPosition: number } {
  let bytes = Number.NaN;
  let engine = new BarEngine(config);
  for (let run = 0; run < 6; run++) {
    engine = new BarEngine(config);
    feed(engine, bars, 0, 1_000);
    const before = process.memoryUsage().heapUsed;
    feed(engine, bars, 1_000, BARS);
    bytes = (process.memoryUsage().heapUsed - before) / (BARS - 1_000);
  }
  return { bytes, fills: engine.fills.length, barsInPosition: engine.barsInPosition };
}

let kept: unknown;
/** What the measurement has to see. */
const wasteful: StrategyDefinition = {
  type: 'wasteful',
  codeVersion: 1,
  description: 'keeps an object a bar',
  parameters: {},
  warmupBars: () => 0,
  create: (): Strategy => ({
    onBar: ({ close }) => {
      kept = { close, kept: undefined };
    },
    snapshot: () => kept,
    restore: () => undefined,
  }),
};

/** CPU milliseconds of the quarters of a run, summed over many: some kernels count in steps of 10 ms. The first runs do not count. */
function quarters(config: BarEngineConfig, bars: BarColumns): { readonly ms: readonly number[]; readonly fills: number } {
  const ms = [0, 0, 0, 0];
  let fills = 0;
  for (let run = -4; run < 36; run++) {
    const engine = new BarEngine(config);
    for (let part = 0; part < 4; part++) {
      const before = process.threadCpuUsage();
      feed(engine, bars, (part * BARS) / 4, ((part + 1) * BARS) / 4);
      const { user, system } = process.threadCpuUsage(before);
      if (run >= 0) ms[part]! += (user + system) / 1_000;
    }
    fills = engine.fills.length;
  }
  return { ms, fills };
}

const rising = market(1);
const answer = {
  held: bytesABar(base, rising),
  heldWithStop: bytesABar({ ...base, execution: { ...base.execution, stopLossBps: 5_000 } }, rising),
  wasteful: bytesABar({ ...base, definition: wasteful, strategy: { ...base.strategy, parameters: {} } }, rising),
  busy: quarters({ ...base, strategy: { ...base.strategy, parameters: { fast: 2, slow: 3, volumeFactor: 0 } } }, market(0)),
};
process.stdout.write(JSON.stringify(answer));
