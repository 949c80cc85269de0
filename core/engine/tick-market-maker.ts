import { TouchstoneError } from '../errors.ts';
import type { TickDesk } from './tick-desk.ts';
import type { TickStrategy } from './tick-replay.ts';

export interface TickMarketMakerParameters {
  /** From the reservation price to each quote, ≥ 0. */
  readonly halfSpreadTicks: number;
  /** How far a held lot moves both quotes against the position, ≥ 0. */
  readonly skewTicksPerLot: number;
  readonly quoteLots: number;
  /** Largest position, long or short; the side that would pass it is not quoted. */
  readonly positionLotsMax: number;
}

const BID_SLOT = 0;
const ASK_SLOT = 1;

/**
 * One post-only quote a side around a reservation price: middle − skew × position, never better than the touch. The linear form of Avellaneda
 * and Stoikov (2008) with the spread and the inventory term given instead of derived.
 */
export class TickMarketMaker implements TickStrategy {
  readonly #parameters: TickMarketMakerParameters;

  /** @throws TouchstoneError BAD_PARAMETERS outside the ranges above */
  constructor(parameters: TickMarketMakerParameters) {
    const { halfSpreadTicks, skewTicksPerLot, quoteLots, positionLotsMax } = parameters;
    const isGood = halfSpreadTicks >= 0 && skewTicksPerLot >= 0 && Number.isSafeInteger(quoteLots) && quoteLots > 0 && positionLotsMax >= quoteLots;
    if (!isGood) throw new TouchstoneError('BAD_PARAMETERS', 'a market maker needs spread and skew ≥ 0, whole lots to quote and a limit that holds them');
    this.#parameters = parameters;
  }

  onTrade(): void {}

  onFill(): void {}

  onBatch(desk: TickDesk): void {
    const { ladder } = desk;
    if (!ladder.hasBothSides) {
      desk.withdraw(BID_SLOT);
      desk.withdraw(ASK_SLOT);
      return;
    }
    const { halfSpreadTicks, skewTicksPerLot, quoteLots, positionLotsMax } = this.#parameters;
    const bestBid = ladder.bestBidTicks;
    const bestAsk = ladder.bestAskTicks;
    const position = desk.positionLots;
    const reservation = (bestBid + bestAsk) / 2 - skewTicksPerLot * position;
    if (position + quoteLots <= positionLotsMax) desk.quote(BID_SLOT, 1, Math.min(bestBid, Math.floor(reservation - halfSpreadTicks)), quoteLots);
    else desk.withdraw(BID_SLOT);
    if (position - quoteLots >= -positionLotsMax) desk.quote(ASK_SLOT, -1, Math.max(bestAsk, Math.ceil(reservation + halfSpreadTicks)), quoteLots);
    else desk.withdraw(ASK_SLOT);
  }
}
