import { TouchstoneError } from '../errors.ts';
import { Window } from '../indicators/window.ts';

/** Five estimators of volatility; annualised fractions. */
export interface RealizedVolatilities {
  /** Sample deviation of log returns. */
  readonly closeToClose: number;
  /** From the range (Parkinson, 1980). Assumes no drift. */
  readonly parkinson: number;
  /** From range and body (Garman and Klass, 1980). Assumes no drift. */
  readonly garmanKlass: number;
  /** From range and body, free of drift (Rogers and Satchell, 1991). */
  readonly rogersSatchell: number;
  /** From all of it and the gaps between bars (Yang and Zhang, 2000). */
  readonly yangZhang: number;
}

export const REALIZED_VOLATILITIES = ['closeToClose', 'parkinson', 'garmanKlass', 'rogersSatchell', 'yangZhang'] as const;

const UNDEFINED: RealizedVolatilities = {
  closeToClose: Number.NaN,
  parkinson: Number.NaN,
  garmanKlass: Number.NaN,
  rogersSatchell: Number.NaN,
  yangZhang: Number.NaN,
};

/** Volatility of the last `period` bars, the current one included; each bar needs the close before it, so all are NaN for the first `period` bars. */
export class RealizedVolatility {
  readonly period: number;
  private readonly periodsPerYear: number;
  private previousClose = Number.NaN;
  private readonly returns: Window;
  private readonly gaps: Window;
  private readonly bodies: Window;
  private readonly ranges: Window;
  private readonly garmanKlass: Window;
  private readonly rogersSatchell: Window;

  /** @param period 2 or more. @param periodsPerYear bars in a year, e.g. 8,760 of one hour. @throws TouchstoneError BAD_PARAMETER */
  constructor(period: number, periodsPerYear: number) {
    if (!Number.isInteger(period) || period < 2 || !(periodsPerYear > 0))
      throw new TouchstoneError('BAD_PARAMETER', 'period must be a whole number of 2 or more');
    this.period = period;
    this.periodsPerYear = periodsPerYear;
    this.returns = new Window(period);
    this.gaps = new Window(period);
    this.bodies = new Window(period);
    this.ranges = new Window(period);
    this.garmanKlass = new Window(period);
    this.rogersSatchell = new Window(period);
  }

  /** @throws TouchstoneError BAD_PRICE unless all prices are finite, above 0, and between low and high. */
  update(open: number, high: number, low: number, close: number): RealizedVolatilities {
    const isBar = low > 0 && low <= open && open <= high && low <= close && close <= high && Number.isFinite(high);
    if (!isBar) throw new TouchstoneError('BAD_PRICE', `not a bar: open ${open}, high ${high}, low ${low}, close ${close}`);
    const before = this.previousClose;
    this.previousClose = close;
    if (Number.isNaN(before)) return UNDEFINED;
    const body = Math.log(close / open);
    const squaredRange = Math.log(high / low) ** 2;
    this.returns.push(Math.log(close / before));
    this.gaps.push(Math.log(open / before));
    this.bodies.push(body);
    this.ranges.push(squaredRange);
    this.garmanKlass.push(0.5 * squaredRange - (2 * Math.LN2 - 1) * body * body);
    this.rogersSatchell.push(Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open));
    return this.returns.isFull ? this.read() : UNDEFINED;
  }

  private read(): RealizedVolatilities {
    const n = this.period;
    const annual = (variance: number) => Math.sqrt(Math.max(0, variance) * this.periodsPerYear);
    const rogersSatchell = this.rogersSatchell.sum() / n;
    const share = 0.34 / (1.34 + (n + 1) / (n - 1));
    return {
      closeToClose: annual(sampleVariance(this.returns)),
      parkinson: annual(this.ranges.sum() / (4 * Math.LN2 * n)),
      garmanKlass: annual(this.garmanKlass.sum() / n),
      rogersSatchell: annual(rogersSatchell),
      yangZhang: annual(sampleVariance(this.gaps) + share * sampleVariance(this.bodies) + (1 - share) * rogersSatchell),
    };
  }

  private windows(): readonly Window[] {
    return [this.returns, this.gaps, this.bodies, this.ranges, this.garmanKlass, this.rogersSatchell];
  }

  snapshot(): { readonly previousClose: number | null; readonly windows: readonly (readonly number[])[] } {
    return {
      previousClose: Number.isNaN(this.previousClose) ? null : this.previousClose,
      windows: this.windows().map((window) => window.snapshot()),
    };
  }

  restore(state: ReturnType<RealizedVolatility['snapshot']>): void {
    this.previousClose = state.previousClose ?? Number.NaN;
    this.windows().forEach((window, i) => {
      window.restore(state.windows[i]!);
    });
  }
}

function sampleVariance(window: Window): number {
  return window.squaredDeviations(window.sum() / window.size) / (window.size - 1);
}

export interface OhlcColumns {
  readonly open: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly close: ArrayLike<number>;
}

/** `RealizedVolatility` over whole columns. @throws TouchstoneError BAD_PARAMETER, BAD_PRICE */
export function realizedVolatility(bars: OhlcColumns, period: number, periodsPerYear: number): Record<keyof RealizedVolatilities, Float64Array> {
  const estimator = new RealizedVolatility(period, periodsPerYear);
  const { length } = bars.close;
  const columns = Object.fromEntries(REALIZED_VOLATILITIES.map((name) => [name, new Float64Array(length)])) as Record<keyof RealizedVolatilities, Float64Array>;
  for (let t = 0; t < length; t++) {
    const values = estimator.update(bars.open[t]!, bars.high[t]!, bars.low[t]!, bars.close[t]!);
    for (const name of REALIZED_VOLATILITIES) columns[name][t] = values[name];
  }
  return columns;
}
