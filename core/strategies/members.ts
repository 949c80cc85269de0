import { TouchstoneError } from '../errors.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import type { FundingEvent, LiquidationEvent, MarkEvent, Ohlcv, OpenInterestEvent } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { LongerBar } from './longer-bar.ts';
import type { Strategy, StrategyDefinition, StrategyMember, StrategyOutput } from './strategy.ts';

/** Looks up the types that may be members. */
export type FindStrategy = (type: string) => StrategyDefinition;

/** One strategy inside another: it sees bars of its own length, and what it said last stands until it says something else. */
export class Member implements StrategyOutput {
  /** NaN until its warm-up is over. */
  fraction = Number.NaN;
  private wanted = 0;
  private seen = 0;
  private readonly strategy: Strategy;
  private readonly warmupBars: number;
  private readonly longerBar: LongerBar;

  /** @param bars how many of the owner's bars make one of the member's @param warmupBars of its own */
  constructor(strategy: Strategy, bars: number, warmupBars: number) {
    this.strategy = strategy;
    this.warmupBars = warmupBars;
    this.longerBar = new LongerBar(bars);
  }

  target(fraction: number): void {
    this.wanted = fraction;
  }

  quotes(): void {
    throw new TouchstoneError('BAD_MEMBER', 'a strategy that quotes cannot be a member');
  }

  onBar(bar: Ohlcv): void {
    const own = this.longerBar.push(bar);
    if (own === undefined) return;
    this.seen++;
    this.strategy.onBar?.(own, this);
    if (this.seen >= this.warmupBars) this.fraction = this.wanted;
  }

  /** What carries no price to decide at: heard now, decided on with the next bar. */
  onEvent(event: FundingEvent | MarkEvent | OpenInterestEvent | LiquidationEvent): void {
    if (event.type === 'funding') this.strategy.onFunding?.(event, this);
    else if (event.type === 'mark') this.strategy.onMark?.(event, this);
    else if (event.type === 'openInterest') this.strategy.onOpenInterest?.(event, this);
    else this.strategy.onLiquidation?.(event, this);
  }

  snapshot(): unknown {
    const { fraction, wanted, seen } = this;
    return { strategy: this.strategy.snapshot(), longerBar: this.longerBar.snapshot(), fraction: Number.isNaN(fraction) ? null : fraction, wanted, seen };
  }

  restore(state: unknown): void {
    const saved = state as { strategy: unknown; longerBar: unknown; fraction: number | null; wanted: number; seen: number };
    this.strategy.restore(saved.strategy);
    this.longerBar.restore(saved.longerBar);
    this.fraction = saved.fraction ?? Number.NaN;
    this.wanted = saved.wanted;
    this.seen = saved.seen;
  }
}

/** What a configured member comes to. */
export interface ResolvedMember {
  /** Names it in reasons: `momentum × 5`, and with its place where two are called alike. */
  readonly name: string;
  readonly config: StrategyMember;
  /** In bars of the owner's. */
  readonly warmupBars: number;
  create(instrument: InstrumentName): Member;
}

/**
 * Members as configured, checked: of one instrument, deciding on bars, and without rules or members of their own.
 * @throws TouchstoneError BAD_CONFIG, UNKNOWN_STRATEGY, BAD_PARAMETER, naming owner and place
 */
export function resolveMembers(owner: string, members: readonly StrategyMember[], find: FindStrategy): ResolvedMember[] {
  const names = members.map(({ type, bars }) => `${type} × ${bars}`);
  return members.map((config, i) => {
    const place = `${owner}: members.${i}`;
    const definition = find(config.type);
    if (definition.scope === 'group' || definition.configure !== undefined) {
      throw new TouchstoneError(
        'BAD_CONFIG',
        `${place}: ${config.type} cannot be a member: want a strategy of one instrument, without rules or members of its own`,
      );
    }
    const parameters = resolveParameters(place, definition.parameters, config.parameters ?? {});
    const probe = definition.create(parameters, 'sim:A/B');
    if (probe.onBar === undefined) throw new TouchstoneError('BAD_CONFIG', `${place}: ${config.type} does not read bars`);
    const warmupBars = definition.warmupBars(parameters);
    const name = names[i]!;
    return {
      name: names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${i})`,
      config,
      warmupBars: config.bars * warmupBars,
      create: (instrument) => new Member(definition.create(parameters, instrument), config.bars, warmupBars),
    };
  });
}
