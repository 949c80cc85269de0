import { ADX, ATR, BollingerBands, EMA, MACD, RSI, SMA, Stochastic } from 'technicalindicators';
import { Adx } from '../core/indicators/adx.ts';
import { Atr } from '../core/indicators/atr.ts';
import { Bollinger } from '../core/indicators/bollinger.ts';
import { Donchian } from '../core/indicators/donchian.ts';
import { Ema } from '../core/indicators/ema.ts';
import { Macd } from '../core/indicators/macd.ts';
import { Rsi } from '../core/indicators/rsi.ts';
import { Sma } from '../core/indicators/sma.ts';
import { StochFast } from '../core/indicators/stochastic.ts';
import { bareLoops, bareStreams } from './bare-recurrences.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { syntheticBars } from './synthetic-bars.ts';

/** Values of one call, and calls of one measurement: many short calls, so that V8 compiles the whole function and not its loop alone. */
const CALL_VALUES = 10_000;
const CALLS = 100;
const WARMUP_CALLS = 600;
/** DESIGN: at most so many times the same recurrence as a bare loop. */
const GOAL_RATIO = 1.5;
/** At least so many times as fast as `technicalindicators`, which is given fewer calls, being slow. */
const GOAL_FACTOR = 2;
const THEIR_CALLS = 5;
const THEIR_WARMUP_CALLS = 20;

type Bars = Readonly<Record<'high' | 'low' | 'close', Float64Array>>;
type Work = (bars: Bars) => number;

/**
 * Ours, fed one value after another. Each indicator lives on from call to call, as it does in a strategy, and has a loop of its own,
 * so that each is compiled for what it calls.
 */
const ours = {
  ema({ close }: Bars, average: Ema): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) sum += average.update(close[i]!) || 0;
    return sum;
  },
  sma({ close }: Bars, average: Sma): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) sum += average.update(close[i]!) || 0;
    return sum;
  },
  rsi({ close }: Bars, index: Rsi): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) sum += index.update(close[i]!) || 0;
    return sum;
  },
  atr({ high, low, close }: Bars, range: Atr): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) sum += range.update(high[i]!, low[i]!, close[i]!) || 0;
    return sum;
  },
  macd({ close }: Bars, indicator: Macd): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      indicator.update(close[i]!);
      sum += indicator.histogram || 0;
    }
    return sum;
  },
  bollinger({ close }: Bars, bands: Bollinger): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      bands.update(close[i]!);
      sum += bands.upper || 0;
    }
    return sum;
  },
  adx({ high, low, close }: Bars, index: Adx): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      index.update(high[i]!, low[i]!, close[i]!);
      sum += index.adx || 0;
    }
    return sum;
  },
  stochastic({ high, low, close }: Bars, oscillator: StochFast): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      oscillator.update(high[i]!, low[i]!, close[i]!);
      sum += oscillator.d || 0;
    }
    return sum;
  },
  donchian({ high, low }: Bars, channel: Donchian): number {
    let sum = 0;
    for (let i = 0; i < high.length; i++) {
      channel.update(high[i]!, low[i]!);
      sum += channel.upper - channel.lower || 0;
    }
    return sum;
  },
};

/** The other library's streaming call; what it takes where it needs more than one price, its declarations sometimes call `number`. */
function theirsOfCloses(indicator: { nextValue(price: number): unknown }): Work {
  return ({ close }) => {
    let defined = 0;
    for (let i = 0; i < close.length; i++) if (indicator.nextValue(close[i]!) !== undefined) defined++;
    return defined;
  };
}

function theirsOfBars(indicator: unknown): Work {
  const { nextValue } = indicator as { nextValue(candle: Record<keyof Bars, number>): unknown };
  return ({ high, low, close }) => {
    let defined = 0;
    for (let i = 0; i < close.length; i++) if (nextValue.call(indicator, { high: high[i]!, low: low[i]!, close: close[i]! }) !== undefined) defined++;
    return defined;
  };
}

interface Row {
  readonly name: string;
  readonly ours: Work;
  /** In local variables, which stay in registers. */
  readonly bareLoop: Work;
  /** With its state in memory; absent where a window in memory is most of the state anyway. */
  readonly bareStream?: Work;
  /** Absent where the other library has no such indicator. */
  readonly theirs?: Work;
}

function rows(): Row[] {
  const none = { values: [], high: [], low: [], close: [] };
  const [ema, sma, rsi, atr, macd] = [new Ema(12), new Sma(20), new Rsi(14), new Atr(14), new Macd(12, 26, 9)];
  const [bollinger, adx, stochastic, donchian] = [new Bollinger(20, 2), new Adx(14), new StochFast(14, 3), new Donchian(20)];
  const state = new Float64Array(8).fill(1);
  return [
    {
      name: 'ema 12',
      ours: (bars) => ours.ema(bars, ema),
      bareLoop: ({ close }) => bareLoops.ema(close),
      bareStream: ({ close }) => bareStreams.ema(close, state),
      theirs: theirsOfCloses(new EMA({ ...none, period: 12 })),
    },
    {
      name: 'sma 20',
      ours: (bars) => ours.sma(bars, sma),
      bareLoop: ({ close }) => bareLoops.sma(close),
      bareStream: ({ close }) => bareStreams.sma(close, state),
      theirs: theirsOfCloses(new SMA({ ...none, period: 20 })),
    },
    {
      name: 'rsi 14',
      ours: (bars) => ours.rsi(bars, rsi),
      bareLoop: ({ close }) => bareLoops.rsi(close),
      bareStream: ({ close }) => bareStreams.rsi(close, state),
      theirs: theirsOfCloses(new RSI({ ...none, period: 14 })),
    },
    {
      name: 'atr 14',
      ours: (bars) => ours.atr(bars, atr),
      bareLoop: ({ high, low, close }) => bareLoops.atr(high, low, close),
      bareStream: ({ high, low, close }) => bareStreams.atr(high, low, close, state),
      theirs: theirsOfBars(new ATR({ ...none, period: 14 })),
    },
    {
      name: 'macd 12 26 9',
      ours: (bars) => ours.macd(bars, macd),
      bareLoop: ({ close }) => bareLoops.macd(close),
      bareStream: ({ close }) => bareStreams.macd(close, state),
      theirs: theirsOfCloses(new MACD({ ...none, fastPeriod: 12, slowPeriod: 26, signalPeriod: 9, SimpleMAOscillator: false, SimpleMASignal: false })),
    },
    {
      name: 'bollinger 20 2',
      ours: (bars) => ours.bollinger(bars, bollinger),
      bareLoop: ({ close }) => bareLoops.bollinger(close),
      theirs: theirsOfCloses(new BollingerBands({ ...none, period: 20, stdDev: 2 })),
    },
    {
      name: 'adx 14',
      ours: (bars) => ours.adx(bars, adx),
      bareLoop: ({ high, low, close }) => bareLoops.adx(high, low, close),
      bareStream: ({ high, low, close }) => bareStreams.adx(high, low, close, state),
      theirs: theirsOfBars(new ADX({ ...none, period: 14 })),
    },
    {
      name: 'stochastic 14 3',
      ours: (bars) => ours.stochastic(bars, stochastic),
      bareLoop: ({ high, low, close }) => bareLoops.stochastic(high, low, close),
      theirs: theirsOfBars(new Stochastic({ ...none, period: 14, signalPeriod: 3 })),
    },
    { name: 'donchian 20', ours: (bars) => ours.donchian(bars, donchian), bareLoop: ({ high, low }) => bareLoops.donchian(high, low) },
  ];
}

function nsPerValue(work: Work, calls: readonly Bars[], warmupCalls = WARMUP_CALLS): number {
  for (let call = 0; call < warmupCalls; call++) work(calls[call % calls.length]!);
  const all = () => {
    let sum = 0;
    for (const bars of calls) sum += work(bars);
    return sum;
  };
  return (meanCpuMs(all, 300) * 1e6) / (calls.length * CALL_VALUES);
}

/** One indicator, and each of its baselines; all in ns a value. */
interface Measured {
  readonly row: Row;
  readonly value: number;
  readonly baselines: (readonly [name: string, value: number, goal: number])[];
}

function measure(row: Row, calls: readonly Bars[]): Measured {
  const baselines = [
    ['bare loop', row.bareLoop],
    ['bare loop, state in memory', row.bareStream],
  ] as const;
  const value = nsPerValue(row.ours, calls);
  return {
    row,
    value,
    baselines: baselines.flatMap(([name, work]) => {
      if (!work) return [];
      const bare = nsPerValue(work, calls);
      return [[name, bare, bare * GOAL_RATIO] as const];
    }),
  };
}

function addTheirs({ row, baselines }: Measured, calls: readonly Bars[]): void {
  if (!row.theirs) return;
  const value = nsPerValue(row.theirs, calls.slice(0, THEIR_CALLS), THEIR_WARMUP_CALLS);
  baselines.push(['technicalindicators', value, value / GOAL_FACTOR]);
}

function resultsOf({ row, value, baselines }: Measured): BenchResult[] {
  const name = `indicator, streaming: ${row.name}`;
  return baselines.map(([baseline, bare, goal]) => result({ name, value, unit: 'ns/value', better: 'lower', goal, baseline: { name: baseline, value: bare } }));
}

export const bench: Bench = {
  name: 'indicators',
  run() {
    const { high, low, close } = syntheticBars(CALL_VALUES * CALLS);
    const calls = Array.from({ length: CALLS }, (_, call): Bars => {
      const [from, to] = [call * CALL_VALUES, (call + 1) * CALL_VALUES];
      return { high: high.slice(from, to), low: low.slice(from, to), close: close.slice(from, to) };
    });
    const measured = rows().map((row) => measure(row, calls));
    // Last, since the garbage that it makes slows what comes after it.
    for (const each of measured) addTheirs(each, calls);
    return measured.flatMap(resultsOf);
  },
};
