import { Context } from '@temporalio/activity';
import { stableId } from '../core/hash.ts';
import { findStrategy } from '../core/strategies/registry.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import { type Genome, genomeId, populationHash, type SearchSpace } from '../ml/evolution/genome.ts';
import { DEFAULT_EVOLUTION, type EvolutionSettings, initialPopulation, nextGeneration, rank } from '../ml/evolution/population.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import type { Compute, Figures, GenomeScore } from './compute.ts';
import type { Dataset } from './dataset.ts';
import { withHeartbeat } from './heartbeat.ts';
import { deflate } from './promotion-gates.ts';
import { float, recordRuns, timestamp } from './run-record.ts';

/** Where a search stands, as the history carries it. */
export interface Generation {
  /** Of the population that waits to be evaluated, from 0. */
  readonly generation: number;
  readonly size: number;
  /** Artefact `WaitingPopulation`. */
  readonly waiting: string;
  /** Artefact `ScoredGeneration` of the generation before, empty at the start. It names the one before it, so it stands for all. */
  readonly scored: string;
  readonly best: number | null;
}

interface WaitingPopulation {
  readonly genomes: readonly Genome[];
  /** Scores of genomes that were evaluated before (elites), by genome id: a genome is evaluated once. */
  readonly known: Readonly<Record<string, GenomeScore>>;
}

interface ScoredGeneration {
  readonly generation: number;
  readonly previous: string;
  readonly members: readonly GenomeScore[];
}

export interface EvolutionSummary {
  readonly searchId: string;
  readonly generations: number;
  /** Hash of the genomes of the last generation as a set. */
  readonly finalPopulationHash: string;
  /** Address of the last scored generation: equal for equal genomes and scores of all generations. */
  readonly finalGeneration: string;
  readonly champion: {
    readonly strategyType: string;
    readonly parameters: Readonly<Record<string, number>>;
    readonly fitness: number | null;
    /** On bars that nothing was selected on; null without a holdout. */
    readonly holdout: Figures | null;
    readonly deflatedSharpe: number | null;
  };
  /** Trials ever made of the champion's family. */
  readonly trials: number;
}

export interface EvolveDeps {
  readonly history: Clickhouse;
  readonly artefacts: Artefacts;
  readonly compute: Compute;
  readonly controlStore: ControlStore;
  readonly clock: Clock;
}

interface SearchRequest {
  readonly searchId: string;
  readonly input: WorkflowInput<'evolve'>;
}

const GENOME_COLUMNS = [
  'genome_id',
  'evolution_id',
  'generation',
  'island',
  'place',
  'genome_hash',
  'strategy_type',
  'parameters',
  'fitness',
  'metrics',
  'parents',
  'population_hash',
  'updated_at',
];

export function createActivities(deps: EvolveDeps) {
  return {
    async createPopulation({ input }: SearchRequest): Promise<Generation> {
      const genomes = initialPopulation(searchSpace(input), settingsOf(input), input.seed);
      const { address } = await deps.artefacts.putJson({ genomes, known: {} } satisfies WaitingPopulation);
      return { generation: 0, size: genomes.length, waiting: address, scored: '', best: null };
    },

    /**
     * Evaluates genomes [from, to) of the waiting population on a thread. Everything it writes has an identity made of search, generation and place,
     * so an attempt that is repeated, or finished by a zombie, changes nothing. @returns address of the scores
     */
    async evaluateGenomes(request: SearchRequest & { dataset: Dataset; population: Generation; from: number; to: number }): Promise<string> {
      const { searchId, input, dataset, population, from, to } = request;
      const { genomes, known } = await deps.artefacts.getJson<WaitingPopulation>(population.waiting);
      const chunk = genomes.slice(from, to);
      const fresh = chunk.filter((genome) => !(genomeId(genome) in known));
      const range = { from: 0, to: selectionEnd(input, dataset) };
      const scored = await withHeartbeat((signal) => deps.compute.score({ genomes: fresh, dataset, range, costs: input }, signal));
      const byId = new Map(scored.map((score) => [genomeId(score.genome), score]));
      const scores = chunk.map((genome) => known[genomeId(genome)] ?? byId.get(genomeId(genome))!);

      for (const type of input.strategyTypes) {
        const count = fresh.filter(({ strategyType }) => strategyType === type).length;
        if (count > 0) deps.controlStore.addTrials(type, count, `${searchId}#${population.generation}#${from}`);
      }
      const hash = populationHash(genomes);
      const at = timestamp(Context.current().info.scheduledTimestampMs);
      await deps.history.insertRows(
        'genomes_log',
        GENOME_COLUMNS,
        scores.map(({ genome, fitness, figures }, index) => [
          stableId(searchId, population.generation, from + index),
          searchId,
          population.generation,
          0,
          from + index,
          genomeId(genome),
          genome.strategyType,
          JSON.stringify(genome.parameters),
          float(fitness),
          JSON.stringify(figures),
          [],
          hash,
          at,
        ]),
      );
      return (await deps.artefacts.putJson(scores)).address;
    },

    /** Closes a generation: its scores become a checkpoint, and, unless it was the last, the next population is bred from it. */
    async breedPopulation(request: SearchRequest & { population: Generation; scores: readonly string[] }): Promise<Generation> {
      const { input, population } = request;
      const members: GenomeScore[] = [];
      for (const address of request.scores) members.push(...(await deps.artefacts.getJson<GenomeScore[]>(address)));
      const checkpoint: ScoredGeneration = { generation: population.generation, previous: population.scored, members };
      const { address: scored } = await deps.artefacts.putJson(checkpoint);
      const best = rank(members)[0]?.fitness ?? null;
      const generation = population.generation + 1;
      if (generation === input.generations) return { generation, size: members.length, waiting: '', scored, best };

      const genomes = nextGeneration(searchSpace(input), members, settingsOf(input), input.seed, generation);
      const scoreOf = new Map(members.map((member) => [genomeId(member.genome), member]));
      const known = Object.fromEntries(genomes.map(genomeId).flatMap((id) => (scoreOf.has(id) ? [[id, scoreOf.get(id)!]] : [])));
      const { address: waiting } = await deps.artefacts.putJson({ genomes, known } satisfies WaitingPopulation);
      return { generation, size: genomes.length, waiting, scored, best };
    },

    /** The best genome on the bars that nothing was selected on, against the luck of all trials of its family. */
    async judgeChampion(request: SearchRequest & { dataset: Dataset; population: Generation }): Promise<EvolutionSummary> {
      const { searchId, input, dataset, population } = request;
      const { members } = await deps.artefacts.getJson<ScoredGeneration>(population.scored);
      const best = rank(members)[0] as GenomeScore;
      const range = { from: selectionEnd(input, dataset), to: dataset.bars };
      const [judged] =
        range.to > range.from ? await withHeartbeat((signal) => deps.compute.score({ genomes: [best.genome], dataset, range, costs: input }, signal)) : [];
      const holdout = judged?.figures ?? null;
      const trials = deps.controlStore.trialCount(best.genome.strategyType);
      const sharpes = members.flatMap(({ figures }) => (figures.estimate ? [figures.estimate.sharpePerPeriod] : []));
      const deflatedSharpe = deflate(holdout?.estimate, trials, variance(sharpes));
      const finalPopulationHash = populationHash(members.map(({ genome }) => genome));
      const { strategyType, parameters } = best.genome;
      const { info } = Context.current();
      await recordRuns(deps.history, [
        {
          runId: searchId,
          kind: 'trial',
          workflowId: info.workflowExecution!.workflowId,
          strategy: `evolved-${strategyType}`,
          strategyType,
          instrument: dataset.instrument,
          interval: dataset.interval,
          fromMs: dataset.fromMs,
          toMs: dataset.toMs,
          parameters,
          seed: input.seed,
          dataHash: dataset.address,
          bars: holdout?.bars ?? best.figures.bars,
          metrics: holdout ?? best.figures,
          fitness: best.fitness ?? Number.NaN,
          reportAddress: population.scored,
          detail: { finalPopulationHash, generations: input.generations, populationSize: input.populationSize, trials, deflatedSharpe },
          startedMs: info.scheduledTimestampMs,
          finishedMs: deps.clock.nowMs(),
        },
      ]);
      return {
        searchId,
        generations: input.generations,
        finalPopulationHash,
        finalGeneration: population.scored,
        champion: { strategyType, parameters, fitness: best.fitness, holdout, deflatedSharpe },
        trials,
      };
    },
  };
}

function searchSpace(input: WorkflowInput<'evolve'>): SearchSpace {
  return Object.fromEntries(input.strategyTypes.map((type) => [type, findStrategy(type).parameters]));
}

function settingsOf({ populationSize, eliteCount }: WorkflowInput<'evolve'>): EvolutionSettings {
  return { ...DEFAULT_EVOLUTION, populationSize, eliteCount };
}

function selectionEnd(input: WorkflowInput<'evolve'>, dataset: Dataset): number {
  return Math.ceil(dataset.bars * (1 - input.holdoutFraction));
}

function variance(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
