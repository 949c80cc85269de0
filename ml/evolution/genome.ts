import { canonicalJson, sha256 } from '../../core/hash.ts';
import type { Rng } from '../../core/random.ts';
import type { ParameterSpec } from '../../core/strategies/strategy.ts';

/** A candidate strategy: its type and every parameter. Plain JSON; equal genomes have equal ids. */
export interface Genome {
  readonly strategyType: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/** What evolution may search: strategy types with the ranges of their parameters, as in `StrategyDefinition.parameters`. */
export type SearchSpace = Readonly<Record<string, Readonly<Record<string, ParameterSpec>>>>;

/** 32 hex digits; the identity of a trial, whichever generation or island it turns up in. */
export function genomeId(genome: Genome): string {
  return sha256(canonicalJson(genome)).slice(0, 32);
}

/** SHA-256 of a population as a multiset: the order in which genomes were evaluated or returned does not matter. */
export function populationHash(population: readonly Genome[]): string {
  return sha256(population.map(genomeId).sort().join('\n'));
}

/** Uniform over types, then over each parameter's range. @throws RangeError when the space is empty */
export function randomGenome(space: SearchSpace, rng: Rng): Genome {
  const types = Object.keys(space).sort();
  if (types.length === 0) throw new RangeError('the search space has no strategy type');
  const strategyType = rng.pick(types);
  return build(space, strategyType, (spec) => (spec.integer ? spec.min + rng.int(spec.max - spec.min + 1) : spec.min + rng.uniform() * (spec.max - spec.min)));
}

/** The strategy as configured today; a useful member of the first population. */
export function defaultGenome(space: SearchSpace, strategyType: string): Genome {
  return build(space, strategyType, (spec) => spec.default);
}

/** A genome of `strategyType` with each parameter from `value`, brought into its range and precision. Names go in sorted order, so draws repeat. */
export function build(space: SearchSpace, strategyType: string, value: (spec: ParameterSpec, name: string) => number): Genome {
  const specs = space[strategyType];
  if (!specs) throw new RangeError(`no strategy type ${strategyType} in the search space`);
  const parameters: Record<string, number> = {};
  for (const name of Object.keys(specs).sort()) parameters[name] = toRange(value(specs[name]!, name), specs[name]!);
  return { strategyType, parameters };
}

/** Six significant digits are beyond what a backtest can tell apart, and keep configurations readable and trials countable. */
function toRange(value: number, spec: ParameterSpec): number {
  const rounded = spec.integer ? Math.round(value) : Number(value.toPrecision(6));
  return Math.min(spec.max, Math.max(spec.min, rounded));
}
