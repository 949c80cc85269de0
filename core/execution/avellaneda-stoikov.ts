import { TouchstoneError } from '../errors.ts';

export interface AvellanedaStoikovInput {
  readonly mid: number;
  /** Signed position in lots of the model: what is held beyond what one wants to hold. */
  readonly inventory: number;
  /** Risk aversion; above 0. */
  readonly gamma: number;
  /** Price move (quote currency) per √time. */
  readonly sigma: number;
  /** Decay of the arrival of takers with the distance from the mid, 1/quote currency: intensity A·exp(−k·distance); above 0. */
  readonly k: number;
  /** T − t, in the time unit of sigma. */
  readonly timeLeft: number;
}

export interface QuotePair {
  /** The mid as it is worth to someone with this inventory. */
  readonly reservationPrice: number;
  /** Full width, quote currency. */
  readonly spread: number;
  readonly bid: number;
  readonly ask: number;
}

/**
 * Quotes of a market maker with inventory: r = s − q·γσ²(T−t), spread = γσ²(T−t) + (2/γ)·ln(1 + γ/k), quotes at r ± spread/2.
 * M. Avellaneda and S. Stoikov, High-frequency Trading in a Limit Order Book, 2008, equations (29) and (30).
 * @throws TouchstoneError BAD_PARAMETER unless γ and k are above 0 and σ and the time left not below 0
 */
export function avellanedaStoikov({ mid, inventory, gamma, sigma, k, timeLeft }: AvellanedaStoikovInput): QuotePair {
  if (!(gamma > 0 && k > 0 && sigma >= 0 && timeLeft >= 0)) {
    throw new TouchstoneError('BAD_PARAMETER', `Avellaneda-Stoikov: gamma ${gamma}, k ${k}, sigma ${sigma}, time left ${timeLeft}`);
  }
  const risk = gamma * sigma * sigma * timeLeft;
  const reservationPrice = mid - inventory * risk;
  const spread = risk + (2 / gamma) * Math.log1p(gamma / k);
  return { reservationPrice, spread, bid: reservationPrice - spread / 2, ask: reservationPrice + spread / 2 };
}
