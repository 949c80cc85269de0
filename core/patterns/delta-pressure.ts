import { RollingMax } from '../indicators/rolling-max.ts';
import { Sma } from '../indicators/sma.ts';
import type { Side } from '../market/events.ts';

/**
 * Pressure of takers: volume bought less volume sold by them ("delta"), bar by bar, from trades or from bars that carry taker volume.
 *
 * - `pressure`: sum of delta over sum of volume of the last `window` bars, in [−1, 1]; NaN where nothing traded.
 * - `cumulativeDelta`: sum of all deltas since the start, base currency.
 * - `divergence`: −1 when the close is the highest of the window but the cumulative delta is not (buyers no longer carry the price),
 *   1 when the close is the lowest but the cumulative delta is not, else 0. NaN until the window is full.
 */
export class DeltaPressure {
  delta = Number.NaN;
  cumulativeDelta = 0;
  pressure = Number.NaN;
  divergence = Number.NaN;
  private bought = 0;
  private sold = 0;
  private lastPrice = Number.NaN;
  private readonly deltas: Sma;
  private readonly volumes: Sma;
  private readonly extremes: readonly [highestClose: RollingMax, negatedLowestClose: RollingMax, highestDelta: RollingMax, negatedLowestDelta: RollingMax];

  /** @param window bars */
  constructor(window: number) {
    this.deltas = new Sma(window);
    this.volumes = new Sma(window);
    this.extremes = [new RollingMax(window), new RollingMax(window), new RollingMax(window), new RollingMax(window)];
  }

  /** Counts a trade into the bar that forms. @param qty base currency @param takerSide the aggressor's side */
  trade(price: number, qty: number, takerSide: Side): void {
    if (takerSide === 'buy') this.bought += qty;
    else this.sold += qty;
    this.lastPrice = price;
  }

  /** Ends the bar that the trades formed. Without a trade since the last one there is no bar, and nothing changes. */
  closeBar(): void {
    if (this.bought + this.sold === 0) return;
    this.bar(this.lastPrice, this.bought + this.sold, this.bought);
    this.bought = 0;
    this.sold = 0;
  }

  /** A closed bar with its volume and the part of it that takers bought, base currency. */
  bar(close: number, volume: number, takerBuyVolume: number): void {
    this.delta = 2 * takerBuyVolume - volume;
    this.cumulativeDelta += this.delta;
    const meanDelta = this.deltas.update(this.delta);
    const meanVolume = this.volumes.update(volume);
    this.pressure = meanVolume > 0 ? Math.max(-1, Math.min(1, meanDelta / meanVolume)) : Number.NaN;
    const highestClose = this.extremes[0].update(close);
    const lowestClose = -this.extremes[1].update(-close);
    const highestDelta = this.extremes[2].update(this.cumulativeDelta);
    const lowestDelta = -this.extremes[3].update(-this.cumulativeDelta);
    if (Number.isNaN(highestClose)) return;
    const moved = highestClose > lowestClose;
    if (moved && close === highestClose && this.cumulativeDelta < highestDelta) this.divergence = -1;
    else this.divergence = moved && close === lowestClose && this.cumulativeDelta > lowestDelta ? 1 : 0;
  }

  snapshot(): unknown {
    const numbers = [this.delta, this.pressure, this.divergence, this.lastPrice].map((value) => (Number.isNaN(value) ? null : value));
    return {
      numbers,
      cumulativeDelta: this.cumulativeDelta,
      forming: [this.bought, this.sold],
      deltas: this.deltas.snapshot(),
      volumes: this.volumes.snapshot(),
      extremes: this.extremes.map((extreme) => extreme.snapshot()),
    };
  }

  restore(state: unknown): void {
    const saved = state as {
      numbers: (number | null)[];
      cumulativeDelta: number;
      forming: [number, number];
      deltas: unknown;
      volumes: unknown;
      extremes: unknown[];
    };
    const [delta, pressure, divergence, lastPrice] = saved.numbers.map((value) => value ?? Number.NaN);
    this.delta = delta!;
    this.pressure = pressure!;
    this.divergence = divergence!;
    this.lastPrice = lastPrice!;
    this.cumulativeDelta = saved.cumulativeDelta;
    [this.bought, this.sold] = saved.forming;
    this.deltas.restore(saved.deltas);
    this.volumes.restore(saved.volumes);
    for (const [i, extreme] of this.extremes.entries()) extreme.restore(saved.extremes[i]);
  }
}
