import { TouchstoneError } from '../errors.ts';
import { type Decimal, decimalFromNumber, formatDecimal, parseDecimal } from '../market/decimal.ts';

const DAY_MS = 86_400_000;
const WINDOW_DAYS = 30;

/** What an account pays once its volume of 30 days has reached `minVolumeQuote`. A rebate is a fee below 0. */
export interface FeeTier {
  readonly minVolumeQuote: number;
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
}

/** Plain JSON; decimals as text. */
export interface FeeScheduleState {
  readonly day: number;
  readonly volumesQuote: readonly string[];
}

/**
 * Fees by volume, as the large venues publish them: the tier of a UTC day follows from the volume of the 30 days before it and holds all day,
 * so a trade never changes its own fee. One tier of volume 0 is a flat fee.
 * @example new FeeSchedule([{ minVolumeQuote: 0, makerFeeBps: 10, takerFeeBps: 10 }]).rate('taker', nowMs)
 */
export class FeeSchedule {
  readonly #tiers: ReadonlyArray<{ readonly minVolume: Decimal; readonly maker: Decimal; readonly taker: Decimal }>;
  /** Of the last 31 days by day modulo 31, today included. */
  readonly #volumes: Decimal[] = new Array(WINDOW_DAYS + 1).fill(0n);
  #day = Number.NEGATIVE_INFINITY;
  #tier = 0;

  /** @throws TouchstoneError BAD_FEE_TIERS unless the tiers begin at volume 0 and their volumes rise */
  constructor(tiers: readonly FeeTier[]) {
    const rises = tiers.every(({ minVolumeQuote }, i) => (i === 0 ? minVolumeQuote === 0 : minVolumeQuote > tiers[i - 1]!.minVolumeQuote));
    if (tiers.length === 0 || !rises) throw new TouchstoneError('BAD_FEE_TIERS', 'fee tiers must begin at volume 0 and rise');
    this.#tiers = tiers.map(({ minVolumeQuote, makerFeeBps, takerFeeBps }) => ({
      minVolume: decimalFromNumber(minVolumeQuote),
      maker: decimalFromNumber(makerFeeBps / 10_000),
      taker: decimalFromNumber(takerFeeBps / 10_000),
    }));
  }

  /** Share of the notional; at a time not before the last one asked or added. */
  rate(liquidity: 'maker' | 'taker', timeMs: number): Decimal {
    this.#turnTo(Math.floor(timeMs / DAY_MS));
    return this.#tiers[this.#tier]![liquidity];
  }

  /** Counts a fill toward the tiers of the days to come. */
  add(notionalQuote: Decimal, timeMs: number): void {
    const day = Math.floor(timeMs / DAY_MS);
    this.#turnTo(day);
    this.#volumes[day % this.#volumes.length]! += notionalQuote;
  }

  snapshot(): FeeScheduleState | undefined {
    return this.#day === Number.NEGATIVE_INFINITY ? undefined : { day: this.#day, volumesQuote: this.#volumes.map((volume) => formatDecimal(volume)) };
  }

  restore(state: FeeScheduleState | undefined): void {
    this.#day = state?.day ?? Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#volumes.length; i++) this.#volumes[i] = state ? parseDecimal(state.volumesQuote[i]!) : 0n;
    this.#chooseTier();
  }

  #turnTo(day: number): void {
    if (day <= this.#day) return;
    const length = this.#volumes.length;
    for (let next = Math.max(this.#day + 1, day - WINDOW_DAYS); next <= day; next++) this.#volumes[next % length] = 0n;
    this.#day = day;
    this.#chooseTier();
  }

  #chooseTier(): void {
    const today = this.#day % this.#volumes.length;
    let volume = 0n;
    for (let i = 0; i < this.#volumes.length; i++) if (i !== today) volume += this.#volumes[i]!;
    this.#tier = this.#tiers.findLastIndex(({ minVolume }) => volume >= minVolume);
  }
}
