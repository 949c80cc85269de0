import { LogReturn, RealisedVolatility } from '../indicators/volatility.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Rides momentum: the log return of the last `period` bars over what such a span usually moves, σ·√period. Long above `entry`, out below
 * `exit`. The size is `targetVolatility` over the present volatility, at most 1, fixed at the entry, so that a wild market is held small.
 * After T. Moskowitz, Y. Ooi and L. Pedersen, Time Series Momentum, 2012.
 */
class Momentum implements Strategy {
  private readonly period: number;
  private readonly move: LogReturn;
  private readonly volatility: RealisedVolatility;
  private readonly entry: number;
  private readonly exit: number;
  private readonly targetVolatility: number;
  private isLong = false;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.period = parameters.period!;
    this.move = new LogReturn(parameters.period!);
    this.volatility = new RealisedVolatility(parameters.volatilityPeriod!);
    this.entry = parameters.entry!;
    this.exit = parameters.exit!;
    this.targetVolatility = parameters.targetVolatilityBps! / 10_000;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const move = this.move.update(bar.close);
    const volatility = this.volatility.update(bar.close);
    // A market that stands still has no momentum, not an endless one.
    const score = volatility > 0 ? move / (volatility * Math.sqrt(this.period)) : move === 0 ? 0 : Number.NaN;
    if (this.isLong) {
      if (score < this.exit) this.say(0, 'momentum gone', { close: bar.close, score, volatility }, out);
    } else if (score > this.entry) {
      this.say(Math.min(1, this.targetVolatility / volatility), 'momentum', { close: bar.close, score, volatility }, out);
    }
  }

  private say(fraction: number, rule: string, read: Readonly<Record<string, number>>, out: StrategyOutput): void {
    this.isLong = fraction > 0;
    out.target(fraction, { rule, ...read });
  }

  snapshot(): unknown {
    return { isLong: this.isLong, move: this.move.snapshot(), volatility: this.volatility.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; move: unknown; volatility: unknown };
    this.isLong = saved.isLong;
    this.move.restore(saved.move);
    this.volatility.restore(saved.volatility);
  }
}

export const momentum: StrategyDefinition = {
  type: 'momentum',
  codeVersion: 1,
  description: 'Time-series momentum in units of volatility, sized to a target volatility',
  parameters: {
    period: { default: 48, min: 2, max: 5_000, integer: true, description: 'bars of the move' },
    volatilityPeriod: { default: 96, min: 5, max: 5_000, integer: true, description: 'bars of the volatility' },
    entry: { default: 1, min: 0, max: 10, description: 'standard deviations of the move above which it is ridden' },
    exit: { default: 0, min: -10, max: 10, description: 'standard deviations below which it is left' },
    targetVolatilityBps: { default: 50, min: 0.1, max: 10_000, description: 'volatility a bar at which the full size is held, basis points' },
  },
  warmupBars: ({ period, volatilityPeriod }) => Math.max(period!, volatilityPeriod!) + 1,
  create: (parameters) => new Momentum(parameters),
};
