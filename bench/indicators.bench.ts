import { Atr } from '../core/indicators/atr.ts';
import { Bollinger } from '../core/indicators/bollinger.ts';
import { Donchian } from '../core/indicators/donchian.ts';
import { Ema } from '../core/indicators/ema.ts';
import { Macd } from '../core/indicators/macd.ts';
import { Rsi } from '../core/indicators/rsi.ts';
import { Sma } from '../core/indicators/sma.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { syntheticBars } from './synthetic-bars.ts';

const VALUES = 1_000_000;
/** DESIGN: at most so many times the same recurrence as a bare loop. */
const GOAL_RATIO = 1.5;

/** Bare recurrences in local variables, without warm-up, state or snapshots. */
const bare = {
  ema(x: Float64Array): number {
    let y = x[0]!;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      y += (2 / 13) * (x[i]! - y);
      sum += y;
    }
    return sum;
  },
  sma(x: Float64Array): number {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      total += x[i]! - (i >= 20 ? x[i - 20]! : 0);
      sum += total / 20;
    }
    return sum;
  },
  rsi(x: Float64Array): number {
    let gain = 0;
    let loss = 0;
    let sum = 0;
    for (let i = 1; i < x.length; i++) {
      const change = x[i]! - x[i - 1]!;
      gain += (Math.max(change, 0) - gain) / 14;
      loss += (Math.max(-change, 0) - loss) / 14;
      sum += gain + loss === 0 ? 0 : 100 * (gain / (gain + loss));
    }
    return sum;
  },
  atr(high: Float64Array, low: Float64Array, close: Float64Array): number {
    let range = 0;
    let sum = 0;
    for (let i = 1; i < close.length; i++) {
      range += (Math.max(high[i]!, close[i - 1]!) - Math.min(low[i]!, close[i - 1]!) - range) / 14;
      sum += range;
    }
    return sum;
  },
  macd(x: Float64Array): number {
    let fast = x[0]!;
    let slow = x[0]!;
    let signal = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      fast += (2 / 13) * (x[i]! - fast);
      slow += (2 / 27) * (x[i]! - slow);
      signal += 0.2 * (fast - slow - signal);
      sum += fast - slow - signal;
    }
    return sum;
  },
  /** Two passes over the window each time, as ours. */
  bollinger(x: Float64Array): number {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      total += x[i]! - (i >= 20 ? x[i - 20]! : 0);
      if (i < 19) continue;
      const middle = total / 20;
      let squares = 0;
      for (let k = i - 19; k <= i; k++) squares += (x[k]! - middle) * (x[k]! - middle);
      sum += middle + 2 * Math.sqrt(squares / 20);
    }
    return sum;
  },
  /** The window searched each time. */
  donchian(high: Float64Array, low: Float64Array): number {
    let sum = 0;
    for (let i = 19; i < high.length; i++) {
      let highest = high[i]!;
      let lowest = low[i]!;
      for (let k = i - 19; k < i; k++) {
        highest = Math.max(highest, high[k]!);
        lowest = Math.min(lowest, low[k]!);
      }
      sum += highest - lowest;
    }
    return sum;
  },
};

/** The same through our classes, one loop each, so that each is compiled for what it calls. */
const ours = {
  ema(x: Float64Array): number {
    const average = new Ema(12);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += average.update(x[i]!) || 0;
    return sum;
  },
  sma(x: Float64Array): number {
    const average = new Sma(20);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += average.update(x[i]!) || 0;
    return sum;
  },
  rsi(x: Float64Array): number {
    const index = new Rsi(14);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += index.update(x[i]!) || 0;
    return sum;
  },
  atr(high: Float64Array, low: Float64Array, close: Float64Array): number {
    const range = new Atr(14);
    let sum = 0;
    for (let i = 0; i < close.length; i++) sum += range.update(high[i]!, low[i]!, close[i]!) || 0;
    return sum;
  },
  macd(x: Float64Array): number {
    const indicator = new Macd(12, 26, 9);
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      indicator.update(x[i]!);
      sum += indicator.histogram || 0;
    }
    return sum;
  },
  bollinger(x: Float64Array): number {
    const bands = new Bollinger(20, 2);
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      bands.update(x[i]!);
      sum += bands.upper || 0;
    }
    return sum;
  },
  donchian(high: Float64Array, low: Float64Array): number {
    const channel = new Donchian(20);
    let sum = 0;
    for (let i = 0; i < high.length; i++) {
      channel.update(high[i]!, low[i]!);
      sum += channel.upper - channel.lower || 0;
    }
    return sum;
  },
};

const nsPerValue = (work: () => number) => (meanCpuMs(work) * 1e6) / VALUES;

function compare(name: string, work: () => number, bareLoop: () => number): BenchResult {
  const baseline = { name: 'bare loop', value: nsPerValue(bareLoop) };
  return result({
    name: `indicator, streaming: ${name}`,
    value: nsPerValue(work),
    unit: 'ns/value',
    better: 'lower',
    goal: baseline.value * GOAL_RATIO,
    baseline,
  });
}

export const bench: Bench = {
  name: 'indicators',
  run() {
    const { high, low, close } = syntheticBars(VALUES);
    return [
      compare(
        'ema 12',
        () => ours.ema(close),
        () => bare.ema(close),
      ),
      compare(
        'sma 20',
        () => ours.sma(close),
        () => bare.sma(close),
      ),
      compare(
        'rsi 14',
        () => ours.rsi(close),
        () => bare.rsi(close),
      ),
      compare(
        'atr 14',
        () => ours.atr(high, low, close),
        () => bare.atr(high, low, close),
      ),
      compare(
        'macd 12 26 9',
        () => ours.macd(close),
        () => bare.macd(close),
      ),
      compare(
        'bollinger 20 2',
        () => ours.bollinger(close),
        () => bare.bollinger(close),
      ),
      compare(
        'donchian 20',
        () => ours.donchian(high, low),
        () => bare.donchian(high, low),
      ),
    ];
  },
};
