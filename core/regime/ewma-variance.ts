import { TouchstoneError } from '../errors.ts';

/**
 * Exponentially weighted variance about zero (RiskMetrics, 1996): v₀ = r₀², v_t = λ·v_{t−1} + (1 − λ)·r²_{t−1}. Each variance but the first is
 * known before its return.
 */
export class EwmaVariance {
  readonly lambda: number;
  #next = Number.NaN;

  /** @param lambda in (0, 1). @throws TouchstoneError BAD_PARAMETER */
  constructor(lambda: number) {
    if (!(lambda > 0 && lambda < 1)) throw new TouchstoneError('BAD_PARAMETER', 'lambda must be between 0 and 1');
    this.lambda = lambda;
  }

  /** Variance of the return to come; NaN before the first. */
  get nextVariance(): number {
    return this.#next;
  }

  /** Takes the return of a bar and gives its variance. @throws TouchstoneError BAD_SERIES for a return that is not finite. */
  update(value: number): number {
    if (!Number.isFinite(value)) throw new TouchstoneError('BAD_SERIES', 'a return must be finite');
    const square = value * value;
    const variance = Number.isNaN(this.#next) ? square : this.#next;
    this.#next = this.lambda * variance + (1 - this.lambda) * square;
    return variance;
  }

  snapshot(): number | null {
    return Number.isNaN(this.#next) ? null : this.#next;
  }

  restore(state: ReturnType<EwmaVariance['snapshot']>): void {
    this.#next = state ?? Number.NaN;
  }
}

/** `EwmaVariance` over a whole series. @throws TouchstoneError BAD_PARAMETER, BAD_SERIES */
export function ewmaVariance(returns: ArrayLike<number>, lambda: number): Float64Array {
  const filter = new EwmaVariance(lambda);
  return Float64Array.from({ length: returns.length }, (_, t) => filter.update(returns[t]!));
}
