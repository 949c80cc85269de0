import { bookFill, equityOf, FLAT, type PositionBook } from '../execution/booking.ts';
import { intentForTarget } from '../execution/decide.ts';
import { applyOrderUpdate, exposedQty, isSettled, type OrderUpdate, type TrackedOrder, trackOrder, type VenueOrderStatus } from '../execution/lifecycle.ts';
import type { Fill, OrderIntent, OrderState } from '../execution/order.ts';
import { PriceBoard } from '../execution/price-board.ts';
import { isQuoteOrder, planQuotes, type QuotePlan } from '../execution/quotes.ts';
import { type InstrumentRules, parseRules } from '../execution/round.ts';
import type { Signal } from '../execution/signal.ts';
import { type Decimal, decimalFromNumber, decimalToNumber, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { MarketEvent, Side } from '../market/events.ts';
import { type Instrument, type InstrumentName, parseInstrument } from '../market/instrument.ts';
import { checkRisk, type RiskState } from '../risk/check.ts';
import type { RiskLimits } from '../risk/decision.ts';
import type { StrategyRunner } from '../strategies/runner.ts';
import type { SimulatedVenue } from '../venue/matching.ts';
import type { ExchangeOrder, VenueOutput } from '../venue/orders.ts';

export interface ReplayConfig {
  readonly account: string;
  readonly quoteCurrency: string;
  readonly instruments: readonly Instrument[];
  readonly limits: RiskLimits;
  readonly timeInForce: 'IOC' | 'GTC';
  /** A price older than this is none. */
  readonly maxPriceAgeMs: number;
  readonly initialCashQuote: string;
}

/** What became of a signal. */
export interface ReplayDecision {
  readonly signal: Signal;
  /** The approved order, or undefined when the signal was refused. */
  readonly intent: OrderIntent | undefined;
  /** Why it was refused; `SUPERSEDED` when a later target of the strategy came before its turn. */
  readonly code: string | undefined;
}

export interface ReplayResult {
  readonly decisions: readonly ReplayDecision[];
  /** Final states, in the order in which the orders were made. */
  readonly orders: readonly OrderState[];
  readonly fills: readonly Fill[];
  readonly equityQuote: string;
}

/** A strategy of a replay: events in, signals out. One that keeps an inventory is told what its own orders made it hold. */
export type ReplayRunner = Pick<StrategyRunner, 'process'> & Partial<Pick<StrategyRunner, 'config' | 'hold'>>;

interface OpenOrder {
  readonly clientOrderId: string;
  readonly intent: OrderIntent;
  /** What the order's age counts from: its own signal, or a later quote set that wanted it as it is. */
  fresh: Pick<Signal, 'eventTimeMs' | 'maxAgeMs'>;
}

interface Target {
  readonly qty: Decimal;
  readonly eventTimeMs: number;
}

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;
const STATUS: Readonly<Record<ExchangeOrder['status'], VenueOrderStatus>> = {
  NEW: 'OPEN',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELED: 'CANCELED',
  EXPIRED: 'EXPIRED',
  EXPIRED_IN_MATCH: 'EXPIRED',
};

/** The whole loop over recorded events: strategies, decision, risk, order state machine and simulated venue, in event time alone. */
export function replayDecisions(events: Iterable<MarketEvent>, runners: readonly ReplayRunner[], venue: SimulatedVenue, config: ReplayConfig): ReplayResult {
  const replay = new Replay(runners, venue, config);
  for (const event of events) replay.process(event);
  return replay.result();
}

/**
 * One account's trading as a fold over market events: the tick-true counterpart of `BarEngine`. Everything that decides is the code that
 * trades live (`StrategyRunner`, `intentForTarget`, `checkRisk`, `applyOrderUpdate`, `bookFill`); only the journey between them is
 * missing. At most one target's order, or one strategy's quotes, work per instrument, and what is newer waits its turn, as in `streams/execute`.
 */
export class Replay {
  private readonly runners: readonly ReplayRunner[];
  private readonly venue: SimulatedVenue;
  private readonly config: ReplayConfig;
  private readonly rules: ReadonlyMap<InstrumentName, InstrumentRules>;
  private readonly prices: PriceBoard;
  private readonly targets = new Map<InstrumentName, Map<string, Target>>();
  private readonly positions = new Map<InstrumentName, PositionBook>();
  private readonly tracked = new Map<string, TrackedOrder>();
  /** Orders that may still trade, by instrument, oldest first: one of a target, or the quotes of one strategy. */
  private readonly open = new Map<InstrumentName, readonly OpenOrder[]>();
  private readonly waiting = new Map<InstrumentName, Signal[]>();
  /** Orders whose cancel the venue has not answered. */
  private readonly canceling = new Set<string>();
  private readonly decisions: ReplayDecision[] = [];
  private readonly fills: Fill[] = [];
  private sendTimesMs: number[] = [];
  private cash: Decimal;
  private dayEndMs = 0;
  private dayStartEquity = 0;

  constructor(runners: readonly ReplayRunner[], venue: SimulatedVenue, config: ReplayConfig) {
    this.runners = runners;
    this.venue = venue;
    this.config = config;
    this.rules = new Map(config.instruments.map((instrument) => [instrument.name, parseRules(instrument)]));
    this.prices = new PriceBoard(config.maxPriceAgeMs);
    this.cash = parseDecimal(config.initialCashQuote);
  }

  process(event: MarketEvent): void {
    const nowMs = event.eventTimeMs;
    this.prices.take(event);
    const told = this.venue.onMarketEvent(event);
    this.learn(told);
    if (nowMs >= this.dayEndMs) {
      this.dayEndMs = nowMs - (nowMs % DAY_MS) + DAY_MS;
      this.dayStartEquity = decimalToNumber(this.equity());
    }
    // What the venue has answered lets what waited for it go on, before anything new is said.
    if (told.length > 0 && this.waiting.size > 0) this.decideAll(nowMs);
    for (const runner of this.runners) {
      for (const signal of runner.process(event)) this.accept(signal);
    }
    this.decideAll(nowMs);
  }

  result(): ReplayResult {
    const orders = [...this.tracked.values()].map(({ order }) => order);
    return { decisions: this.decisions, orders, fills: this.fills, equityQuote: formatDecimal(this.equity()) };
  }

  /** Cash and positions at their marks, quote currency. */
  equity(): Decimal {
    const marked = [...this.positions].map(([instrument, position]) => [position, this.mark(instrument)] as const);
    return equityOf(this.cash, marked).equityQuote;
  }

  /** What is held of an instrument now. */
  position(instrument: InstrumentName): PositionBook {
    return this.positions.get(instrument) ?? FLAT;
  }

  /** The newest signal of each strategy waits for its instrument's turn. */
  private accept(signal: Signal): void {
    const queue = this.waiting.get(signal.instrument) ?? [];
    const older = queue.find(({ strategy }) => strategy === signal.strategy);
    if (older) this.decisions.push({ signal: older, intent: undefined, code: 'SUPERSEDED' });
    this.waiting.set(signal.instrument, [...queue.filter((one) => one !== older), signal]);
  }

  /** What waited for an order that could be canceled at once has its turn at once. */
  private decideAll(nowMs: number): void {
    for (;;) {
      for (const instrument of [...this.waiting.keys()]) this.decideWaiting(instrument, nowMs);
      if (!this.cancelUnwanted(nowMs) || this.waiting.size === 0) return;
    }
  }

  private decideWaiting(instrument: InstrumentName, nowMs: number): void {
    // What grew too old while it waited is refused at once, whatever blocks the instrument.
    const [queue, tooOld]: [Signal[], Signal[]] = [[], []];
    for (const signal of this.waiting.get(instrument)!) (isTooOld(signal, nowMs) ? tooOld : queue).push(signal);
    for (const signal of tooOld) this.decide(signal, nowMs);
    while (queue.length > 0 && this.hasItsTurn(queue[0]!)) this.decide(queue.shift()!, nowMs);
    if (queue.length === 0) this.waiting.delete(instrument);
    else this.waiting.set(instrument, queue);
  }

  private hasItsTurn(signal: Signal): boolean {
    const working = this.workingOn(signal.instrument);
    if (working.length === 0 || signal.quotes === undefined) return working.length === 0;
    const keep = this.quotePlan(signal)?.keep;
    return working.every(({ clientOrderId }) => keep?.has(clientOrderId));
  }

  private quotePlan(signal: Signal): QuotePlan | undefined {
    const { instrument, strategy } = signal;
    const rules = this.rules.get(instrument);
    const openOrders = this.workingOn(instrument).map(({ clientOrderId }) => this.tracked.get(clientOrderId)!);
    const ownQty = this.targets.get(instrument)?.get(strategy)?.qty ?? 0n;
    return rules && planQuotes(signal, { openOrders, ownQty, rules });
  }

  private workingOn(instrument: InstrumentName): readonly OpenOrder[] {
    return this.open.get(instrument) ?? [];
  }

  /** Each quote that does not rest already is an order of its own, with a risk decision of its own. */
  private decideQuotes(signal: Signal, nowMs: number): void {
    const { instrument, strategy, eventTimeMs } = signal;
    const plan = this.quotePlan(signal);
    const refusal = isTooOld(signal, nowMs) ? 'STALE' : plan ? undefined : 'UNKNOWN_INSTRUMENT';
    if (refusal !== undefined || !plan) {
      this.decisions.push({ signal, intent: undefined, code: refusal });
      return;
    }
    this.setTarget(instrument, strategy, this.targets.get(instrument)?.get(strategy)?.qty ?? 0n, eventTimeMs);
    for (const order of this.workingOn(instrument)) order.fresh = signal;
    for (const { code } of plan.refused) this.decisions.push({ signal, intent: undefined, code });
    for (const intent of plan.place) {
      const decision = checkRisk(intent, this.riskState(instrument, nowMs), this.config.limits);
      this.decisions.push({ signal, intent: decision.approved ? intent : undefined, code: decision.approved ? undefined : decision.code });
      if (decision.approved) this.enter(intent, nowMs);
    }
    if (plan.place.length === 0 && plan.refused.length === 0) this.decisions.push({ signal, intent: undefined, code: 'NOTHING_TO_DO' });
    // Every quote is decided before the first of them can trade, as when they leave after one durable step.
    for (const { clientOrderId, intent } of [...this.workingOn(instrument)]) if (intent.signalId === signal.signalId) this.submit(clientOrderId, intent, nowMs);
  }

  private decide(signal: Signal, nowMs: number): void {
    if (signal.quotes !== undefined) {
      this.decideQuotes(signal, nowMs);
      return;
    }
    const outcome = this.evaluate(signal, nowMs);
    const { instrument, strategy, eventTimeMs } = signal;
    const isActedOn = 'intent' in outcome || outcome.code === 'NOTHING_TO_DO' || outcome.code === 'BELOW_MINIMUM';
    if (isActedOn && signal.targetQty !== undefined) this.setTarget(instrument, strategy, parseDecimal(signal.targetQty), eventTimeMs);
    this.decisions.push({ signal, intent: undefined, code: undefined, ...outcome });
    if ('intent' in outcome) this.submit(this.enter(outcome.intent, nowMs), outcome.intent, nowMs);
  }

  private evaluate(signal: Signal, nowMs: number): { readonly intent: OrderIntent } | { readonly code: string } {
    const { instrument } = signal;
    const rules = this.rules.get(instrument);
    if (isTooOld(signal, nowMs)) return { code: 'STALE' };
    if (!rules || signal.targetQty === undefined) return { code: 'UNKNOWN_INSTRUMENT' };
    const outcome = intentForTarget(signal, {
      wantedQty: parseDecimal(signal.targetQty) + this.wanted(instrument, signal.strategy),
      positionQty: this.position(instrument).qty,
      price: this.prices.guarded(instrument, nowMs) ?? Number(signal.referencePrice),
      rules,
      priceBandBps: this.config.limits.priceBandBps,
      timeInForce: this.config.timeInForce,
    });
    if (!('intent' in outcome)) return { code: outcome.code };
    const decision = checkRisk(outcome.intent, this.riskState(instrument, nowMs), this.config.limits);
    return decision.approved ? { intent: decision.intent } : { code: decision.code };
  }

  /** From here on the order counts as open. */
  private enter(intent: OrderIntent, nowMs: number): string {
    const clientOrderId = `ts${intent.intentId}`;
    const { intentId, signalId, strategy, account, instrument, side, type, timeInForce, qty, price, reduceOnly } = intent;
    const times = { createdTimeMs: nowMs, updatedTimeMs: nowMs };
    this.tracked.set(
      clientOrderId,
      trackOrder({
        intentId,
        signalId,
        strategy,
        account,
        clientOrderId,
        instrument,
        side,
        type,
        timeInForce,
        qty,
        price,
        reduceOnly,
        status: 'PLANNED',
        filledQty: '0',
        ...times,
      }),
    );
    this.open.set(instrument, [...this.workingOn(instrument), { clientOrderId, intent, fresh: intent }]);
    this.sendTimesMs.push(nowMs);
    return clientOrderId;
  }

  private submit(clientOrderId: string, intent: OrderIntent, nowMs: number): void {
    const { instrument, side, type, timeInForce, qty, price } = intent;
    this.update(clientOrderId, { type: 'sending', timeMs: nowMs });
    const order = { clientOrderId, instrument, side, type, timeInForce, qty: parseDecimal(qty), ...(price !== undefined && { price: parseDecimal(price) }) };
    this.learn(this.venue.submit(order, nowMs));
  }

  private learn(outputs: readonly VenueOutput[]): void {
    for (const output of outputs) {
      const clientOrderId = output.type === 'order' ? output.order.clientOrderId : output.clientOrderId;
      if (output.type !== 'order' || output.cause === 'canceled') this.canceling.delete(clientOrderId);
      const tracked = this.tracked.get(clientOrderId);
      if (!tracked) continue;
      if (output.type === 'order') this.learnOrder(tracked, output);
      else if (output.type === 'rejected') this.update(clientOrderId, { type: 'refused', reason: output.code, timeMs: output.timeMs });
      this.settle(clientOrderId);
    }
  }

  private learnOrder(tracked: TrackedOrder, { order, fill, timeMs }: Extract<VenueOutput, { readonly type: 'order' }>): void {
    const { clientOrderId } = order;
    const status = STATUS[order.status];
    this.update(clientOrderId, { type: 'venue', status, venueOrderId: String(order.orderId), filledQty: formatDecimal(order.filledQty), timeMs });
    if (!fill) return;
    const { intentId, signalId, strategy, account } = tracked.order;
    const booked: Fill = {
      account,
      instrument: order.instrument,
      tradeId: String(fill.tradeId),
      clientOrderId,
      venueOrderId: String(order.orderId),
      intentId,
      signalId,
      strategy,
      side: order.side,
      price: formatDecimal(fill.price),
      qty: formatDecimal(fill.qty),
      commission: formatDecimal(fill.commission),
      commissionAsset: fill.commissionAsset,
      liquidity: fill.liquidity,
      eventTimeMs: fill.timeMs,
    };
    this.update(clientOrderId, { type: 'fill', tradeId: booked.tradeId, qty: booked.qty, price: booked.price, timeMs: fill.timeMs });
    const before = this.position(order.instrument);
    const { position, entries } = bookFill(before, booked, parseInstrument(order.instrument));
    this.positions.set(order.instrument, position);
    for (const { book, asset, amount } of entries) if (book === 'cash' && asset === this.config.quoteCurrency) this.cash += amount;
    this.fills.push(booked);
    if (isQuoteOrder(order)) this.addHeld(tracked.order, position.qty - before.qty, Number(booked.price), fill.timeMs);
  }

  private addHeld({ instrument, strategy }: OrderState, change: Decimal, price: number, eventTimeMs: number): void {
    const target = this.targets.get(instrument)?.get(strategy);
    this.setTarget(instrument, strategy, (target?.qty ?? 0n) + change, target?.eventTimeMs ?? eventTimeMs);
    this.tellHolding(instrument, strategy, price, eventTimeMs);
  }

  private tellHolding(instrument: InstrumentName, strategy: string, price: number, eventTimeMs: number): void {
    const { qty } = this.targets.get(instrument)!.get(strategy)!;
    for (const runner of this.runners) if (runner.config?.name === strategy) runner.hold?.({ instrument, qty, price, eventTimeMs });
  }

  private update(clientOrderId: string, update: OrderUpdate): void {
    this.tracked.set(clientOrderId, applyOrderUpdate(this.tracked.get(clientOrderId)!, update).state);
  }

  /** What a settled order did not get is given up with it: its strategy wants what it has, until it says otherwise. */
  private settle(clientOrderId: string): void {
    const tracked = this.tracked.get(clientOrderId)!;
    const { instrument, strategy, averagePrice, price, updatedTimeMs } = tracked.order;
    const working = this.workingOn(instrument);
    const left = working.filter((order) => order.clientOrderId !== clientOrderId);
    if (!isSettled(tracked) || left.length === working.length) return;
    if (left.length === 0) this.open.delete(instrument);
    else this.open.set(instrument, left);
    const target = this.targets.get(instrument)?.get(strategy);
    if (!target) return;
    this.setTarget(instrument, strategy, this.position(instrument).qty - this.wanted(instrument, strategy), target.eventTimeMs);
    this.tellHolding(instrument, strategy, Number(averagePrice ?? price), updatedTimeMs);
  }

  /** A resting order goes when its signal is too old, or when something newer waits behind it that does not want it. @returns whether any went at once */
  private cancelUnwanted(nowMs: number): boolean {
    let hasGone = false;
    for (const [instrument, working] of [...this.open]) {
      const signals = this.waiting.get(instrument) ?? [];
      for (const { clientOrderId, fresh } of working) {
        const isWanted = signals.every((signal) => this.quotePlan(signal)?.keep.has(clientOrderId));
        if (isWanted && !isTooOld(fresh, nowMs)) continue;
        const { status } = this.tracked.get(clientOrderId)!.order;
        if ((status !== 'OPEN' && status !== 'PARTIALLY_FILLED') || this.canceling.has(clientOrderId)) continue;
        this.canceling.add(clientOrderId);
        this.learn(this.venue.cancel({ instrument, clientOrderId }, nowMs));
        hasGone ||= isSettled(this.tracked.get(clientOrderId)!);
      }
    }
    return hasGone;
  }

  /** Sum of the targets of the other strategies. */
  private wanted(instrument: InstrumentName, except: string): Decimal {
    let total = 0n;
    for (const [strategy, { qty }] of this.targets.get(instrument) ?? []) if (strategy !== except) total += qty;
    return total;
  }

  private setTarget(instrument: InstrumentName, strategy: string, qty: Decimal, eventTimeMs: number): void {
    const targets = this.targets.get(instrument) ?? new Map<string, Target>();
    this.targets.set(instrument, targets.set(strategy, { qty, eventTimeMs }));
  }

  private mark(instrument: InstrumentName): Decimal | undefined {
    const price = this.prices.mark(instrument);
    return price === undefined ? undefined : decimalFromNumber(price);
  }

  private riskState(instrument: InstrumentName, nowMs: number): RiskState {
    this.sendTimesMs = this.sendTimesMs.filter((timeMs) => timeMs > nowMs - SECOND_MS);
    let otherGross = 0;
    let reserved = 0n;
    for (const name of this.rules.keys()) if (name !== instrument) otherGross += this.worstNotional(name);
    for (const { clientOrderId, intent } of [...this.open.values()].flat()) {
      if (intent.side === 'buy') reserved += multiply(exposedQty(this.tracked.get(clientOrderId)!), parseDecimal(intent.price!));
    }
    return {
      tradingState: 'ACTIVE',
      entryBlock: undefined,
      positionQty: decimalToNumber(this.position(instrument).qty),
      openBuyQty: this.exposed(instrument, 'buy'),
      openSellQty: this.exposed(instrument, 'sell'),
      guardedPrice: this.prices.guarded(instrument, nowMs),
      dailyPnlQuote: decimalToNumber(this.equity()) - this.dayStartEquity,
      ordersLastSecond: this.sendTimesMs.length,
      otherGrossNotionalQuote: otherGross,
      availableQuote: decimalToNumber(this.cash - reserved),
    };
  }

  /** As if everything open filled at once, on the worse side (I8). */
  private worstNotional(instrument: InstrumentName): number {
    const qty = decimalToNumber(this.position(instrument).qty);
    const worst = Math.max(Math.abs(qty), Math.abs(qty + this.exposed(instrument, 'buy')), Math.abs(qty - this.exposed(instrument, 'sell')));
    return worst * (this.prices.mark(instrument) ?? 0);
  }

  private exposed(instrument: InstrumentName, side: Side): number {
    let total = 0n;
    for (const { clientOrderId, intent } of this.workingOn(instrument)) if (intent.side === side) total += exposedQty(this.tracked.get(clientOrderId)!);
    return decimalToNumber(total);
  }
}

function isTooOld({ eventTimeMs, maxAgeMs }: Pick<Signal, 'eventTimeMs' | 'maxAgeMs'>, nowMs: number): boolean {
  return nowMs - eventTimeMs > maxAgeMs;
}
