import { TouchstoneError } from '../errors.ts';
import { abs, type Decimal, divide, multiply, ONE } from '../market/decimal.ts';
import { type PerpetualPosition, unrealisedPnl } from './perpetual-position.ts';

/** One step of a venue's table: notional above `floorQuote`, up to and with `capQuote` (undefined: no end). */
export interface MarginTier {
  readonly floorQuote: Decimal;
  readonly capQuote: Decimal | undefined;
  /** Share of the notional, in (0, 1). */
  readonly maintenanceRate: Decimal;
  /** The highest leverage at which a position of this size may be opened; undefined where the table does not say. */
  readonly maxLeverage?: Decimal;
}

/** A tier with the amount that makes maintenance margin = notional × rate − amount continuous from tier to tier. */
export interface MarginBracket extends MarginTier {
  readonly maintenanceAmountQuote: Decimal;
}

/**
 * Maintenance amounts of a table of tiers, lowest first: amount_n = floor_n × (rate_n − rate_{n−1}) + amount_{n−1}.
 * Source: Binance, leverage and margin of USDT-margined futures.
 * @throws TouchstoneError BAD_MARGIN_TIERS unless the tiers begin at 0, meet without gaps and have rates that rise within (0, 1).
 */
export function marginBrackets(tiers: readonly MarginTier[]): readonly MarginBracket[] {
  const brackets: MarginBracket[] = [];
  let floor: Decimal | undefined = 0n;
  let rate = 0n;
  let amount = 0n;
  for (const tier of tiers) {
    const isLast = brackets.length === tiers.length - 1;
    if (tier.floorQuote !== floor || (tier.capQuote === undefined ? !isLast : tier.capQuote <= tier.floorQuote)) {
      throw new TouchstoneError('BAD_MARGIN_TIERS', 'margin tiers must begin at 0 and follow each other without gaps');
    }
    if (tier.maintenanceRate <= rate || tier.maintenanceRate >= ONE) throw new TouchstoneError('BAD_MARGIN_TIERS', 'maintenance rates must rise within (0, 1)');
    amount += brackets.length === 0 ? 0n : multiply(tier.floorQuote, tier.maintenanceRate - rate);
    rate = tier.maintenanceRate;
    floor = tier.capQuote;
    brackets.push({ ...tier, maintenanceAmountQuote: amount });
  }
  if (brackets.length === 0) throw new TouchstoneError('BAD_MARGIN_TIERS', 'there must be at least one margin tier');
  return brackets;
}

/** The bracket with floor < notional ≤ cap; the first at 0, the last beyond the table. `notionalQuote` is not signed. */
export function bracketOf(brackets: readonly MarginBracket[], notionalQuote: Decimal): MarginBracket {
  for (const bracket of brackets) {
    if (bracket.capQuote === undefined || notionalQuote <= bracket.capQuote) return bracket;
  }
  return brackets[brackets.length - 1]!;
}

/** What must stay behind a position worth `notionalQuote` (not signed) at the mark price. */
export function maintenanceMargin(brackets: readonly MarginBracket[], notionalQuote: Decimal): Decimal {
  const bracket = bracketOf(brackets, notionalQuote);
  return multiply(notionalQuote, bracket.maintenanceRate) - bracket.maintenanceAmountQuote;
}

/** What must stand behind a position of `notionalQuote` (not signed) when it is opened. @throws TouchstoneError BAD_LEVERAGE below 1. */
export function initialMargin(notionalQuote: Decimal, leverage: Decimal): Decimal {
  if (leverage < ONE) throw new TouchstoneError('BAD_LEVERAGE', 'leverage must be 1 or more');
  return divide(notionalQuote, leverage);
}

export interface MarginLeg {
  readonly position: PerpetualPosition;
  readonly brackets: readonly MarginBracket[];
}

export interface MarginStatus {
  /** Collateral and unrealised gains. */
  readonly marginBalanceQuote: Decimal;
  readonly maintenanceMarginQuote: Decimal;
  /** True once the balance no longer exceeds the maintenance margin of open positions. */
  readonly mustLiquidate: boolean;
}

/**
 * Where a pool of collateral stands at the legs' own marks. Cross margin: the wallet and every position on it.
 * Isolated margin: the margin set aside for one position and that position alone.
 */
export function marginStatus(collateralQuote: Decimal, legs: readonly MarginLeg[]): MarginStatus {
  let balance = collateralQuote;
  let maintenance = 0n;
  let isOpen = false;
  for (const { position, brackets } of legs) {
    if (position.qty === 0n) continue;
    isOpen = true;
    balance += unrealisedPnl(position);
    maintenance += maintenanceMargin(brackets, abs(multiply(position.qty, position.markPrice!)));
  }
  return { marginBalanceQuote: balance, maintenanceMarginQuote: maintenance, mustLiquidate: isOpen && balance <= maintenance };
}

/** What stands behind a position, other positions on the same collateral included; they are held at their marks. */
export interface LiquidationInputs {
  /** Cross: the wallet. Isolated: the margin set aside, and the two below are 0. */
  readonly collateralQuote: Decimal;
  readonly otherMaintenanceMarginQuote?: Decimal;
  readonly otherUnrealisedPnlQuote?: Decimal;
  /** Signed, not 0. */
  readonly qty: Decimal;
  /** Signed: quantity times entry price. */
  readonly entryNotionalQuote: Decimal;
}

/**
 * The mark price at which margin balance = maintenance margin if the rate and amount of `bracket` held there, to eight places; may be negative.
 * (WB − TMM + UPNL + amount − qty·EP) ÷ (|qty|·rate − qty), with qty signed.
 * Source: Binance, how to calculate the liquidation price of USDT-margined futures.
 * @throws TouchstoneError BAD_POSITION when flat.
 */
export function liquidationPrice(inputs: LiquidationInputs, bracket: Pick<MarginBracket, 'maintenanceRate' | 'maintenanceAmountQuote'>): Decimal {
  const { numerator, denominator } = liquidationRatio(inputs, bracket);
  return (numerator * ONE * ONE) / denominator;
}

/** Numerator in 1e-8 quote, denominator in 1e-16 base and above 0. */
function liquidationRatio(inputs: LiquidationInputs, bracket: Pick<MarginBracket, 'maintenanceRate' | 'maintenanceAmountQuote'>) {
  const { qty } = inputs;
  if (qty === 0n) throw new TouchstoneError('BAD_POSITION', 'a flat position has no liquidation price');
  const others = (inputs.otherUnrealisedPnlQuote ?? 0n) - (inputs.otherMaintenanceMarginQuote ?? 0n);
  const numerator = inputs.collateralQuote + others + bracket.maintenanceAmountQuote - inputs.entryNotionalQuote;
  const denominator = abs(qty) * bracket.maintenanceRate - qty * ONE;
  return denominator > 0n ? { numerator, denominator } : { numerator: -numerator, denominator: -denominator };
}

/**
 * The liquidation price with the bracket that is in force at that very price; undefined when no positive price liquidates the position.
 * The margin balance less the maintenance margin is monotonic in the price, so there is at most one. Brackets are compared exactly, before rounding.
 * @throws TouchstoneError BAD_POSITION when flat.
 */
export function bracketedLiquidationPrice(
  inputs: LiquidationInputs,
  brackets: readonly MarginBracket[],
): { readonly price: Decimal; readonly bracket: MarginBracket } | undefined {
  for (const bracket of brackets) {
    const { numerator, denominator } = liquidationRatio(inputs, bracket);
    if (numerator <= 0n) continue;
    const notional = abs(inputs.qty) * numerator * ONE;
    const isInside = notional > bracket.floorQuote * denominator && (bracket.capQuote === undefined || notional <= bracket.capQuote * denominator);
    if (isInside) return { price: (numerator * ONE * ONE) / denominator, bracket };
  }
  return undefined;
}

/**
 * The mark price at which `marginQuote` behind a position is used up: (qty·EP − margin) ÷ qty, qty signed; a liquidation that trades
 * beyond it falls to the insurance fund. @throws TouchstoneError BAD_POSITION when flat.
 */
export function bankruptcyPrice(qty: Decimal, entryNotionalQuote: Decimal, marginQuote: Decimal): Decimal {
  if (qty === 0n) throw new TouchstoneError('BAD_POSITION', 'a flat position has no bankruptcy price');
  return divide(entryNotionalQuote - marginQuote, qty);
}
