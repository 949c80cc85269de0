import type { Rng } from '../../core/random.ts';
import type { ParameterSpec } from '../../core/strategies/strategy.ts';
import { build, type Genome, type SearchSpace } from './genome.ts';

/** An evaluated genome. `null` fitness = could not be evaluated; it ranks below every number. Higher is better. */
export interface ScoredGenome {
  readonly genome: Genome;
  readonly fitness: number | null;
}

/** The fittest of `size` drawn with replacement; `ranked` is best first. */
export function tournament(ranked: readonly ScoredGenome[], size: number, rng: Rng): Genome {
  let best = rng.int(ranked.length);
  for (let drawn = 1; drawn < size; drawn++) best = Math.min(best, rng.int(ranked.length));
  return ranked[best]!.genome;
}

/** How far beyond its parents a blended gene may lie, in units of their distance (BLX-alpha of Eshelman and Schaffer, 1993). */
const BLEND_ALPHA = 0.3;

/**
 * A child of two parents of one strategy type: each gene is taken from either parent or blended between and a little beyond them.
 * Parents of different types have no genes in common: the child is the first parent.
 */
export function crossover(space: SearchSpace, first: Genome, second: Genome, rng: Rng): Genome {
  if (first.strategyType !== second.strategyType) return first;
  return build(space, first.strategyType, (spec, name) => {
    const a = first.parameters[name] ?? spec.default;
    const b = second.parameters[name] ?? spec.default;
    const choice = rng.int(4);
    const weight = rng.uniform();
    if (choice === 0) return a;
    if (choice === 1) return b;
    return a + (b - a) * (weight * (1 + 2 * BLEND_ALPHA) - BLEND_ALPHA);
  });
}

/** Each gene moves with probability `rate` by a normal step of `scale` × its range; what leaves the range is reflected back into it. */
export function mutate(space: SearchSpace, genome: Genome, rate: number, scale: number, rng: Rng): Genome {
  return build(space, genome.strategyType, (spec, name) => {
    const value = genome.parameters[name] ?? spec.default;
    const moves = rng.uniform() < rate;
    const step = rng.normal() * scale * (spec.max - spec.min);
    return moves ? reflect(value + atLeastOne(step, spec), spec) : value;
  });
}

/** A step that rounding would undo is no mutation. */
function atLeastOne(step: number, spec: ParameterSpec): number {
  if (!spec.integer || Math.abs(step) >= 1) return step;
  return step < 0 ? -1 : 1;
}

function reflect(value: number, spec: ParameterSpec): number {
  const range = spec.max - spec.min;
  if (range <= 0) return spec.min;
  const offset = (((value - spec.min) % (2 * range)) + 2 * range) % (2 * range);
  return spec.min + (offset <= range ? offset : 2 * range - offset);
}
