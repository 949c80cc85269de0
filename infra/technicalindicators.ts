import { ADL, ADX, AwesomeOscillator, CCI, ForceIndex, MFI, ROC, Stochastic, TRIX, WilliamsR } from 'technicalindicators';
import type { BarIndicator, IndicatorDefinition, Parameters } from '../core/indicators/indicator.ts';
import type { Ohlcv } from '../core/market/events.ts';
import type { ParameterSpec } from '../core/strategies/strategy.ts';

/**
 * The long tail from the `technicalindicators` package, behind the registry's port: pass `TECHNICAL_INDICATORS` to `findIndicator`.
 * Names carry the prefix `ti.`, because results are the library's: MFI is rounded to two decimals, CCI is NaN in a flat market.
 * Its state cannot be saved, so a snapshot holds the bars and a restore feeds them again: for research, not for long live runs.
 */
interface Wrapped {
  readonly name: string;
  readonly description: string;
  readonly parameters?: Readonly<Record<string, ParameterSpec>>;
  readonly outputs: readonly string[];
  warmupBars(parameters: Parameters): number;
  /** A function from a bar to the outputs; undefined while warming up. */
  start(parameters: Parameters): (bar: Ohlcv) => readonly (number | undefined)[] | undefined;
}

function bars(name: string, fallback: number): Readonly<Record<string, ParameterSpec>> {
  return { [name]: { default: fallback, min: 1, max: 10_000, integer: true, description: 'bars' } };
}

const one = (value: number | undefined) => (value === undefined ? undefined : [value]);
const NO_BARS = { open: [], high: [], low: [], close: [], volume: [], values: [] };

const WRAPPED: readonly Wrapped[] = [
  {
    name: 'ti.adx',
    description: 'Average directional index, with +DI and −DI',
    parameters: bars('period', 14),
    outputs: ['adx', 'pdi', 'mdi'],
    warmupBars: ({ period }) => 2 * period! - 1,
    start: ({ period }) => {
      const inner = new ADX({ ...NO_BARS, period: period! });
      return (bar) => {
        const next = inner.nextValue(bar as never) as { adx: number; pdi: number; mdi: number } | undefined;
        return next && [next.adx, next.pdi, next.mdi];
      };
    },
  },
  {
    name: 'ti.stochastic',
    description: 'Stochastic oscillator, %K and its average %D',
    parameters: { ...bars('period', 14), ...bars('signalPeriod', 3) },
    outputs: ['k', 'd'],
    warmupBars: ({ period, signalPeriod }) => period! + signalPeriod! - 2,
    start: ({ period, signalPeriod }) => {
      const inner = new Stochastic({ ...NO_BARS, period: period!, signalPeriod: signalPeriod! });
      return (bar) => {
        const next = inner.nextValue(bar as never) as { k: number; d: number | undefined } | undefined;
        return next && [next.k, next.d];
      };
    },
  },
  ofBars(
    'ti.cci',
    'Commodity channel index',
    'cci',
    20,
    ({ period }) => period! - 1,
    ({ period }) => new CCI({ ...NO_BARS, period: period! }),
  ),
  ofBars(
    'ti.williamsR',
    'Williams %R',
    'williamsR',
    14,
    ({ period }) => period! - 1,
    ({ period }) => new WilliamsR({ ...NO_BARS, period: period! }),
  ),
  ofBars(
    'ti.mfi',
    'Money flow index',
    'mfi',
    14,
    ({ period }) => period! + 1,
    ({ period }) => new MFI({ ...NO_BARS, period: period! }),
  ),
  ofBars(
    'ti.forceIndex',
    "Elder's force index",
    'forceIndex',
    13,
    ({ period }) => period!,
    ({ period }) => new ForceIndex({ ...NO_BARS, period: period! }),
  ),
  ofCloses(
    'ti.trix',
    'Rate of change of a triple EMA, percent',
    'trix',
    18,
    ({ period }) => 3 * period! - 2,
    ({ period }) => new TRIX({ ...NO_BARS, period: period! }),
  ),
  ofCloses(
    'ti.roc',
    'Rate of change, percent',
    'roc',
    12,
    ({ period }) => period!,
    ({ period }) => new ROC({ ...NO_BARS, period: period! }),
  ),
  {
    name: 'ti.adl',
    description: 'Accumulation/distribution line',
    outputs: ['adl'],
    warmupBars: () => 0,
    start: () => {
      const inner = new ADL(NO_BARS);
      return (bar) => one(inner.nextValue(bar as never));
    },
  },
  {
    name: 'ti.awesomeOscillator',
    description: 'Awesome oscillator: fast SMA − slow SMA of (high + low)/2',
    parameters: { ...bars('fast', 5), ...bars('slow', 34) },
    outputs: ['awesomeOscillator'],
    warmupBars: ({ slow }) => slow! - 1,
    start: ({ fast, slow }) => {
      const inner = new AwesomeOscillator({ ...NO_BARS, fastPeriod: fast!, slowPeriod: slow! });
      return (bar) => one(inner.nextValue(bar as never));
    },
  },
];

type Warmup = Wrapped['warmupBars'];

function ofBars(
  name: string,
  description: string,
  output: string,
  period: number,
  warmupBars: Warmup,
  make: (parameters: Parameters) => { nextValue(bar: never): number | undefined },
): Wrapped {
  const start = (parameters: Parameters) => {
    const inner = make(parameters);
    return (bar: Ohlcv) => one(inner.nextValue(bar as never));
  };
  return { name, description, parameters: bars('period', period), outputs: [output], warmupBars, start };
}

function ofCloses(
  name: string,
  description: string,
  output: string,
  period: number,
  warmupBars: Warmup,
  make: (parameters: Parameters) => { nextValue(close: number): number | undefined },
): Wrapped {
  const start = (parameters: Parameters) => {
    const inner = make(parameters);
    return (bar: Ohlcv) => one(inner.nextValue(bar.close));
  };
  return { name, description, parameters: bars('period', period), outputs: [output], warmupBars, start };
}

class Adapter implements BarIndicator {
  readonly values: Float64Array;
  private readonly start: () => ReturnType<Wrapped['start']>;
  private next: ReturnType<Wrapped['start']>;
  private seen: Ohlcv[] = [];

  constructor(wrapped: Wrapped, parameters: Parameters) {
    this.values = new Float64Array(wrapped.outputs.length).fill(Number.NaN);
    this.start = () => wrapped.start(parameters);
    this.next = this.start();
  }

  update(bar: Ohlcv): void {
    const { openTimeMs, open, high, low, close, volume } = bar;
    // A copy of its own: the library keeps the last bar, and the caller may reuse the object.
    const own = { openTimeMs, open, high, low, close, volume };
    this.seen.push(own);
    const outputs = this.next(own);
    for (let i = 0; i < this.values.length; i++) this.values[i] = outputs?.[i] ?? Number.NaN;
  }

  snapshot(): unknown {
    return [...this.seen];
  }

  restore(state: unknown): void {
    this.seen = [];
    this.next = this.start();
    this.values.fill(Number.NaN);
    for (const bar of state as Ohlcv[]) this.update(bar);
  }
}

export const TECHNICAL_INDICATORS: readonly IndicatorDefinition[] = WRAPPED.map((wrapped) => ({
  name: wrapped.name,
  description: `${wrapped.description} (technicalindicators)`,
  formula: 'as the package defines it',
  parameters: wrapped.parameters ?? {},
  outputs: wrapped.outputs,
  warmupBars: wrapped.warmupBars,
  create: (parameters) => new Adapter(wrapped, parameters),
}));
