import type { StrategyConfig } from '../../core/strategies/strategy.ts';
import type { MarketEvent } from '../../core/market/events.ts';
import type { StrategyActivated } from '../../schemas/control.ts';
import type { BarView, DashboardUpdate, EquityView, HealthView, PriceView, PromotionView, StrategyView, TradingStateView } from '../../schemas/http.ts';
import type { AlertRaised } from '../../schemas/observation.ts';
import type { EquityEvent, FillEvent, OrderEvent, PositionEvent } from '../../schemas/trading.ts';

/** How much is kept, by kind; what is older is in ClickHouse. */
export const KEPT = { barsPerSeries: 1_800, orders: 200, fills: 500, alerts: 100, equityPerAccount: 1_800, prices: 200 } as const;

/** What the replica takes: a decoded message of the topics it follows. */
export interface ReplicaMessage {
  readonly type: string;
  readonly id: string;
  readonly data: unknown;
}

/** Values by key, so that what changed twice between two pushes is sent once; or a whole list that replaces another. */
type Changes = { [K in Kind]?: Map<string, unknown> } & { -readonly [K in 'tradingStates' | 'promotions' | 'health']?: DashboardUpdate[K] };
type Kind = 'prices' | 'bars' | 'orders' | 'fills' | 'positions' | 'equity' | 'strategies' | 'alerts';

/**
 * What the dashboard knows: a bounded replica of the streams' newest state, safe under redelivery, with a note of what changed
 * since the last push. It is fed by topics alone and never asks the trading processes.
 */
export class StateReplica {
  private readonly prices = new Map<string, PriceView>();
  private readonly bars = new Map<string, BarView[]>();
  private readonly orders = new Map<string, OrderEvent>();
  private readonly fills = new Map<string, FillEvent>();
  private readonly positions = new Map<string, PositionEvent>();
  private readonly equity = new Map<string, EquityView[]>();
  private readonly strategies = new Map<string, StrategyView>();
  private readonly alerts = new Map<string, AlertRaised & { id: string }>();
  private tradingStates: readonly TradingStateView[] = [];
  private promotions: readonly PromotionView[] = [];
  private health: readonly HealthView[] = [];
  private changes: Changes = {};

  constructor(strategies: readonly StrategyConfig[]) {
    for (const { name, type, account, instruments, interval } of strategies) {
      this.strategies.set(name, { strategy: name, type, account, instruments, interval, stage: null, sizeFactor: '1', sinceMs: 0 });
    }
  }

  /** Takes a message of `market`, `orders`, `fills`, `control` or `alerts`; types it does not show are passed over. */
  apply(message: ReplicaMessage): void {
    switch (message.type) {
      case 'market':
        for (const event of (message.data as { events: readonly MarketEvent[] }).events) this.applyMarket(event);
        break;
      case 'order':
        this.applyOrder(message.data as OrderEvent);
        break;
      case 'fill':
        this.applyFill(message.data as FillEvent);
        break;
      case 'position':
        this.applyPosition(message.data as PositionEvent);
        break;
      case 'equity':
        this.applyEquity(message.data as EquityEvent);
        break;
      case 'strategy':
        this.applyStrategy(message.data as StrategyActivated);
        break;
      case 'alert':
        this.keep('alerts', this.alerts, message.id, { ...(message.data as AlertRaised), id: message.id }, KEPT.alerts);
        break;
    }
  }

  setTradingStates(states: readonly TradingStateView[]): void {
    if (!isSame(states, this.tradingStates)) this.changes.tradingStates = this.tradingStates = states;
  }

  setPromotions(promotions: readonly PromotionView[]): void {
    if (!isSame(promotions, this.promotions)) this.changes.promotions = this.promotions = promotions;
  }

  setHealth(health: readonly HealthView[]): void {
    if (!isSame(health, this.health)) this.changes.health = this.health = health;
  }

  promotion(workflowId: string): PromotionView | undefined {
    return this.promotions.find((promotion) => promotion.workflowId === workflowId);
  }

  recentBars(instrument: string, interval: string): readonly BarView[] {
    return this.bars.get(`${instrument} ${interval}`) ?? [];
  }

  recentEquity(account: string): readonly EquityView[] {
    return this.equity.get(account) ?? [];
  }

  /** Newest event time seen of each kind of message, for health: a silent stream is a fault of whoever should write it. */
  newestMs(kind: 'market' | 'equity'): number {
    const times = kind === 'market' ? [...this.prices.values()] : [...this.equity.values()].map((points) => points.at(-1)!);
    return Math.max(0, ...times.map((entry) => entry.eventTimeMs));
  }

  /** All there is; bars and equity curves are asked for by series instead. */
  snapshot(): DashboardUpdate {
    return {
      prices: [...this.prices.values()],
      orders: [...this.orders.values()],
      fills: [...this.fills.values()],
      positions: [...this.positions.values()],
      equity: [...this.equity.values()].map((points) => points.at(-1)!),
      strategies: [...this.strategies.values()],
      alerts: [...this.alerts.values()],
      tradingStates: this.tradingStates,
      promotions: this.promotions,
      health: this.health,
    };
  }

  /** What changed since the last call, or undefined. */
  takeChanges(): DashboardUpdate | undefined {
    const changes = this.changes;
    if (Object.keys(changes).length === 0) return undefined;
    this.changes = {};
    return Object.fromEntries(Object.entries(changes).map(([kind, value]) => [kind, value instanceof Map ? [...value.values()] : value]));
  }

  private applyMarket(event: MarketEvent): void {
    const { instrument, eventTimeMs } = event;
    const known = this.prices.get(instrument);
    if (event.type === 'trade' && eventTimeMs >= (known?.eventTimeMs ?? 0)) {
      this.keep('prices', this.prices, instrument, { instrument, price: event.price, eventTimeMs, isStale: false }, KEPT.prices);
    } else if (event.type === 'stale' && known) {
      this.keep('prices', this.prices, instrument, { ...known, isStale: event.stale }, KEPT.prices);
    } else if (event.type === 'bar') {
      const { interval, openTimeMs, open, high, low, close } = event;
      this.applyBar({ instrument, interval, openTimeMs, open, high, low, close });
      // A market without trade events, or one that is silent, is worth what its last bar closed at.
      if (eventTimeMs > (known?.eventTimeMs ?? 0))
        this.keep('prices', this.prices, instrument, { instrument, price: close, eventTimeMs, isStale: false }, KEPT.prices);
    }
  }

  private applyBar(bar: BarView): void {
    const key = `${bar.instrument} ${bar.interval}`;
    const series = this.bars.get(key) ?? [];
    this.bars.set(key, series);
    // Bars come in order but for redelivery and corrections, so the place is at or near the end.
    let place = series.length;
    while (place > 0 && series[place - 1]!.openTimeMs >= bar.openTimeMs) place--;
    series.splice(place, series[place]?.openTimeMs === bar.openTimeMs ? 1 : 0, bar);
    if (series.length > KEPT.barsPerSeries) series.shift();
    this.note('bars', `${key} ${bar.openTimeMs}`, bar);
  }

  private applyOrder(order: OrderEvent): void {
    const key = `${order.account} ${order.intentId}`;
    if ((this.orders.get(key)?.sequence ?? 0) < order.sequence) this.keep('orders', this.orders, key, order, KEPT.orders);
  }

  private applyFill(fill: FillEvent): void {
    const key = `${fill.account} ${fill.sequence}`;
    if (!this.fills.has(key)) this.keep('fills', this.fills, key, fill, KEPT.fills);
  }

  private applyPosition(position: PositionEvent): void {
    const key = `${position.account} ${position.instrument}`;
    if ((this.positions.get(key)?.sequence ?? 0) < position.sequence) this.keep('positions', this.positions, key, position, Number.POSITIVE_INFINITY);
  }

  private applyEquity(event: EquityEvent): void {
    const { account, eventTimeMs } = event;
    const points = this.equity.get(account) ?? [];
    this.equity.set(account, points);
    if (eventTimeMs <= (points.at(-1)?.eventTimeMs ?? 0)) return;
    const view: EquityView = {
      account,
      eventTimeMs,
      equityQuote: Number(event.equityQuote),
      cashQuote: Number(event.cashQuote),
      realisedPnlQuote: Number(event.realisedPnlQuote),
      feesQuote: Number(event.feesQuote),
    };
    points.push(view);
    if (points.length > KEPT.equityPerAccount) points.shift();
    this.note('equity', `${account} ${eventTimeMs}`, view);
  }

  private applyStrategy(change: StrategyActivated): void {
    const known = this.strategies.get(change.strategy);
    if (known && known.sinceMs > change.sinceMs) return;
    const { strategy, account, stage, sizeFactor, sinceMs } = change;
    const configured = known ?? { type: '', instruments: [], interval: '' };
    this.keep('strategies', this.strategies, strategy, { ...configured, strategy, account, stage, sizeFactor, sinceMs }, Number.POSITIVE_INFINITY);
  }

  private keep<T>(kind: Kind, map: Map<string, T>, key: string, value: T, limit: number): void {
    map.set(key, value);
    if (map.size > limit) map.delete(map.keys().next().value as string);
    this.note(kind, key, value);
  }

  private note(kind: Kind, key: string, value: unknown): void {
    let changed = this.changes[kind];
    if (!changed) this.changes[kind] = changed = new Map();
    changed.set(key, value);
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
