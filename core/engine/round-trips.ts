import { type Decimal, decimalFromNumber, decimalToNumber, multiply, ONE } from '../market/decimal.ts';
import { applySpotFill, FLAT_POSITION, type SpotFill, type SpotPosition } from '../portfolio/spot-position.ts';
import type { FillLog } from './fill-log.ts';
import type { FundingPayment } from './funding.ts';

/** A position from its first fill to flat, or to the other side. Money in quote currency. */
export interface RoundTrip {
  readonly entryTimeMs: number;
  readonly exitTimeMs: number;
  /** Averages over the fills of each side, without fees. */
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Opened in all, base currency; below 0 for a short. */
  readonly qty: number;
  /** After fees and funding. */
  readonly pnlQuote: number;
  readonly feesQuote: number;
  /** Received less paid while it was open; only where any was. */
  readonly fundingQuote?: number;
}

export interface ExactLedger {
  /** Exact position and result after every fill and funding payment, in decimals; `qty` and `costQuote` are below 0 when short. */
  readonly position: SpotPosition;
  readonly feesQuote: number;
  /** Received less paid. */
  readonly fundingQuote: number;
  /** Sum of |price × quantity|. */
  readonly turnoverQuote: number;
  readonly roundTrips: readonly RoundTrip[];
}

/**
 * Recounts a backtest's fills and funding in exact decimals; what reports show of money comes from here. A fill that turns a position
 * round ends one round trip and begins the next; its fee is shared by quantity, what is left of the division going to the new position.
 */
export function exactLedger(fills: FillLog, lotSize: number, funding: readonly FundingPayment[] = []): ExactLedger {
  const ledger = new Ledger(lotSize);
  let settled = 0;
  for (let i = 0; i <= fills.length; i++) {
    for (; settled < funding.length && funding[settled]!.fillsBefore === i; settled++) ledger.settle(funding[settled]!);
    if (i < fills.length) ledger.fill(fills, i);
  }
  return ledger;
}

class Ledger implements ExactLedger {
  position = FLAT_POSITION;
  feesQuote = 0;
  fundingQuote = 0;
  turnoverQuote = 0;
  readonly roundTrips: RoundTrip[] = [];
  private readonly lotSize: number;
  private readonly lot: Decimal;
  private lots = 0;
  private trip = new OpenTrip(0, 1);

  constructor(lotSize: number) {
    this.lotSize = lotSize;
    this.lot = decimalFromNumber(lotSize);
  }

  fill({ timeMs, signedLots, price, feeQuote }: FillLog, i: number): void {
    const lots = signedLots[i]!;
    const fee = feeQuote[i]!;
    const turns = this.lots !== 0 && Math.abs(lots) > Math.abs(this.lots) && lots > 0 !== this.lots > 0;
    let closingFee = 0n;
    if (turns) {
      closingFee = (decimalFromNumber(fee) * BigInt(Math.abs(this.lots))) / BigInt(Math.abs(lots));
      this.leg(timeMs[i]!, -this.lots, price[i]!, closingFee, decimalToNumber(closingFee));
    }
    this.leg(timeMs[i]!, lots + (turns ? this.lots : 0), price[i]!, decimalFromNumber(fee) - closingFee, fee - decimalToNumber(closingFee));
    this.lots += lots;
    this.feesQuote += fee;
    this.turnoverQuote += Math.abs(lots) * this.lotSize * price[i]!;
  }

  /** −position × mark × rate, cut at the eighth place; the rate counts to sixteen places. */
  settle({ timeMs, signedLots, markPrice, rate }: FundingPayment): void {
    if (signedLots !== this.lots) throw new RangeError(`funding at ${timeMs} was paid on ${signedLots} steps, but the fills make ${this.lots}`);
    const { qty, realisedPnlQuote, cashQuote } = this.position;
    const received = (-multiply(qty, decimalFromNumber(markPrice)) * decimalFromNumber(rate * 1e8)) / (ONE * ONE);
    this.position = { ...this.position, realisedPnlQuote: realisedPnlQuote + received, cashQuote: cashQuote + received };
    this.fundingQuote += decimalToNumber(received);
    this.trip.settle(decimalToNumber(received));
  }

  /** A fill, or the part of one, that does not cross zero. */
  private leg(timeMs: number, lots: number, price: number, feeQuote: Decimal, fee: number): void {
    const { qty, realisedPnlQuote } = this.position;
    if (qty === 0n) this.trip = new OpenTrip(timeMs, lots > 0 ? 1 : -1);
    const fill: SpotFill = { side: lots > 0 ? 'buy' : 'sell', qty: BigInt(Math.abs(lots)) * this.lot, price: decimalFromNumber(price), feeBase: 0n, feeQuote };
    const isShort = qty < 0n || (qty === 0n && lots < 0);
    this.position = isShort ? applyShortFill(this.position, fill) : applySpotFill(this.position, fill);
    this.trip.add(lots * this.lotSize, price, fee, decimalToNumber(this.position.realisedPnlQuote - realisedPnlQuote));
    if (this.position.qty === 0n) this.roundTrips.push(this.trip.close(timeMs));
  }
}

/** `applySpotFill` in the mirror: a sale opens a short, whose cost is what was received for it, below 0; purchases close it. */
function applyShortFill(position: SpotPosition, { side, qty: filled, price, feeQuote }: SpotFill): SpotPosition {
  const notional = multiply(filled, price);
  if (side === 'sell') {
    const received = notional - feeQuote;
    return { ...position, qty: position.qty - filled, costQuote: position.costQuote - received, cashQuote: position.cashQuote + received };
  }
  const spent = notional + feeQuote;
  const qty = position.qty + filled;
  const cost = qty === 0n ? position.costQuote : (position.costQuote * filled) / -position.qty;
  return {
    qty,
    costQuote: position.costQuote - cost,
    realisedPnlQuote: position.realisedPnlQuote - spent - cost,
    cashQuote: position.cashQuote - spent,
  };
}

class OpenTrip {
  private readonly entryTimeMs: number;
  private readonly sign: 1 | -1;
  private boughtQty = 0;
  private boughtQuote = 0;
  private soldQty = 0;
  private soldQuote = 0;
  private fees = 0;
  private pnl = 0;
  private funding: number | undefined;

  constructor(entryTimeMs: number, sign: 1 | -1) {
    this.entryTimeMs = entryTimeMs;
    this.sign = sign;
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

  settle(receivedQuote: number): void {
    this.funding = (this.funding ?? 0) + receivedQuote;
    this.pnl += receivedQuote;
  }

  close(exitTimeMs: number): RoundTrip {
    const bought = this.boughtQuote / this.boughtQty;
    const sold = this.soldQuote / this.soldQty;
    return {
      entryTimeMs: this.entryTimeMs,
      exitTimeMs,
      entryPrice: this.sign > 0 ? bought : sold,
      exitPrice: this.sign > 0 ? sold : bought,
      qty: this.sign > 0 ? this.boughtQty : -this.soldQty,
      pnlQuote: this.pnl,
      feesQuote: this.fees,
      ...(this.funding === undefined ? {} : { fundingQuote: this.funding }),
    };
  }
}
