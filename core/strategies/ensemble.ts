import { TouchstoneError } from '../errors.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import type { Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { weightedVote } from './combine.ts';
import type { EnsembleMember, Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

type MutableBar = { -readonly [key in keyof Ohlcv]: Ohlcv[key] };

/** One member: its strategy, the bar that it waits for, and what it said last. */
class Voice implements StrategyOutput {
  readonly weight: number;
  /** NaN until its warm-up is over: it abstains. */
  fraction = Number.NaN;
  private wanted = 0;
  private readonly strategy: Strategy;
  private readonly bars: number;
  private readonly warmupBars: number;
  private readonly bar: MutableBar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  private collected = 0;
  private seen = 0;

  constructor(strategy: Strategy, member: EnsembleMember, warmupBars: number) {
    this.strategy = strategy;
    this.weight = member.weight;
    this.bars = member.bars;
    this.warmupBars = warmupBars;
  }

  target(fraction: number): void {
    this.wanted = fraction;
  }

  quotes(): void {
    throw new TouchstoneError('BAD_MEMBER', 'a strategy that quotes has no vote');
  }

  /** Collects the ensemble's bars to the member's own; the strategy sees a longer bar only once it is closed. */
  onBar(bar: Ohlcv): void {
    const own = this.bar;
    if (this.collected === 0) {
      own.openTimeMs = bar.openTimeMs;
      own.open = bar.open;
      own.high = bar.high;
      own.low = bar.low;
      own.volume = 0;
    }
    own.high = Math.max(own.high, bar.high);
    own.low = Math.min(own.low, bar.low);
    own.close = bar.close;
    own.volume += bar.volume;
    if (++this.collected < this.bars) return;
    this.collected = 0;
    this.seen++;
    this.strategy.onBar?.(own, this);
    if (this.seen >= this.warmupBars) this.fraction = this.wanted;
  }

  snapshot(): unknown {
    const { wanted, collected, seen } = this;
    return { strategy: this.strategy.snapshot(), fraction: Number.isNaN(this.fraction) ? null : this.fraction, wanted, bar: { ...this.bar }, collected, seen };
  }

  restore(state: unknown): void {
    const saved = state as { strategy: unknown; fraction: number | null; wanted: number; bar: Ohlcv; collected: number; seen: number };
    this.strategy.restore(saved.strategy);
    this.fraction = saved.fraction ?? Number.NaN;
    this.wanted = saved.wanted;
    Object.assign(this.bar, saved.bar);
    this.collected = saved.collected;
    this.seen = saved.seen;
  }
}

/** Strategies of several resolutions vote on one position, each with its weight; below `threshold` there is none. */
class Ensemble implements Strategy {
  private readonly voices: readonly Voice[];
  private readonly names: readonly string[];
  private readonly threshold: number;
  private said = 0;

  constructor(voices: readonly Voice[], names: readonly string[], threshold: number) {
    this.voices = voices;
    this.names = names;
    this.threshold = threshold;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    for (const voice of this.voices) voice.onBar(bar);
    const vote = weightedVote(this.voices, this.threshold) ?? 0;
    if (vote === this.said) return;
    this.said = vote;
    const votes = this.voices.flatMap(({ fraction }, i) => (Number.isNaN(fraction) ? [] : [[this.names[i]!, fraction] as const]));
    out.target(vote, { rule: 'weighted vote', vote, ...Object.fromEntries(votes) });
  }

  snapshot(): unknown {
    return { said: this.said, voices: this.voices.map((voice) => voice.snapshot()) };
  }

  restore(state: unknown): void {
    const saved = state as { said: number; voices: unknown[] };
    this.said = saved.said;
    for (const [i, voice] of this.voices.entries()) voice.restore(saved.voices[i]);
  }
}

/** Without members of its own: the same trend at three resolutions, fast, middle and slow. */
const DEFAULT_MEMBERS: readonly EnsembleMember[] = [
  { type: 'trend-following', weight: 1, bars: 1, parameters: { volumeFactor: 0 } },
  { type: 'momentum', weight: 2, bars: 5, parameters: { period: 12, volatilityPeriod: 24 } },
  { type: 'trend-following', weight: 3, bars: 15, parameters: { fast: 5, slow: 13, volumeFactor: 0 } },
];

/** Types that may vote: of one instrument, and by bars alone. */
type FindStrategy = (type: string) => StrategyDefinition;

function ensembleDefinition(owner: string, members: readonly EnsembleMember[], find: FindStrategy): StrategyDefinition {
  const made = members.map((member, i) => {
    const place = `${owner}: members.${i}`;
    const definition = find(member.type);
    if (definition.scope === 'group' || definition.type === 'ensemble' || definition.configure !== undefined) {
      throw new TouchstoneError(
        'BAD_CONFIG',
        `${place}: ${member.type} cannot be a member: want a strategy of one instrument, without rules or members of its own`,
      );
    }
    const parameters = resolveParameters(place, definition.parameters, member.parameters ?? {});
    const probe = definition.create(parameters, 'sim:A/B');
    if (probe.onBar === undefined) throw new TouchstoneError('BAD_CONFIG', `${place}: ${member.type} does not read bars`);
    return { member, definition, parameters, warmupBars: definition.warmupBars(parameters) };
  });
  const names = members.map(({ type, bars }) => `${type} × ${bars}`);
  const create = (threshold: number, instrument: InstrumentName) =>
    new Ensemble(
      made.map(({ member, definition, parameters, warmupBars }) => new Voice(definition.create(parameters, instrument), member, warmupBars)),
      names,
      threshold,
    );
  return {
    type: 'ensemble',
    codeVersion: 1,
    description: 'Weighted vote of strategies at several resolutions',
    parameters: { threshold: { default: 0.3, min: 0, max: 1, description: 'vote below which, either way, there is no majority' } },
    warmupBars: () => Math.max(...made.map(({ member, warmupBars }) => member.bars * warmupBars)),
    create: ({ threshold }, instrument) => create(threshold!, instrument),
  };
}

/** `find` looks other strategies up: the registry gives its own, since it lists this one too. */
export function createEnsemble(find: FindStrategy): StrategyDefinition {
  return {
    ...ensembleDefinition('ensemble', DEFAULT_MEMBERS, find),
    configure: ({ name, members }) => ensembleDefinition(name, members ?? DEFAULT_MEMBERS, find),
  };
}
