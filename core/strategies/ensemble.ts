import { TouchstoneError } from '../errors.ts';
import type { Ohlcv } from '../market/events.ts';
import { weightedVote } from './combine.ts';
import { type FindStrategy, type Member, resolveMembers } from './members.ts';
import type { Strategy, StrategyDefinition, StrategyMember, StrategyOutput } from './strategy.ts';

/** Strategies of several resolutions vote on one position, each with its weight; below `threshold` there is none. */
class Ensemble implements Strategy {
  private readonly members: readonly Member[];
  private readonly weights: readonly number[];
  private readonly names: readonly string[];
  private readonly threshold: number;
  private said = 0;

  constructor(members: readonly Member[], weights: readonly number[], names: readonly string[], threshold: number) {
    this.members = members;
    this.weights = weights;
    this.names = names;
    this.threshold = threshold;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    for (const member of this.members) member.onBar(bar);
    const voices = this.members.map(({ fraction }, i) => ({ fraction, weight: this.weights[i]! }));
    const vote = weightedVote(voices, this.threshold) ?? 0;
    if (vote === this.said) return;
    this.said = vote;
    const votes = voices.flatMap(({ fraction }, i) => (Number.isNaN(fraction) ? [] : [[this.names[i]!, fraction] as const]));
    out.target(vote, { rule: 'weighted vote', vote, ...Object.fromEntries(votes) });
  }

  snapshot(): unknown {
    return { said: this.said, members: this.members.map((member) => member.snapshot()) };
  }

  restore(state: unknown): void {
    const saved = state as { said: number; members: unknown[] };
    this.said = saved.said;
    for (const [i, member] of this.members.entries()) member.restore(saved.members[i]);
  }
}

/** Without members of its own: the same trend at three resolutions, fast, middle and slow. */
const DEFAULT_MEMBERS: readonly StrategyMember[] = [
  { type: 'trend-following', weight: 1, bars: 1, parameters: { volumeFactor: 0 } },
  { type: 'momentum', weight: 2, bars: 5, parameters: { period: 12, volatilityPeriod: 24 } },
  { type: 'trend-following', weight: 3, bars: 15, parameters: { fast: 5, slow: 13, volumeFactor: 0 } },
];

function ensembleDefinition(owner: string, members: readonly StrategyMember[], find: FindStrategy): StrategyDefinition {
  const resolved = resolveMembers(owner, members, find);
  const weights = members.map(({ weight, shares }, i) => {
    if (weight === undefined || shares !== undefined) {
      throw new TouchstoneError('BAD_CONFIG', `${owner}: members.${i}: a voice of an ensemble has a weight, and no shares`);
    }
    return weight;
  });
  const names = resolved.map(({ name }) => name);
  return {
    type: 'ensemble',
    codeVersion: 1,
    description: 'Weighted vote of strategies at several resolutions',
    parameters: { threshold: { default: 0.3, min: 0, max: 1, description: 'vote below which, either way, there is no majority' } },
    warmupBars: () => Math.max(...resolved.map(({ warmupBars }) => warmupBars)),
    create: ({ threshold }, instrument) =>
      new Ensemble(
        resolved.map((member) => member.create(instrument)),
        weights,
        names,
        threshold!,
      ),
  };
}

/** `find` looks other strategies up: the registry gives its own, since it lists this one too. */
export function createEnsemble(find: FindStrategy): StrategyDefinition {
  return {
    ...ensembleDefinition('ensemble', DEFAULT_MEMBERS, find),
    configure: ({ name, members }) => ensembleDefinition(name, members ?? DEFAULT_MEMBERS, find),
  };
}
