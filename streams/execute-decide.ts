import type { OrderIntent } from '../core/execution/order.ts';
import { intentForTarget } from '../core/execution/decide.ts';
import { planOrder } from '../core/execution/plan.ts';
import { planQuotes, type QuotePlan } from '../core/execution/quotes.ts';
import type { InstrumentRules } from '../core/execution/round.ts';
import type { Signal } from '../core/execution/signal.ts';
import { stableId } from '../core/hash.ts';
import { type Decimal, decimalFromNumber, decimalToNumber, formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import { checkRisk, type RiskState } from '../core/risk/check.ts';
import { type DenialCode, deny, type RiskApproved, type RiskDecision, type RiskLimits, type TradingState } from '../core/risk/decision.ts';
import type { BookStage } from './execute-book.ts';
import type { ExecutionHealth } from './execute-health.ts';
import type { PriceBoard } from '../core/execution/price-board.ts';

/** Everything a decision reads besides the book. */
export interface DecisionContext {
  readonly account: string;
  readonly rules: ReadonlyMap<InstrumentName, InstrumentRules>;
  readonly limits: RiskLimits;
  readonly limitsHash: string;
  readonly timeInForce: 'IOC' | 'GTC';
  readonly prices: PriceBoard;
  readonly health: ExecutionHealth;
  readonly tradingState: () => TradingState;
  readonly ordersLastSecond: () => number;
  readonly dailyPnlQuote: () => number;
  /** The one age check, by the venue's clock: on arrival, at the decision, and right before the send. */
  isTooOld(signal: Pick<Signal, 'eventTimeMs' | 'maxAgeMs'>): boolean;
}

interface Refusal {
  readonly code: DenialCode;
  readonly detail: string;
}

interface Evaluation {
  readonly decision: RiskDecision<OrderIntent>;
  readonly intent?: OrderIntent;
}

/**
 * What to do about a signal now: nothing, or one marketable limit order inside the price band that brings the account's
 * position to the sum of all strategies' targets. Recorded with what it saw, whatever the answer.
 */
export function decideSignal(context: DecisionContext, stage: BookStage, signal: Signal): RiskApproved<OrderIntent> | undefined {
  const { decision, intent } = evaluateSignal(context, stage, signal);
  const acted = decision.approved || decision.code === 'NOTHING_TO_DO' || decision.code === 'BELOW_MINIMUM';
  if (acted && signal.targetQty !== undefined) {
    stage.setTarget(signal.instrument, signal.strategy, parseDecimal(signal.targetQty), signal.signalId, signal.eventTimeMs);
  }
  recordDecision(context, stage, signal, decision.approved ? undefined : decision, intent);
  stage.tx.closeSignal(signal.signalId, decision.approved ? 'INTENT' : decision.code);
  return decision.approved ? decision.intent : undefined;
}

function evaluateSignal(context: DecisionContext, stage: BookStage, signal: Signal): Evaluation {
  const { instrument, strategy } = signal;
  const rules = context.rules.get(instrument);
  const refusal = rules ? untimely(context, stage, signal) : unknownInstrument(instrument);
  if (!rules || refusal) return { decision: deny(refusal!.code, refusal!.detail) };

  const positionQty = stage.position(instrument).qty;
  const price = context.prices.guarded(instrument, context.health.venueNowMs()) ?? Number(signal.referencePrice);
  const wantedQty = parseDecimal(signal.targetQty!) + sumOfOthers(stage, instrument, strategy);
  const { timeInForce, limits } = context;
  const outcome = intentForTarget(signal, { wantedQty, positionQty, price, rules, priceBandBps: limits.priceBandBps, timeInForce });
  if (!('intent' in outcome)) return { decision: deny(outcome.code, outcome.detail) };
  return { intent: outcome.intent, decision: checkRisk(outcome.intent, riskState(context, stage, instrument), limits) };
}

export interface QuotesDecision {
  /** Resting orders that the set wants as they are. */
  readonly kept: ReadonlySet<string>;
}

/** The plan of a quote set as things stand now. */
export function quotePlan(context: DecisionContext, book: Pick<BookStage, 'openOrders' | 'targets'>, signal: Signal): QuotePlan | undefined {
  const { instrument, strategy } = signal;
  const rules = context.rules.get(instrument);
  const ownQty = book.targets(instrument).get(strategy)?.qty ?? 0n;
  return rules && planQuotes(signal, { openOrders: book.openOrders(instrument), ownQty, rules });
}

/**
 * What to do about a quote set when nothing else of the instrument works: each quote that does not rest already is an order of its own, with a
 * risk decision of its own. What the strategy comes to hold by it is its target from then on.
 * @param open makes an approved intent durable; the next quote's check must see it
 */
export function decideQuotes(context: DecisionContext, stage: BookStage, signal: Signal, open: (intent: RiskApproved<OrderIntent>) => void): QuotesDecision {
  const refusal = untimely(context, stage, signal);
  const plan = refusal ? undefined : quotePlan(context, stage, signal);
  if (refusal || !plan) {
    const denied = refusal ?? unknownInstrument(signal.instrument);
    recordDecision(context, stage, signal, denied, undefined);
    stage.tx.closeSignal(signal.signalId, denied.code);
    return { kept: new Set() };
  }
  const { instrument, strategy, signalId, eventTimeMs } = signal;
  stage.setTarget(instrument, strategy, stage.targets(instrument).get(strategy)?.qty ?? 0n, signalId, eventTimeMs);
  let outcome: string = 'NOTHING_TO_DO';
  for (const { code, detail } of plan.refused) {
    recordDecision(context, stage, signal, { code, detail }, undefined);
    outcome = code;
  }
  for (const intent of plan.place) {
    const decision = checkRisk(intent, riskState(context, stage, instrument), context.limits);
    recordDecision(context, stage, signal, decision.approved ? undefined : decision, intent);
    if (decision.approved) open(decision.intent);
    outcome = decision.approved ? 'INTENT' : outcome === 'INTENT' ? outcome : decision.code;
  }
  if (plan.place.length === 0 && plan.refused.length === 0) {
    recordDecision(context, stage, signal, { code: 'NOTHING_TO_DO', detail: 'the working quotes are what the set wants' }, undefined);
  }
  stage.tx.closeSignal(signalId, outcome);
  return { kept: plan.keep };
}

/** Why a signal may not be acted on any more, or undefined. */
function untimely(context: DecisionContext, stage: BookStage, signal: Signal): Refusal | undefined {
  if (context.isTooOld(signal)) {
    const ageMs = Math.round(context.health.venueNowMs() - signal.eventTimeMs);
    return { code: 'STALE', detail: `${ageMs} ms old, at most ${signal.maxAgeMs}` };
  }
  const newest = stage.targets(signal.instrument).get(signal.strategy)?.eventTimeMs;
  return newest !== undefined && signal.eventTimeMs < newest ? { code: 'STALE', detail: 'a later target of the strategy was acted on' } : undefined;
}

const unknownInstrument = (instrument: InstrumentName): Refusal => ({ code: 'UNKNOWN_INSTRUMENT', detail: `${instrument} is not traded by this account` });

function sumOfOthers(stage: BookStage, instrument: InstrumentName, strategy: string): Decimal {
  let total = 0n;
  for (const [name, { qty }] of stage.targets(instrument)) if (name !== strategy) total += qty;
  return total;
}

/**
 * FLAT ALL's close of one position: a market order, because it must not depend on a price feed. Only the ledger's position is
 * sold, never the user's other coins.
 */
export function decideClose(
  context: DecisionContext,
  stage: BookStage,
  close: { readonly instrument: InstrumentName; readonly closeId: string; readonly strategy: string },
): RiskDecision<OrderIntent> {
  const { instrument } = close;
  const rules = context.rules.get(instrument);
  if (!rules) return deny('UNKNOWN_INSTRUMENT', unknownInstrument(instrument).detail);
  const positionQty = stage.position(instrument).qty;
  const price = context.prices.mark(instrument);
  // Without a price only the venue can tell whether the notional is too small, so it is asked.
  const known = price === undefined ? { price: 1n, rules: { ...rules, minNotional: 0n } } : { price: decimalFromNumber(price), rules };
  const plan = planOrder(0n, { positionQty, openBuyQty: 0n, openSellQty: 0n, market: 'spot', ...known });
  if (plan.kind === 'denied') return deny(plan.code, plan.detail);
  const nowMs = context.health.venueNowMs();
  const intent: OrderIntent = {
    intentId: stableId(close.closeId, instrument),
    signalId: close.closeId,
    strategy: close.strategy,
    account: context.account,
    instrument,
    side: plan.side,
    type: 'market',
    timeInForce: 'GTC',
    qty: formatDecimal(plan.qty),
    reduceOnly: true,
    eventTimeMs: nowMs,
    maxAgeMs: 60_000,
  };
  stage.clearTargets(instrument, Math.round(nowMs));
  const decision = checkRisk(intent, riskState(context, stage, instrument), context.limits, 'flatten');
  recordDecision(context, stage, intent, decision.approved ? undefined : decision, intent);
  return decision;
}

/** The message `riskDecision`: what was decided, on what position and limits. */
export function recordDecision(
  context: DecisionContext,
  stage: BookStage,
  of: Pick<Signal, 'signalId' | 'strategy' | 'instrument'>,
  refusal: { readonly code: DenialCode | 'SUPERSEDED'; readonly detail: string } | undefined,
  intent: OrderIntent | undefined,
): void {
  const timeMs = Math.round(context.health.venueNowMs());
  stage.tx.append('orders', 'riskDecision', timeMs, {
    account: context.account,
    signalId: of.signalId,
    ...(intent && { intentId: intent.intentId, side: intent.side, qty: intent.qty }),
    ...(intent?.price !== undefined && { price: intent.price }),
    strategy: of.strategy,
    instrument: of.instrument,
    approved: refusal === undefined,
    ...(refusal && { code: refusal.code }),
    detail: refusal?.detail ?? 'within all limits',
    positionQty: formatDecimal(stage.position(of.instrument).qty),
    limitsHash: context.limitsHash,
    eventTimeMs: timeMs,
  });
}

function riskState(context: DecisionContext, stage: BookStage, instrument: InstrumentName): RiskState {
  const nowMs = context.health.venueNowMs();
  return {
    tradingState: context.tradingState(),
    entryBlock: context.health.entryBlock(),
    positionQty: decimalToNumber(stage.position(instrument).qty),
    openBuyQty: decimalToNumber(stage.exposed(instrument, 'buy')),
    openSellQty: decimalToNumber(stage.exposed(instrument, 'sell')),
    guardedPrice: context.prices.guarded(instrument, nowMs),
    dailyPnlQuote: context.dailyPnlQuote(),
    ordersLastSecond: context.ordersLastSecond(),
    otherGrossNotionalQuote: grossNotional(context, stage, instrument),
    availableQuote: decimalToNumber(stage.cash()) - reservedQuote(context, stage),
  };
}

/** Worst case of the account's other instruments: as if everything open filled at once, on the worse side (I8). */
function grossNotional(context: DecisionContext, stage: BookStage, except: InstrumentName): number {
  let total = 0;
  for (const instrument of context.rules.keys()) {
    if (instrument === except) continue;
    const qty = decimalToNumber(stage.position(instrument).qty);
    const buys = decimalToNumber(stage.exposed(instrument, 'buy'));
    const sells = decimalToNumber(stage.exposed(instrument, 'sell'));
    const worst = Math.max(Math.abs(qty + buys), Math.abs(qty - sells));
    if (worst === 0) continue;
    const mark = context.prices.mark(instrument);
    total += mark === undefined ? Math.abs(decimalToNumber(stage.position(instrument).cost)) : worst * mark;
  }
  return total;
}

/** Quote that open buys may still spend. */
function reservedQuote(context: DecisionContext, stage: BookStage): number {
  let total = 0;
  for (const { order } of stage.openOrders()) {
    if (order.side !== 'buy') continue;
    const price = order.price === undefined ? context.prices.mark(order.instrument) : Number(order.price);
    total += (Number(order.qty) - Number(order.filledQty)) * (price ?? 0);
  }
  return total;
}
