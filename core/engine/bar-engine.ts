import { parseRules } from '../execution/round.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { type Decimal, decimalToNumber } from '../market/decimal.ts';
import { INTERVAL_MS, type Ohlcv } from '../market/events.ts';
import type { Instrument } from '../market/instrument.ts';
import { type RiskOrder, type RiskState, violatedLimit } from '../risk/check.ts';
import type { DenialCode, RiskLimits } from '../risk/decision.ts';
import { findStrategy } from '../strategies/registry.ts';
import { createLotSizer } from '../strategies/size.ts';
import type { StrategyConfig, StrategyDefinition } from '../strategies/strategy.ts';
import { TargetTracker } from '../strategies/target-tracker.ts';
import { type BarOrder, BarOrders, toTick } from './bar-orders.ts';
import { FillLog } from './fill-log.ts';

/** How orders trade in a bar backtest. */
export interface BarExecution {
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Added to the price of market and stop orders, against us. */
  readonly slippageBps: number;
  /** How targets are traded: at the next open, or by a limit order at the deciding bar's close that works until the target changes. */
  readonly orderType: 'market' | 'limit';
  /** Distance below the entry price of a resting stop order that closes the position; none when absent. */
  readonly stopLossBps?: number;
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
}

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
  readonly denials = new Map<DenialCode, number>();
  readonly lotSize: number;
  orderCount = 0;
  cashQuote: number;
  equityQuote: number;
  barsInPosition = 0;
  private lots = 0;
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
  private dayEndMs = 0;
  private dayStartEquity: number;
  private lastOrderTimeMs = Number.NEGATIVE_INFINITY;

  constructor(config: BarEngineConfig) {
    const { strategy, instrument, execution } = config;
    const definition = config.definition ?? findStrategy(strategy.type);
    const parameters = resolveParameters(strategy.name, definition.parameters, strategy.parameters);
    const rules = parseRules(instrument);
    const step = rules.stepSize > 0n ? rules.stepSize : 1n;
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
    this.orders = new BarOrders(execution.slippageBps, this.tickSize, (order, price, isMaker, timeMs) => this.onFill(order, price, isMaker, timeMs));
    this.cashQuote = config.initialCashQuote;
    this.equityQuote = config.initialCashQuote;
    this.dayStartEquity = config.initialCashQuote;
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

  /** Position in base currency. */
  get positionQty(): number {
    return this.lots * this.lotSize;
  }

  process(bar: Ohlcv): void {
    if (!this.orders.isIdle) this.orders.onBar(bar);
    if (bar.openTimeMs >= this.dayEndMs) this.startDay(bar.openTimeMs);
    this.equityQuote = this.cashQuote + this.lots * this.lotSize * bar.close;
    if (this.lots !== 0) this.barsInPosition++;
    this.tracker.onBar(bar);
    if (this.tracker.isDue) this.actOnTarget(bar);
  }

  private lotSizer({ strategy, sizeFactor = '1', equityShare }: BarEngineConfig, stepSize: Decimal): (fraction: number, price: number) => number {
    if (equityShare === undefined) return createLotSizer({ sizeQuote: strategy.sizeQuote, sizeFactor, stepSize });
    const lotSize = decimalToNumber(stepSize);
    return (fraction, price) => Math.max(0, Math.floor((equityShare * Math.min(fraction, 1) * this.equityQuote) / price / lotSize));
  }

  private startDay(timeMs: number): void {
    this.dayEndMs = timeMs - (timeMs % DAY_MS) + DAY_MS;
    this.dayStartEquity = this.equityQuote;
  }

  /** Target → plan → risk → order, as in `streams/execute`, with quantities in lots. */
  private actOnTarget(bar: Ohlcv): void {
    this.tracker.markSaid();
    this.orders.cancel((order) => order.type !== 'stop');
    const timeMs = bar.openTimeMs + this.intervalMs;
    const signedLots = this.planLots(this.sizeLots(this.tracker.fraction, bar.close), bar.close);
    if (signedLots === 0) return;
    const isLimit = this.execution.orderType === 'limit';
    const price = isLimit ? toTick(bar.close, this.tickSize, Math.round, 0) : Number.NaN;
    const denied = this.deniedBy(signedLots, isLimit ? price : undefined, bar.close, timeMs);
    if (denied !== undefined) {
      this.deny(denied);
      return;
    }
    this.submit({ type: this.execution.orderType, signedLots, price, createdTimeMs: timeMs, status: 'OPEN' });
    this.lastOrderTimeMs = timeMs;
  }

  /** `planOrder` in lots: towards the target, within the venue's sizes. 0 when there is nothing to send. */
  private planLots(targetLots: number, price: number): number {
    const delta = targetLots - this.lots;
    if (delta === 0) return 0;
    const size = Math.min(Math.abs(delta), this.maxLots);
    if (size >= this.minLots && size * this.lotSize * price >= this.minNotional) return delta > 0 ? size : -size;
    this.deny('BELOW_MINIMUM');
    return 0;
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
    riskState.availableQuote = this.cashQuote / (1 + (this.execution.takerFeeBps + this.execution.slippageBps) / 10_000);
    return violatedLimit(riskOrder, riskState, this.limits);
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
    if (this.execution.stopLossBps !== undefined) this.protect(price, timeMs, this.execution.stopLossBps);
  }

  /** One resting stop order for the whole position, at a distance below the latest fill; none, and no other sale either, once it is closed. */
  private protect(price: number, timeMs: number, stopLossBps: number): void {
    this.orders.cancel((order) => order.type === 'stop' || (this.lots <= 0 && order.signedLots < 0));
    if (this.lots <= 0) return;
    const stopPrice = toTick(price * (1 - stopLossBps / 10_000), this.tickSize, Math.floor, 1e-9);
    this.submit({ type: 'stop', signedLots: -this.lots, price: stopPrice, createdTimeMs: timeMs, status: 'OPEN' });
  }
}
