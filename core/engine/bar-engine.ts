import { TouchstoneError } from '../errors.ts';
import { parseRules } from '../execution/round.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { type Decimal, decimalToNumber } from '../market/decimal.ts';
import { eventId, INTERVAL_MS, type Ohlcv } from '../market/events.ts';
import type { Instrument } from '../market/instrument.ts';
import { type RiskOrder, type RiskState, violatedLimit } from '../risk/check.ts';
import type { DenialCode, RiskLimits } from '../risk/decision.ts';
import { definitionOf } from '../strategies/registry.ts';
import { createLotSizer } from '../strategies/size.ts';
import type { StrategyConfig, StrategyDefinition } from '../strategies/strategy.ts';
import { TargetTracker } from '../strategies/target-tracker.ts';
import { type BarOrder, BarOrders, toTick } from './bar-orders.ts';
import { type BarMargin, forcedClosePrice } from './bar-margin.ts';
import type { IntrabarPath } from './bar-path.ts';
import { FillLog } from './fill-log.ts';
import { checkFunding, type FundingPayment, type FundingRates } from './funding.ts';

/** How orders trade in a bar backtest. */
export interface BarExecution {
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Added to the price of market and stop orders, against us. */
  readonly slippageBps: number;
  /** How targets are traded: at the next open, or by a limit order at the deciding bar's close that works until the target changes. */
  readonly orderType: 'market' | 'limit';
  /** Distance from the entry price, against the position, of a resting stop order that closes it; none when absent. */
  readonly stopLossBps?: number;
  /** The way of the price inside a bar; when absent, stops are looked at before limits, and a limit order's own stop from the next bar on. */
  readonly intrabar?: IntrabarPath;
}

export interface BarEngineConfig {
  readonly strategy: StrategyConfig;
  /** Where the strategy's code is; the registry's by default. */
  readonly definition?: StrategyDefinition;
  readonly instrument: Instrument;
  readonly risk: RiskLimits;
  readonly execution: BarExecution;
  readonly initialCashQuote: number;
  /** Share of the configured size that is traded, decimal text. */
  readonly sizeFactor?: string;
  /** Research: position at target 1 as a share of the present equity, instead of the configured size, so that a loss shrinks the next trade and never ends the run. */
  readonly equityShare?: number;
  /**
   * `spot` (the default) sells at most what it holds: targets below 0 count as 0. `perpetual` goes short too, with linear profit.
   */
  readonly market?: 'spot' | 'perpetual';
  /**
   * Of a perpetual; without it nothing is ever liquidated, only the risk limits bound the position. A position meets each bar's open, and
   * what its orders leave open its worst price: when the maintenance margin is no longer there, the position is closed by force and all that is left is the fee.
   */
  readonly margin?: BarMargin;
  /**
   * Of a perpetual. Each settlement meets the first bar that opens at or after its time: the position before that bar's orders, at the mark given
   * or else the last close before. What is due after the last bar's open is not settled.
   */
  readonly funding?: FundingRates;
}

const isEntry = (order: BarOrder) => order.type !== 'stop';

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/**
 * The engine on bars of one instrument: `process` folds one closed bar into positions, orders and equity. Signals come from the
 * same tracker, sizes from the same sizer and approvals from the same risk check as live.
 *
 * Money in the loop is floats over whole numbers of steps; `exactLedger` recounts every fill in decimals afterwards, and a test
 * holds both together. Fees are taken in quote currency. Nothing is allocated per bar; an order allocates once.
 */
export class BarEngine {
  readonly fills = new FillLog();
  readonly fundingPayments: FundingPayment[] = [];
  readonly denials = new Map<DenialCode, number>();
  readonly lotSize: number;
  orderCount = 0;
  cashQuote: number;
  barsInPosition = 0;
  /** Of the bar that took everything. */
  liquidatedTimeMs: number | undefined;
  private lots = 0;
  private readonly instrument: string;
  private readonly isSpot: boolean;
  private readonly execution: BarExecution;
  private readonly limits: RiskLimits;
  private readonly tracker: TargetTracker;
  private readonly sizeLots: (fraction: number, price: number) => number;
  private readonly orders: BarOrders;
  private readonly intervalMs: number;
  private readonly tickSize: number;
  private readonly minLots: number;
  private readonly maxLots: number;
  private readonly minNotional: number;
  private readonly riskOrder: RiskOrder = { signedQty: 0, limitPrice: undefined };
  private readonly riskState: RiskState;
  private readonly margin: BarMargin | undefined;
  private readonly funding: FundingRates | undefined;
  private nextFunding = 0;
  private lastClose = Number.NaN;
  private dayEndMs = 0;
  /** The next time at which something is due that most bars have nothing of: a new day, or funding. */
  private wakeMs = 0;
  private dayStartEquity: number;
  private lastOrderTimeMs = Number.NEGATIVE_INFINITY;

  /** @throws TouchstoneError UNKNOWN_STRATEGY, BAD_PARAMETER, BAD_FUNDING, BAD_MARGIN */
  constructor(config: BarEngineConfig) {
    const { strategy, instrument, execution } = config;
    const definition = config.definition ?? definitionOf(strategy);
    const parameters = resolveParameters(strategy.name, definition.parameters, strategy.parameters);
    const rules = parseRules(instrument);
    const step = rules.stepSize > 0n ? rules.stepSize : 1n;
    this.instrument = instrument.name;
    this.isSpot = config.market !== 'perpetual';
    this.execution = execution;
    this.limits = config.risk;
    this.tracker = new TargetTracker(definition.create(parameters, instrument.name), definition.warmupBars(parameters));
    this.sizeLots = this.lotSizer(config, step);
    this.intervalMs = INTERVAL_MS[strategy.interval];
    this.lotSize = decimalToNumber(step);
    this.tickSize = decimalToNumber(rules.tickSize);
    this.minLots = Math.max(1, Number((rules.minQty + step - 1n) / step));
    this.maxLots = rules.maxQty > 0n ? Number(rules.maxQty / step) : Number.MAX_SAFE_INTEGER;
    this.minNotional = decimalToNumber(rules.minNotional);
    const onFill = (order: BarOrder, price: number, isMaker: boolean, timeMs: number) => this.onFill(order, price, isMaker, timeMs);
    this.orders = new BarOrders(execution.slippageBps, this.tickSize, onFill, execution.intrabar);
    this.cashQuote = config.initialCashQuote;
    this.dayStartEquity = config.initialCashQuote;
    this.margin = marginOf(config);
    this.funding = fundingOf(config);
    this.riskState = {
      tradingState: 'ACTIVE',
      entryBlock: undefined,
      positionQty: 0,
      openBuyQty: 0,
      openSellQty: 0,
      guardedPrice: undefined,
      dailyPnlQuote: 0,
      ordersLastSecond: 0,
      otherGrossNotionalQuote: 0,
      availableQuote: 0,
    };
  }

  /** At the last close. */
  get equityQuote(): number {
    return this.lots === 0 ? this.cashQuote : this.cashQuote + this.lots * this.lotSize * this.lastClose;
  }

  /** Position in base currency. */
  get positionQty(): number {
    return this.lots * this.lotSize;
  }

  /**
   * Target → plan → risk → order, as in `streams/execute`, with quantities in lots. In one piece, because V8 takes a function of this length
   * for a unit of its own: inlined into a loop, the rare parts of strategy and orders would push hot ones out of its inlining budget.
   */
  process(bar: Ohlcv): void {
    if (bar.openTimeMs >= this.wakeMs) this.wake(bar.openTimeMs);
    if (this.margin !== undefined) this.liquidateWhenDue(bar, bar.open, this.margin);
    if (this.orders.openCount !== 0) this.orders.onBar(bar);
    if (this.margin !== undefined) this.liquidateWhenDue(bar, this.lots > 0 ? bar.low : bar.high, this.margin);
    const { close } = bar;
    const { tracker } = this;
    this.lastClose = close;
    if (this.lots !== 0) this.barsInPosition++;
    tracker.onBar(bar);
    if (tracker.fraction === tracker.saidFraction || !tracker.isDue) return;

    tracker.markSaid();
    this.orders.cancel(isEntry);
    const targetLots = this.sizeLots(tracker.fraction, close);
    const delta = targetLots - this.lots;
    if (delta === 0) return;
    const size = Math.min(Math.abs(delta), this.maxLots);
    if (!(size >= this.minLots && size * this.lotSize * close >= this.minNotional)) {
      this.deny('BELOW_MINIMUM');
      return;
    }
    const signedLots = delta > 0 ? size : -size;
    const isLimit = this.execution.orderType === 'limit';
    const price = isLimit ? toTick(close, this.tickSize, Math.round, 0) : Number.NaN;
    const timeMs = bar.openTimeMs + this.intervalMs;
    const denied = this.deniedBy(signedLots, isLimit ? price : undefined, close, timeMs);
    if (denied !== undefined) {
      this.deny(denied);
      return;
    }
    this.submit({ type: this.execution.orderType, signedLots, price, createdTimeMs: timeMs, status: 'OPEN' });
    this.lastOrderTimeMs = timeMs;
  }

  private lotSizer({ strategy, sizeFactor = '1', equityShare }: BarEngineConfig, stepSize: Decimal): (fraction: number, price: number) => number {
    const lotSize = decimalToNumber(stepSize);
    const sizer =
      equityShare === undefined
        ? createLotSizer({ sizeQuote: strategy.sizeQuote, sizeFactor, stepSize })
        : (fraction: number, price: number) => Math.max(0, Math.floor((equityShare * Math.min(fraction, 1) * this.equityQuote) / price / lotSize));
    return this.isSpot ? sizer : (fraction, price) => (fraction < 0 ? -sizer(-fraction, price) : sizer(fraction, price));
  }

  private wake(timeMs: number): void {
    if (timeMs >= this.dayEndMs) {
      this.dayEndMs = timeMs - (timeMs % DAY_MS) + DAY_MS;
      this.dayStartEquity = this.equityQuote;
    }
    this.wakeMs = this.dayEndMs;
    if (this.funding !== undefined) this.settleDue(this.funding, timeMs);
  }

  private settleDue({ timeMs, rate, markPrice }: FundingRates, nowMs: number): void {
    while (this.nextFunding < timeMs.length && timeMs[this.nextFunding]! <= nowMs) {
      const i = this.nextFunding++;
      this.settle(timeMs[i]!, rate[i]!, markPrice?.[i] ?? this.lastClose);
    }
    this.wakeMs = Math.min(this.wakeMs, timeMs[this.nextFunding] ?? Number.POSITIVE_INFINITY);
  }

  private settle(timeMs: number, rate: number, markPrice: number): void {
    const { instrument, lots } = this;
    if (lots !== 0) {
      const receivedQuote = -lots * this.lotSize * markPrice * rate;
      this.cashQuote += receivedQuote;
      this.fundingPayments.push({ timeMs, signedLots: lots, markPrice, rate, receivedQuote, fillsBefore: this.fills.length });
    }
    this.tracker.onFunding({
      type: 'funding',
      id: eventId.other('funding', instrument, timeMs),
      instrument,
      eventTimeMs: timeMs,
      receivedTimeMs: timeMs,
      rate,
    });
  }

  private deniedBy(signedLots: number, limitPrice: number | undefined, price: number, timeMs: number): DenialCode | undefined {
    const { riskState, riskOrder } = this;
    riskOrder.signedQty = signedLots * this.lotSize;
    riskOrder.limitPrice = limitPrice;
    riskState.positionQty = this.positionQty;
    riskState.openBuyQty = this.orders.openLots('buy') * this.lotSize;
    riskState.openSellQty = this.orders.openLots('sell') * this.lotSize;
    riskState.guardedPrice = price;
    riskState.dailyPnlQuote = this.equityQuote - this.dayStartEquity;
    riskState.ordersLastSecond = timeMs - this.lastOrderTimeMs < SECOND_MS ? 1 : 0;
    const costs = (this.execution.takerFeeBps + this.execution.slippageBps) / 10_000;
    riskState.availableQuote = this.isSpot ? this.cashQuote / (1 + costs) : Number.POSITIVE_INFINITY;
    return violatedLimit(riskOrder, riskState, this.limits) ?? (this.isBeyondMargin(signedLots, price) ? 'INSUFFICIENT_FUNDS' : undefined);
  }

  private isBeyondMargin(signedLots: number, price: number): boolean {
    const after = Math.abs(this.lots + signedLots);
    return this.margin !== undefined && after > Math.abs(this.lots) && !(after * this.lotSize * price <= this.margin.leverage * this.equityQuote);
  }

  private liquidateWhenDue(bar: Ohlcv, worst: number, { maintenanceRate }: BarMargin): void {
    const { lots } = this;
    const price = lots === 0 ? undefined : forcedClosePrice(this.cashQuote, this.positionQty, bar.open, worst, maintenanceRate);
    if (price === undefined) return;
    this.orders.cancel(() => true);
    this.lots = 0;
    this.fills.push(bar.openTimeMs, -lots, price, Math.max(0, this.cashQuote + lots * this.lotSize * price));
    this.cashQuote = 0;
    this.liquidatedTimeMs ??= bar.openTimeMs;
    this.tellFill(-lots, price, bar.openTimeMs);
  }

  private deny(code: DenialCode): void {
    this.denials.set(code, (this.denials.get(code) ?? 0) + 1);
  }

  private submit(order: BarOrder): void {
    this.orderCount++;
    this.orders.submit(order);
  }

  private onFill(order: BarOrder, price: number, isMaker: boolean, timeMs: number): void {
    const notional = order.signedLots * this.lotSize * price;
    const feeQuote = (Math.abs(notional) * (isMaker ? this.execution.makerFeeBps : this.execution.takerFeeBps)) / 10_000;
    this.lots += order.signedLots;
    this.cashQuote -= notional + feeQuote;
    this.fills.push(timeMs, order.signedLots, price, feeQuote);
    this.tellFill(order.signedLots, price, timeMs);
    if (this.execution.stopLossBps !== undefined) this.protect(order, price, timeMs, this.execution.stopLossBps);
  }

  private tellFill(signedLots: number, price: number, eventTimeMs: number): void {
    if (!this.tracker.readsFills) return;
    const side = signedLots > 0 ? 'buy' : 'sell';
    this.tracker.onFill({ instrument: this.instrument, side, price, qty: Math.abs(signedLots) * this.lotSize, eventTimeMs });
  }

  /** One resting stop order for the whole position, at a distance from the latest fill; none, and no other order that would close, once it is closed. */
  private protect(filled: BarOrder, price: number, timeMs: number, stopLossBps: number): void {
    const closes = this.lots === 0;
    this.orders.cancel((order) => order.type === 'stop' || (closes && order.signedLots > 0 === filled.signedLots > 0));
    if (closes) return;
    const distance = stopLossBps / 10_000;
    const stopPrice =
      this.lots > 0 ? toTick(price * (1 - distance), this.tickSize, Math.floor, 1e-9) : toTick(price * (1 + distance), this.tickSize, Math.ceil, -1e-9);
    this.submit({ type: 'stop', signedLots: -this.lots, price: stopPrice, createdTimeMs: timeMs, status: 'OPEN' });
  }
}

function fundingOf({ market, funding, strategy }: BarEngineConfig): FundingRates | undefined {
  if (funding === undefined) return undefined;
  if (market !== 'perpetual') throw new TouchstoneError('BAD_FUNDING', `${strategy.name}: funding is paid on perpetuals, not on spot`);
  checkFunding(funding);
  return funding;
}

function marginOf({ market, margin, strategy }: BarEngineConfig): BarMargin | undefined {
  if (margin === undefined) return undefined;
  if (market !== 'perpetual') throw new TouchstoneError('BAD_MARGIN', `${strategy.name}: margin is of perpetuals, not of spot`);
  const { leverage, maintenanceRate } = margin;
  if (!(leverage >= 1 && maintenanceRate >= 0 && maintenanceRate < 1))
    throw new TouchstoneError(
      'BAD_MARGIN',
      `${strategy.name}: leverage ${leverage} and maintenance rate ${maintenanceRate}; want at least 1, and within [0, 1)`,
    );
  return margin;
}
