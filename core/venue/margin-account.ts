import { TouchstoneError } from '../errors.ts';
import { abs, type Decimal, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import { type InstrumentName, parseInstrument } from '../market/instrument.ts';
import { bracketOf, initialMargin, type MarginBracket, maintenanceMargin, marginStatus } from '../portfolio/margin.ts';
import {
  applyFunding,
  applyPerpetualFill,
  bookedPnl,
  FLAT_PERPETUAL,
  markPosition,
  type PerpetualFill,
  type PerpetualPosition,
  unrealisedPnl,
} from '../portfolio/perpetual-position.ts';
import type { AccountSnapshot, ForcedClose, LockedOrder, VenueAccount } from './account.ts';
import type { AssetBalance } from './balances.ts';
import type { RejectCode, SubmitOrder } from './orders.ts';

export interface MarginConfig {
  /** Cross: the whole wallet stands behind every position. Isolated: each position has margin set aside, and can lose no more. */
  readonly mode: 'cross' | 'isolated';
  /** Deposited at the beginning, decimal text in the one quote currency of all instruments. */
  readonly walletQuote: string;
  /** Of a forced close, as a share of its notional; the whole maintenance margin when left out. */
  readonly liquidationFeeRate?: Decimal;
  readonly instruments: ReadonlyArray<{ readonly name: InstrumentName; readonly leverage: Decimal; readonly brackets: readonly MarginBracket[] }>;
}

/** Plain JSON; decimals as text. */
export interface MarginState {
  readonly walletQuote: string;
  readonly lockedQuote: string;
  readonly insuranceQuote: string;
  readonly positions: ReadonlyArray<Readonly<Record<string, string>>>;
}

interface Leg {
  readonly name: InstrumentName;
  readonly leverage: Decimal;
  readonly brackets: readonly MarginBracket[];
  position: PerpetualPosition;
  /** Set aside, in isolated mode; 0 in cross mode. */
  marginQuote: Decimal;
  /** Open in orders that are not reduce-only. */
  openBuyQty: Decimal;
  openSellQty: Decimal;
}

/**
 * Linear perpetuals, one-way, margined in their quote currency. The wallet holds deposits, realised gains, fees and funding; equity is the wallet
 * and what positions would gain at their marks.
 *
 * - An order promises the initial margin of what it would add to a position, after the older orders of its side; what reduces one needs
 *   none. It is weighed once, when it comes; fills are never refused.
 * - Fees and realised gains move the free wallet; in isolated mode funding moves the margin of its position.
 * - A position whose margin balance no longer exceeds its maintenance margin is closed whole, at the mark, and the maintenance margin is the
 *   fee unless a rate is given. Venues close in steps and may leave something: this is the pessimistic reading. Cross mode begins with the
 *   largest maintenance margin and goes on while what is left does not suffice; with the whole margin as fee, that is to the end.
 * - A loss beyond the margin is paid by the venue's insurance; `insuranceQuote` counts it.
 *
 * Every unit is accounted for: wallet = deposit + realised − fees + funding + insurance, exactly.
 */
export class MarginAccount implements VenueAccount {
  readonly #isIsolated: boolean;
  readonly #quote: string;
  readonly #liquidationFeeRate: Decimal | undefined;
  readonly #legs = new Map<InstrumentName, Leg>();
  #wallet: Decimal;
  #locked: Decimal = 0n;
  #insurance: Decimal = 0n;

  /** @throws TouchstoneError BAD_MARGIN_CONFIG without instruments, or with more than one quote currency */
  constructor(config: MarginConfig) {
    this.#isIsolated = config.mode === 'isolated';
    this.#wallet = parseDecimal(config.walletQuote);
    this.#liquidationFeeRate = config.liquidationFeeRate;
    const quotes = new Set(config.instruments.map(({ name }) => parseInstrument(name).quote));
    if (quotes.size !== 1) throw new TouchstoneError('BAD_MARGIN_CONFIG', 'a margin account needs instruments of one quote currency');
    this.#quote = [...quotes][0]!;
    for (const { name, leverage, brackets } of config.instruments)
      this.#legs.set(name, { name, leverage, brackets, position: FLAT_PERPETUAL, marginQuote: 0n, openBuyQty: 0n, openSellQty: 0n });
  }

  get walletQuote(): Decimal {
    return this.#wallet;
  }

  /** What the venue has paid for losses beyond the margin. */
  get insuranceQuote(): Decimal {
    return this.#insurance;
  }

  get equityQuote(): Decimal {
    let equity = this.#wallet;
    for (const { position } of this.#legs.values()) equity += unrealisedPnl(position);
    return equity;
  }

  /** What new orders may promise; below 0 when positions have lost more than was free. */
  get availableQuote(): Decimal {
    let available = this.#wallet - this.#locked;
    for (const { position, leverage, marginQuote } of this.#legs.values()) {
      if (this.#isIsolated) available -= marginQuote;
      else if (position.qty !== 0n) available += unrealisedPnl(position) - initialMargin(notionalOf(position), leverage);
    }
    return available;
  }

  /** @throws TouchstoneError UNKNOWN_INSTRUMENT */
  position(instrument: InstrumentName): PerpetualPosition {
    return this.#leg(instrument).position;
  }

  /** Set aside for a position; 0 in cross mode. */
  marginQuote(instrument: InstrumentName): Decimal {
    return this.#leg(instrument).marginQuote;
  }

  refusal(order: SubmitOrder, worstQuote: Decimal): RejectCode | undefined {
    const leg = this.#leg(order.instrument);
    if (order.reduceOnly) return this.reducible(order.instrument, order.side) === 0n ? 'REDUCE_ONLY' : undefined;
    const added = this.#addedNotional(order, worstQuote);
    if (added === 0n) return undefined;
    const highest = bracketOf(leg.brackets, this.#heldNotional(order) + added).maxLeverage;
    if (highest !== undefined && leg.leverage > highest) return 'LEVERAGE';
    return initialMargin(added, leg.leverage) > this.availableQuote ? 'INSUFFICIENT_BALANCE' : undefined;
  }

  lock(order: LockedOrder, worstQuote: Decimal): void {
    if (order.reduceOnly) return;
    const leg = this.#leg(order.instrument);
    order.locked = initialMargin(this.#addedNotional(order, worstQuote), leg.leverage);
    this.#locked += order.locked;
    this.#countOpen(leg, order, order.qty - order.filledQty);
  }

  release(order: LockedOrder): void {
    this.#locked -= order.locked;
    order.locked = 0n;
    this.#countOpen(this.#leg(order.instrument), order, order.filledQty - order.qty);
  }

  fill(order: LockedOrder, price: Decimal, qty: Decimal, feeRate: Decimal): { commission: Decimal; commissionAsset: string } {
    const left = order.qty - order.filledQty;
    const keeps = (order.locked * left) / (left + qty);
    this.#locked += keeps - order.locked;
    order.locked = keeps;
    const commission = multiply(multiply(qty, price), feeRate);
    const leg = this.#leg(order.instrument);
    this.#countOpen(leg, order, -qty);
    if (this.#isIsolated) this.#moveMargin(leg, order.side, qty, price);
    this.#book(leg, { side: order.side, qty, price, feeQuote: commission });
    this.#coverShortfall();
    return { commission, commissionAsset: this.#quote };
  }

  reducible(instrument: InstrumentName, side: Side): Decimal {
    const { qty } = this.#leg(instrument).position;
    return (side === 'sell' ? qty > 0n : qty < 0n) ? abs(qty) : 0n;
  }

  onMark(instrument: InstrumentName, price: Decimal): void {
    const leg = this.#legs.get(instrument);
    if (leg) leg.position = markPosition(leg.position, price);
  }

  onFunding(instrument: InstrumentName, rate: Decimal): void {
    const leg = this.#legs.get(instrument);
    if (!leg || leg.position.qty === 0n) return;
    const before = leg.position.fundingQuote;
    leg.position = applyFunding(leg.position, rate, leg.position.markPrice!);
    const received = leg.position.fundingQuote - before;
    this.#wallet += received;
    if (this.#isIsolated) leg.marginQuote += received;
  }

  nextLiquidation(): ForcedClose | undefined {
    const legs = [...this.#legs.values()].filter(({ position }) => position.qty !== 0n);
    const failing = this.#isIsolated
      ? legs.filter((leg) => marginStatus(leg.marginQuote, [leg]).mustLiquidate)
      : marginStatus(this.#wallet, legs).mustLiquidate
        ? legs
        : [];
    if (failing.length === 0) return undefined;
    const [worst] = failing
      .map((leg) => ({ leg, maintenance: maintenanceMargin(leg.brackets, notionalOf(leg.position)) }))
      .sort((a, b) => (a.maintenance === b.maintenance ? 0 : a.maintenance > b.maintenance ? -1 : 1));
    const { leg, maintenance } = worst!;
    const feeQuote = this.#liquidationFeeRate === undefined ? maintenance : multiply(notionalOf(leg.position), this.#liquidationFeeRate);
    const { qty, markPrice } = leg.position;
    return { instrument: leg.name, side: qty > 0n ? 'sell' : 'buy', qty: abs(qty), price: markPrice!, feeQuote };
  }

  liquidate({ instrument, ...fill }: ForcedClose): void {
    const leg = this.#leg(instrument);
    const gained = this.#book(leg, fill);
    if (this.#isIsolated && leg.marginQuote + gained < 0n) this.#insure(-(leg.marginQuote + gained));
    leg.marginQuote = 0n;
    this.#coverShortfall();
  }

  list(): AssetBalance[] {
    const free = this.availableQuote;
    return [{ asset: this.#quote, free, locked: this.#wallet - free }];
  }

  snapshot(): AccountSnapshot {
    const positions = [...this.#legs.values()].map(({ name, position, marginQuote, openBuyQty, openSellQty }) => {
      const plain: Record<string, string> = { instrument: name };
      for (const [key, value] of Object.entries({ marginQuote, openBuyQty, openSellQty })) plain[key] = formatDecimal(value);
      for (const [key, value] of Object.entries(position)) if (value !== undefined) plain[key] = formatDecimal(value);
      return plain;
    });
    const [walletQuote, lockedQuote, insuranceQuote] = [this.#wallet, this.#locked, this.#insurance].map(formatDecimal);
    return { balances: [], margin: { walletQuote: walletQuote!, lockedQuote: lockedQuote!, insuranceQuote: insuranceQuote!, positions } };
  }

  /** @throws TouchstoneError BAD_SNAPSHOT for the snapshot of another kind of account */
  restore({ margin }: AccountSnapshot): void {
    if (!margin) throw new TouchstoneError('BAD_SNAPSHOT', 'a margin account cannot be restored from the snapshot of a spot account');
    this.#wallet = parseDecimal(margin.walletQuote);
    this.#locked = parseDecimal(margin.lockedQuote);
    this.#insurance = parseDecimal(margin.insuranceQuote);
    for (const { instrument, marginQuote, openBuyQty, openSellQty, ...plain } of margin.positions) {
      const leg = this.#leg(instrument as InstrumentName);
      leg.marginQuote = parseDecimal(marginQuote!);
      leg.openBuyQty = parseDecimal(openBuyQty!);
      leg.openSellQty = parseDecimal(openSellQty!);
      const position = Object.fromEntries(Object.entries(plain).map(([key, text]) => [key, parseDecimal(text)]));
      leg.position = { ...FLAT_PERPETUAL, ...position };
    }
  }

  #leg(instrument: InstrumentName): Leg {
    const leg = this.#legs.get(instrument);
    if (!leg) throw new TouchstoneError('UNKNOWN_INSTRUMENT', `the margin account has no ${instrument}`);
    return leg;
  }

  #countOpen(leg: Leg, { side, reduceOnly }: SubmitOrder, change: Decimal): void {
    if (reduceOnly) return;
    if (side === 'buy') leg.openBuyQty += change;
    else leg.openSellQty += change;
  }

  /** Worth of the part of an order that opens or adds. A sell may fill above its limit, so it counts at the mark where that is higher. */
  #addedNotional(order: SubmitOrder, worstQuote: Decimal): Decimal {
    const { position, openBuyQty, openSellQty } = this.#leg(order.instrument);
    const { markPrice } = position;
    const atMark = order.side === 'sell' && markPrice !== undefined ? multiply(order.qty, markPrice) : 0n;
    const worst = atMark > worstQuote ? atMark : worstQuote;
    const reducible = this.reducible(order.instrument, order.side) - (order.side === 'buy' ? openBuyQty : openSellQty);
    const added = reducible > 0n ? order.qty - reducible : order.qty;
    return added > 0n ? (worst * added) / order.qty : 0n;
  }

  /** Worth at the mark of the position that an order adds to: with all older orders of its side filled. */
  #heldNotional({ instrument, side }: SubmitOrder): Decimal {
    const { position, openBuyQty, openSellQty } = this.#leg(instrument);
    const held = side === 'buy' ? position.qty + openBuyQty : openSellQty - position.qty;
    return held > 0n && position.markPrice !== undefined ? multiply(held, position.markPrice) : 0n;
  }

  /** Isolated: what opens sets its initial margin aside, what closes frees its share. */
  #moveMargin(leg: Leg, side: Side, qty: Decimal, price: Decimal): void {
    const reducible = this.reducible(leg.name, side);
    const closed = qty < reducible ? qty : reducible;
    if (closed > 0n) leg.marginQuote -= (leg.marginQuote * closed) / reducible;
    if (qty > closed) leg.marginQuote += initialMargin(multiply(qty - closed, price), leg.leverage);
  }

  /** Returns what the fill brought into the wallet. */
  #book(leg: Leg, fill: PerpetualFill): Decimal {
    const before = bookedPnl(leg.position);
    leg.position = applyPerpetualFill(leg.position, fill);
    const gained = bookedPnl(leg.position) - before;
    this.#wallet += gained;
    return gained;
  }

  /** With no position left there is nothing to come: the venue does not collect a debt. */
  #coverShortfall(): void {
    if (this.#wallet >= 0n) return;
    for (const { position } of this.#legs.values()) if (position.qty !== 0n) return;
    this.#insure(-this.#wallet);
  }

  #insure(amount: Decimal): void {
    this.#insurance += amount;
    this.#wallet += amount;
  }
}

/** Worth at the mark, not signed. */
function notionalOf({ qty, markPrice }: PerpetualPosition): Decimal {
  return qty === 0n ? 0n : abs(multiply(qty, markPrice!));
}
