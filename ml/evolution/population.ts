import { Rng } from '../../core/random.ts';
import { defaultGenome, type Genome, genomeId, randomGenome, type SearchSpace } from './genome.ts';
import { crossover, mutate, type ScoredGenome, tournament } from './operators.ts';

/** Settings of the genetic search; plain JSON. */
export interface EvolutionSettings {
  readonly populationSize: number;
  /** Best genomes that pass on unchanged. */
  readonly eliteCount: number;
  /** Genomes drawn per selection; larger presses harder. */
  readonly tournamentSize: number;
  /** Share of children with two parents. */
  readonly crossoverRate: number;
  /** Probability that a gene moves. */
  readonly mutationRate: number;
  /** Standard deviation of a move, as a share of the gene's range. */
  readonly mutationScale: number;
  /** Share of children drawn afresh: keeps every strategy type and region reachable. */
  readonly immigrantRate: number;
}

export const DEFAULT_EVOLUTION: EvolutionSettings = {
  populationSize: 40,
  eliteCount: 2,
  tournamentSize: 3,
  crossoverRate: 0.8,
  mutationRate: 0.25,
  mutationScale: 0.15,
  immigrantRate: 0.05,
};

/** How often a child that repeats a genome is drawn again before a repetition is let through (small spaces run out of new genomes). */
const MAX_REDRAWS = 20;

/** @throws RangeError naming the setting that makes no sense */
function checkEvolutionSettings(settings: EvolutionSettings): void {
  const { populationSize, eliteCount, tournamentSize } = settings;
  if (!Number.isInteger(populationSize) || populationSize < 2) throw new RangeError(`populationSize must be an integer of at least 2: ${populationSize}`);
  if (!Number.isInteger(eliteCount) || eliteCount < 0 || eliteCount >= populationSize) {
    throw new RangeError(`eliteCount must be an integer in [0, populationSize): ${eliteCount}`);
  }
  if (!Number.isInteger(tournamentSize) || tournamentSize < 1) throw new RangeError(`tournamentSize must be a positive integer: ${tournamentSize}`);
  for (const name of ['crossoverRate', 'mutationRate', 'immigrantRate'] as const) {
    if (!(settings[name] >= 0 && settings[name] <= 1)) throw new RangeError(`${name} must be in [0, 1]: ${settings[name]}`);
  }
  if (!(settings.mutationScale > 0)) throw new RangeError(`mutationScale must be above 0: ${settings.mutationScale}`);
}

/** The first generation: each type's defaults, then random genomes, all different where the space allows. */
export function initialPopulation(space: SearchSpace, settings: EvolutionSettings, seed: number): Genome[] {
  checkEvolutionSettings(settings);
  const rng = new Rng(seed).fork('initial');
  const defaults = Object.keys(space)
    .sort()
    .map((type) => defaultGenome(space, type));
  return fill(defaults.slice(0, settings.populationSize), settings.populationSize, (index, attempt) => randomGenome(space, rng.fork(index).fork(attempt)));
}

/**
 * The population of `generation` (the first is 0, so this is called with 1, 2, …) from the scored one before it. Depends on the seed, the generation and the
 * scores alone: the order of `scored` does not matter, nor who evaluated what, how often, or after which crash.
 *
 * @example
 * let population = initialPopulation(space, settings, 42);
 * for (let generation = 1; generation <= 20; generation++) population = nextGeneration(space, score(population), settings, 42, generation);
 */
export function nextGeneration(space: SearchSpace, scored: readonly ScoredGenome[], settings: EvolutionSettings, seed: number, generation: number): Genome[] {
  checkEvolutionSettings(settings);
  if (scored.length === 0) throw new RangeError('there is no scored genome to breed from');
  const ranked = rank(scored);
  const rng = new Rng(seed).fork('generation').fork(generation);
  const elite = distinct(ranked.map((each) => each.genome)).slice(0, settings.eliteCount);
  return fill(elite, settings.populationSize, (index, attempt) => breed(space, ranked, settings, rng.fork(index).fork(attempt)));
}

/** Best first; equal or missing fitness is ordered by genome id, so that the ranking is the same on every machine. */
export function rank(scored: readonly ScoredGenome[]): ScoredGenome[] {
  const value = ({ fitness }: ScoredGenome) => (fitness === null || !Number.isFinite(fitness) ? -Infinity : fitness);
  const keyed = scored.map((each) => ({ each, value: value(each), id: genomeId(each.genome) }));
  keyed.sort((a, b) => (a.value !== b.value ? (a.value < b.value ? 1 : -1) : a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return keyed.map(({ each }) => each);
}

function breed(space: SearchSpace, ranked: readonly ScoredGenome[], settings: EvolutionSettings, rng: Rng): Genome {
  if (rng.uniform() < settings.immigrantRate) return randomGenome(space, rng);
  const mother = tournament(ranked, settings.tournamentSize, rng);
  const child = rng.uniform() < settings.crossoverRate ? crossover(space, mother, tournament(ranked, settings.tournamentSize, rng), rng) : mother;
  return mutate(space, child, settings.mutationRate, settings.mutationScale, rng);
}

function fill(start: readonly Genome[], size: number, draw: (index: number, attempt: number) => Genome): Genome[] {
  const population = [...start];
  const seen = new Set(population.map(genomeId));
  while (population.length < size) {
    let genome = draw(population.length, 0);
    for (let attempt = 1; attempt <= MAX_REDRAWS && seen.has(genomeId(genome)); attempt++) genome = draw(population.length, attempt);
    seen.add(genomeId(genome));
    population.push(genome);
  }
  return population;
}

function distinct(genomes: readonly Genome[]): Genome[] {
  const seen = new Set<string>();
  return genomes.filter((genome) => {
    const id = genomeId(genome);
    return seen.has(id) ? false : seen.add(id);
  });
}
