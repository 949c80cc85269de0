import { TouchstoneError } from '../errors.ts';

/** Funding rates of a perpetual as columns of one length, oldest first. */
export interface FundingRates {
  readonly timeMs: Float64Array;
  /** Fraction of the position's value; longs pay when it is above 0. */
  readonly rate: Float64Array;
  /** Mark price at each time, quote currency; without it the last close before counts. */
  readonly markPrice?: Float64Array;
}

/** One settlement of a position that was not flat. */
export interface FundingPayment {
  readonly timeMs: number;
  /** Position at the settlement, whole steps, short below 0. */
  readonly signedLots: number;
  readonly markPrice: number;
  readonly rate: number;
  /** −position × mark × rate, quote currency; below 0 was paid. */
  readonly receivedQuote: number;
  /** How many fills came before it. */
  readonly fillsBefore: number;
}

/** @throws TouchstoneError BAD_FUNDING when times do not ascend, columns differ in length, or a rate or mark is no number */
export function checkFunding({ timeMs, rate, markPrice }: FundingRates): void {
  if (rate.length !== timeMs.length || (markPrice !== undefined && markPrice.length !== timeMs.length))
    throw new TouchstoneError('BAD_FUNDING', `funding has ${timeMs.length} times, ${rate.length} rates and ${markPrice?.length ?? 'no'} marks`);
  for (let i = 0; i < timeMs.length; i++) {
    if (i > 0 && !(timeMs[i]! > timeMs[i - 1]!)) throw new TouchstoneError('BAD_FUNDING', `funding times do not ascend at row ${i + 1}`);
    if (!Number.isFinite(rate[i]!)) throw new TouchstoneError('BAD_FUNDING', `funding rate of row ${i + 1} is ${rate[i]}`);
    if (markPrice !== undefined && !(markPrice[i]! > 0)) throw new TouchstoneError('BAD_FUNDING', `mark price of row ${i + 1} is ${markPrice[i]}`);
  }
}
