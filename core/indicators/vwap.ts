import { INTERVAL_MS, type Ohlcv } from '../market/events.ts';
import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';
import { Sma } from './sma.ts';
import { typicalPrice } from './typical-price.ts';

const DAY_MS = INTERVAL_MS['1d'];

/** Volume-weighted average of (high + low + close)/3 since 00:00 UTC of the bar's open time; NaN while nothing has traded. */
export class VwapSession {
  value = Number.NaN;
  private day = -1;
  private notional = 0;
  private volume = 0;

  update(bar: Ohlcv): number {
    const day = Math.floor(bar.openTimeMs / DAY_MS);
    if (day !== this.day) {
      this.day = day;
      this.notional = 0;
      this.volume = 0;
    }
    this.notional += typicalPrice(bar) * bar.volume;
    this.volume += bar.volume;
    this.value = this.volume > 0 ? this.notional / this.volume : Number.NaN;
    return this.value;
  }

  snapshot(): readonly number[] {
    return [this.day, this.notional, this.volume];
  }

  restore(state: unknown): void {
    [this.day, this.notional, this.volume] = state as [number, number, number];
    this.value = this.volume > 0 ? this.notional / this.volume : Number.NaN;
  }
}

/** The same average over the last `period` bars; NaN when the window has no volume. */
export class VwapRolling {
  private readonly notional: Sma;
  private readonly volume: Sma;

  constructor(period: number) {
    this.notional = new Sma(period);
    this.volume = new Sma(period);
  }

  update(bar: Ohlcv): number {
    const notional = this.notional.update(typicalPrice(bar) * bar.volume);
    const volume = this.volume.update(bar.volume);
    return volume > 0 ? notional / volume : Number.NaN;
  }

  snapshot(): unknown {
    return { notional: this.notional.snapshot(), volume: this.volume.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { notional: unknown; volume: unknown };
    this.notional.restore(saved.notional);
    this.volume.restore(saved.volume);
  }
}

export const vwapSession: IndicatorDefinition = {
  name: 'vwapSession',
  description: 'Volume-weighted average price since 00:00 UTC',
  formula: 'Σ tp·volume / Σ volume since 00:00 UTC, tp = (h + l + c)/3',
  parameters: {},
  outputs: ['vwap'],
  neutral: 'close',
  warmupBars: () => 0,
  create: () => onValue(new VwapSession(), (average, bar) => average.update(bar)),
};

export const vwapRolling: IndicatorDefinition = {
  name: 'vwapRolling',
  description: 'Volume-weighted average price of the last bars',
  formula: 'Σ tp·volume / Σ volume of the last n bars, tp = (h + l + c)/3',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['vwap'],
  neutral: 'close',
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new VwapRolling(period!), (average, bar) => average.update(bar)),
};
