import { TouchstoneError } from '../errors.ts';
import { type IndicatorDefinition, onValue } from '../indicators/indicator.ts';
import type { BarColumns } from '../market/bars.ts';
import type { Ohlcv } from '../market/events.ts';
import type { CandlePattern } from './candle-pattern.ts';
import { CandleWindow } from './candle-window.ts';
import { LONGER_CANDLE_PATTERNS } from './longer-candle.ts';
import { ONE_CANDLE_PATTERNS } from './one-candle.ts';
import { THREE_CANDLE_PATTERNS } from './three-candle.ts';
import { TWO_CANDLE_PATTERNS } from './two-candle.ts';

/** All 61 candle patterns of TA-Lib, under their common names. */
export const CANDLE_PATTERNS: readonly CandlePattern[] = [...ONE_CANDLE_PATTERNS, ...TWO_CANDLE_PATTERNS, ...THREE_CANDLE_PATTERNS, ...LONGER_CANDLE_PATTERNS];

/** A pattern by its own or its TA-Lib name. @throws TouchstoneError UNKNOWN_PATTERN */
export function findCandlePattern(name: string): CandlePattern {
  const found = CANDLE_PATTERNS.find((pattern) => pattern.name === name || pattern.taLibName === name);
  if (found) return found;
  throw new TouchstoneError(
    'UNKNOWN_PATTERN',
    `no candle pattern ${JSON.stringify(name.slice(0, 40))}; there are: ${CANDLE_PATTERNS.map((each) => each.name).join(', ')}`,
  );
}

/**
 * Several patterns over one window of candles. `values[i]` is that of `patterns[i]`: NaN in its warm-up, 0 for no pattern, else as
 * `CandlePattern` says. A pattern is known at the close of its last candle and never changes after. Nothing is allocated by an update.
 */
export class CandleDetector {
  readonly values: Float64Array;
  private readonly patterns: readonly CandlePattern[];
  private readonly candles = new CandleWindow();

  constructor(patterns: readonly CandlePattern[] = CANDLE_PATTERNS) {
    this.patterns = patterns;
    this.values = new Float64Array(patterns.length).fill(Number.NaN);
  }

  update(bar: Ohlcv): void {
    this.candles.update(bar.open, bar.high, bar.low, bar.close);
    this.detect();
  }

  private detect(): void {
    for (let i = 0; i < this.patterns.length; i++) {
      const pattern = this.patterns[i]!;
      this.values[i] = this.candles.bars > pattern.warmupBars ? pattern.detect(this.candles, pattern.penetration ?? 0) : Number.NaN;
    }
  }

  snapshot(): unknown {
    return this.candles.snapshot();
  }

  restore(state: unknown): void {
    this.candles.restore(state);
    this.detect();
  }
}

export interface CandleHit {
  readonly pattern: string;
  /** Index of the pattern's last candle, at whose close it is known. */
  readonly index: number;
  readonly value: number;
}

/** All that the patterns find in a history, in order of time. */
export function findCandles(bars: BarColumns, patterns: readonly CandlePattern[] = CANDLE_PATTERNS): CandleHit[] {
  const candles = new CandleWindow();
  const hits: CandleHit[] = [];
  for (let index = 0; index < bars.length; index++) {
    candles.update(bars.open[index]!, bars.high[index]!, bars.low[index]!, bars.close[index]!);
    for (const pattern of patterns) {
      const value = index >= pattern.warmupBars ? pattern.detect(candles, pattern.penetration ?? 0) : 0;
      if (value !== 0) hits.push({ pattern: pattern.name, index, value });
    }
  }
  return hits;
}

function definitionOf(pattern: CandlePattern): IndicatorDefinition {
  const penetration = { default: pattern.penetration ?? 0, min: 0, max: 1, description: 'depth into the first body, as a share of it' };
  return {
    name: pattern.name,
    description: `Candle pattern: ${pattern.description}`,
    formula: `TA-Lib ${pattern.taLibName}`,
    parameters: pattern.penetration === undefined ? {} : { penetration },
    outputs: ['signal'],
    warmupBars: () => pattern.warmupBars,
    create: (parameters) =>
      onValue(new CandleWindow(), (candles, bar) => {
        candles.update(bar.open, bar.high, bar.low, bar.close);
        return candles.bars > pattern.warmupBars ? pattern.detect(candles, parameters.penetration ?? 0) : Number.NaN;
      }),
  };
}

/** One indicator a pattern, so that a rule reads `hammer() > 0`. */
export const candleIndicators: readonly IndicatorDefinition[] = CANDLE_PATTERNS.map(definitionOf);
