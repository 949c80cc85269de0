import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { type Genome, genomeId, populationHash, randomGenome, type SearchSpace } from '../../../ml/evolution/genome.ts';
import { crossover, mutate, type ScoredGenome, tournament } from '../../../ml/evolution/operators.ts';
import { DEFAULT_EVOLUTION, initialPopulation, nextGeneration, rank } from '../../../ml/evolution/population.ts';

const space: SearchSpace = {
  'trend-following': {
    fast: { default: 12, min: 2, max: 50, integer: true, description: 'bars' },
    slow: { default: 26, min: 5, max: 200, integer: true, description: 'bars' },
    threshold: { default: 0.1, min: -1, max: 1, description: 'share' },
  },
  breakout: {
    period: { default: 20, min: 5, max: 100, integer: true, description: 'bars' },
    stop: { default: 2, min: 0.5, max: 5, description: 'ATRs' },
  },
};
const settings = DEFAULT_EVOLUTION;

/** A known optimum: trend following at (20, 100, 0.5). */
function fitness(genome: Genome): number {
  if (genome.strategyType !== 'trend-following') return -2;
  const { fast, slow, threshold } = genome.parameters as { fast: number; slow: number; threshold: number };
  return -(((fast - 20) / 48) ** 2) - ((slow - 100) / 195) ** 2 - ((threshold - 0.5) / 2) ** 2;
}
const score = (population: readonly Genome[]): ScoredGenome[] => population.map((genome) => ({ genome, fitness: fitness(genome) }));

function evolve(seed: number, generations: number, evaluate: (population: readonly Genome[]) => ScoredGenome[]): Genome[] {
  let population = initialPopulation(space, settings, seed);
  for (let generation = 1; generation <= generations; generation++) population = nextGeneration(space, evaluate(population), settings, seed, generation);
  return population;
}

const inRange = (genome: Genome) => {
  const specs = space[genome.strategyType]!;
  expect(Object.keys(genome.parameters).sort()).toEqual(Object.keys(specs).sort());
  for (const [name, spec] of Object.entries(specs)) {
    const value = genome.parameters[name]!;
    expect(value).toBeGreaterThanOrEqual(spec.min);
    expect(value).toBeLessThanOrEqual(spec.max);
    if (spec.integer) expect(Number.isInteger(value)).toBe(true);
  }
};

describe('evolution', { timeout: 30_000 }, () => {
  it('finds a known optimum far better than chance with as many trials', () => {
    const best = (population: readonly Genome[]) => Math.max(...population.map(fitness));
    const evolved = best(evolve(42, 15, score));
    const rng = new Rng('chance');
    const chance = best(Array.from({ length: 16 * settings.populationSize }, (_, index) => randomGenome(space, rng.fork(index))));
    expect(evolved).toBeGreaterThan(-1e-3);
    expect(evolved).toBeGreaterThan(chance);
  });

  it('gives the same population whatever order genomes are evaluated in, and another one with another seed', () => {
    const straight = evolve(7, 8, score);
    const shuffled = evolve(7, 8, (population) => new Rng('any order').shuffle(score(population)));
    expect(populationHash(shuffled)).toBe(populationHash(straight));
    expect(shuffled).toEqual(straight);
    expect(populationHash(evolve(8, 8, score))).not.toBe(populationHash(straight));
  });

  it('survives JSON between generations, as checkpoints do', () => {
    const through = evolve(7, 8, (population) => JSON.parse(JSON.stringify(score(population))));
    expect(populationHash(through)).toBe(populationHash(evolve(7, 8, score)));
  });

  it('never loses the best genome, and keeps the population different from one another', () => {
    let population = initialPopulation(space, settings, 3);
    let best = Math.max(...population.map(fitness));
    for (let generation = 1; generation <= 10; generation++) {
      population = nextGeneration(space, score(population), settings, 3, generation);
      expect(population).toHaveLength(settings.populationSize);
      expect(new Set(population.map(genomeId)).size).toBe(settings.populationSize);
      population.forEach(inRange);
      const now = Math.max(...population.map(fitness));
      expect(now).toBeGreaterThanOrEqual(best);
      best = now;
    }
  });

  it('ranks genomes that failed, or scored NaN or infinity, last', () => {
    const [a, b, c, d] = initialPopulation(space, settings, 1) as [Genome, Genome, Genome, Genome];
    const ranked = rank([
      { genome: a, fitness: null },
      { genome: b, fitness: Number.NaN },
      { genome: c, fitness: -1e9 },
      { genome: d, fitness: Infinity },
    ]);
    expect(ranked[0]!.genome).toBe(c);
  });

  it('starts with each strategy as it is configured today', () => {
    const population = initialPopulation(space, settings, 1);
    expect(population).toContainEqual({ strategyType: 'breakout', parameters: { period: 20, stop: 2 } });
    expect(population).toContainEqual({ strategyType: 'trend-following', parameters: { fast: 12, slow: 26, threshold: 0.1 } });
  });

  it('still fills a population when the space has fewer genomes than it needs', () => {
    const tiny: SearchSpace = { only: { n: { default: 1, min: 1, max: 2, integer: true, description: '' } } };
    const population = nextGeneration(tiny, score(initialPopulation(tiny, settings, 1)), settings, 1, 1);
    expect(population).toHaveLength(settings.populationSize);
  });

  it('refuses settings that make no sense, naming the one', () => {
    expect(() => initialPopulation(space, { ...settings, eliteCount: 40 }, 1)).toThrow(/eliteCount/);
    expect(() => initialPopulation(space, { ...settings, mutationRate: 2 }, 1)).toThrow(/mutationRate/);
    expect(() => initialPopulation({}, settings, 1)).toThrow(/no strategy type/);
  });
});

describe('operators', () => {
  const genomes = fc.integer().map((seed) => randomGenome(space, new Rng(seed)));

  it('stay in range and keep the type, for any parents and rates', () => {
    fc.assert(
      fc.property(
        genomes,
        genomes,
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.001, max: 10, noNaN: true }),
        (a, b, seed, rate, scale) => {
          const child = crossover(space, a, b, new Rng(seed));
          expect(child.strategyType).toBe(a.strategyType);
          inRange(child);
          inRange(mutate(space, child, rate, scale, new Rng(seed)));
        },
      ),
    );
  });

  it('mutation at rate 1 moves every integer gene that can move, at rate 0 none', () => {
    const genome = initialPopulation(space, settings, 1).find((each) => each.strategyType === 'trend-following')!;
    const moved = mutate(space, genome, 1, 0.0001, new Rng(1));
    expect(moved.parameters.fast).not.toBe(genome.parameters.fast);
    expect(moved.parameters.slow).not.toBe(genome.parameters.slow);
    expect(mutate(space, genome, 0, 0.5, new Rng(1))).toEqual(genome);
  });

  it('tournaments of size k pick the best with probability 1 - (1 - 1/n)^k', () => {
    const ranked = rank(score(initialPopulation(space, { ...settings, populationSize: 10, eliteCount: 1 }, 1)));
    const rng = new Rng(1);
    let wins = 0;
    for (let i = 0; i < 20_000; i++) if (tournament(ranked, 3, rng) === ranked[0]!.genome) wins++;
    expect(wins / 20_000).toBeCloseTo(1 - 0.9 ** 3, 2);
  });
});
