import { decimalFromNumber, decimalToNumber } from '../market/decimal.ts';
import { applySpotFill, FLAT_POSITION, type SpotPosition } from '../portfolio/spot-position.ts';
import type { FillLog } from './fill-log.ts';

/** A position from its first fill to flat. Money in quote currency. */
export interface RoundTrip {
  readonly entryTimeMs: number;
  readonly exitTimeMs: number;
  /** Averages over the fills of each side, without fees. */
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Bought in all, base currency. */
  readonly qty: number;
  /** After fees. */
  readonly pnlQuote: number;
  readonly feesQuote: number;
}

export interface ExactLedger {
  /** Exact position and result after every fill, in decimals. */
  readonly position: SpotPosition;
  readonly feesQuote: number;
  /** Sum of |price × quantity|. */
  readonly turnoverQuote: number;
  readonly roundTrips: readonly RoundTrip[];
}

/** Recounts a backtest's fills in exact decimals; what reports show of money comes from here. */
export function exactLedger(fills: FillLog, lotSize: number): ExactLedger {
  const lot = decimalFromNumber(lotSize);
  const roundTrips: RoundTrip[] = [];
  let position = FLAT_POSITION;
  let trip = new OpenTrip(0);
  let feesQuote = 0;
  let turnoverQuote = 0;
  for (let i = 0; i < fills.length; i++) {
    const lots = fills.signedLots[i]!;
    const price = fills.price[i]!;
    const fee = fills.feeQuote[i]!;
    const qty = BigInt(Math.abs(lots)) * lot;
    if (position.qty === 0n) trip = new OpenTrip(fills.timeMs[i]!);
    const before = position.realisedPnlQuote;
    position = applySpotFill(position, {
      side: lots > 0 ? 'buy' : 'sell',
      qty,
      price: decimalFromNumber(price),
      feeBase: 0n,
      feeQuote: decimalFromNumber(fee),
    });
    trip.add(lots * lotSize, price, fee, decimalToNumber(position.realisedPnlQuote - before));
    feesQuote += fee;
    turnoverQuote += Math.abs(lots) * lotSize * price;
    if (position.qty === 0n) roundTrips.push(trip.close(fills.timeMs[i]!));
  }
  return { position, feesQuote, turnoverQuote, roundTrips };
}

class OpenTrip {
  private readonly entryTimeMs: number;
  private boughtQty = 0;
  private boughtQuote = 0;
  private soldQty = 0;
  private soldQuote = 0;
  private fees = 0;
  private pnl = 0;

  constructor(entryTimeMs: number) {
    this.entryTimeMs = entryTimeMs;
  }

  add(signedQty: number, price: number, fee: number, realisedPnl: number): void {
    if (signedQty > 0) {
      this.boughtQty += signedQty;
      this.boughtQuote += signedQty * price;
    } else {
      this.soldQty -= signedQty;
      this.soldQuote -= signedQty * price;
    }
    this.fees += fee;
    this.pnl += realisedPnl;
  }

  close(exitTimeMs: number): RoundTrip {
    return {
      entryTimeMs: this.entryTimeMs,
      exitTimeMs,
      entryPrice: this.boughtQuote / this.boughtQty,
      exitPrice: this.soldQuote / this.soldQty,
      qty: this.boughtQty,
      pnlQuote: this.pnl,
      feesQuote: this.fees,
    };
  }
}
