import { useEffect, useSyncExternalStore } from 'react';
import type { DashboardUpdate, EquityView, HealthView, PriceView, PromotionView, StrategyView, TradingStateView } from '../../../schemas/http.ts';
import type { FillEvent, OrderEvent, PositionEvent } from '../../../schemas/trading.ts';

export type Alert = NonNullable<DashboardUpdate['alerts']>[number];

/** What the page knows; a new object at each change. */
export interface LiveState {
  readonly isConnected: boolean;
  /** Counts connections, so that charts load anew what they missed. */
  readonly connection: number;
  readonly prices: ReadonlyMap<string, PriceView>;
  readonly orders: ReadonlyMap<string, OrderEvent>;
  readonly fills: ReadonlyMap<string, FillEvent>;
  readonly positions: ReadonlyMap<string, PositionEvent>;
  readonly equity: ReadonlyMap<string, EquityView>;
  readonly strategies: ReadonlyMap<string, StrategyView>;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly tradingStates: readonly TradingStateView[];
  readonly promotions: readonly PromotionView[];
  readonly health: readonly HealthView[];
}

const EMPTY: LiveState = {
  isConnected: false,
  connection: 0,
  prices: new Map(),
  orders: new Map(),
  fills: new Map(),
  positions: new Map(),
  equity: new Map(),
  strategies: new Map(),
  alerts: new Map(),
  tradingStates: [],
  promotions: [],
  health: [],
};

const MAX_ROWS = 500;

/** Sets entries as the newest, and forgets the oldest beyond the limit. */
export function merge<T>(map: ReadonlyMap<string, T>, rows: readonly T[] | undefined, key: (row: T) => string, limit = MAX_ROWS): ReadonlyMap<string, T> {
  if (!rows?.length) return map;
  const merged = new Map(map);
  for (const row of rows) merged.set(key(row), row);
  for (const oldest of merged.keys()) {
    if (merged.size <= limit) break;
    merged.delete(oldest);
  }
  return merged;
}

export function applyUpdate(state: LiveState, update: DashboardUpdate): LiveState {
  return {
    ...state,
    prices: merge(state.prices, update.prices, (row) => row.instrument),
    orders: merge(state.orders, update.orders, (row) => `${row.account} ${row.intentId}`),
    fills: merge(state.fills, update.fills, (row) => `${row.account} ${row.sequence}`),
    positions: merge(state.positions, update.positions, (row) => `${row.account} ${row.instrument}`),
    equity: merge(state.equity, update.equity, (row) => row.account),
    strategies: merge(state.strategies, update.strategies, (row) => row.strategy),
    alerts: merge(state.alerts, update.alerts, (row) => row.id, 100),
    tradingStates: update.tradingStates ?? state.tradingStates,
    promotions: update.promotions ?? state.promotions,
    health: update.health ?? state.health,
  };
}

/** The stream of one sign-in. Components read `state`; charts listen to the updates themselves, to draw points instead of series. */
export class Live {
  private state = EMPTY;
  private readonly stateListeners = new Set<() => void>();
  private readonly updateListeners = new Set<(update: DashboardUpdate) => void>();

  /** @returns how to end it */
  connect(onSignedOut: () => void): () => void {
    const source = new EventSource('/api/stream');
    source.addEventListener('open', () => this.set({ ...EMPTY, isConnected: true, connection: this.state.connection + 1 }));
    source.addEventListener('update', (event) => {
      const update = JSON.parse((event as MessageEvent<string>).data) as DashboardUpdate;
      this.set(applyUpdate(this.state, update));
      for (const listener of this.updateListeners) listener(update);
    });
    source.addEventListener('error', () => {
      this.set({ ...this.state, isConnected: false });
      // The browser comes back by itself after a broken connection, and gives up after a refusal.
      if (source.readyState === EventSource.CLOSED) onSignedOut();
    });
    return () => source.close();
  }

  readonly getState = (): LiveState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  onUpdate(listener: (update: DashboardUpdate) => void): () => void {
    this.updateListeners.add(listener);
    return () => this.updateListeners.delete(listener);
  }

  private set(state: LiveState): void {
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}

export function useLive(live: Live): LiveState {
  return useSyncExternalStore(live.subscribe, live.getState);
}

/** Listens to updates for as long as the component stands. */
export function useUpdates(live: Live, listener: (update: DashboardUpdate) => void): void {
  useEffect(() => live.onUpdate(listener), [live, listener]);
}
