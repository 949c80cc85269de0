import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Dataset } from '../activities/dataset.ts';
import type { EvolutionSummary, Generation } from '../activities/evolve.ts';
import { freezeBars } from './dataset.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/** What a run hands to the next by continue-as-new: addresses and counts, never genomes. */
export interface EvolveCheckpoint {
  readonly dataset: Dataset;
  readonly population: Generation;
}

/**
 * Genetic search over strategy types and their parameters. Each generation is an artefact that names the one before, so the address of
 * the last one stands for every genome and score of the whole search: the same with and without killed workers and servers.
 */
export async function evolve(rawInput: unknown = {}, checkpoint?: EvolveCheckpoint): Promise<EvolutionSummary> {
  const progress = trackProgress('evolve');
  const input = await resolveInput('evolve', rawInput);
  progress.label({ symbol: input.instrument, strategy: input.strategyTypes.join(' ') });
  if (!checkpoint) progress.stage('freezing bars');
  const searchId = workflowInfo().firstExecutionRunId;
  const dataset = checkpoint?.dataset ?? (await freezeBars(input));
  let population = checkpoint?.population ?? (await research.createPopulation({ searchId, input }));

  progress.stage('evolving', input.generations);
  progress.advance(population.generation, population.best);
  const runUntil = Math.min(input.generations, population.generation + input.generationsPerRun);
  while (population.generation < runUntil) {
    const chunks = splitIntoChunks(population.size, input.chunkSize);
    const scores = await Promise.all(chunks.map((chunk) => research.evaluateGenomes({ searchId, input, dataset, population, ...chunk })));
    population = await research.breedPopulation({ searchId, input, population, scores });
    progress.advance(population.generation, population.best);
  }
  if (population.generation < input.generations) return continueAsNew<typeof evolve>(input, { dataset, population });

  progress.stage('judging the champion', input.generations);
  const summary = await research.judgeChampion({ searchId, input, dataset, population });
  progress.stage('done', input.generations);
  progress.advance(input.generations, summary.champion.fitness);
  return summary;
}

function splitIntoChunks(size: number, chunkSize: number): Array<{ from: number; to: number }> {
  const chunks: Array<{ from: number; to: number }> = [];
  for (let from = 0; from < size; from += chunkSize) chunks.push({ from, to: Math.min(size, from + chunkSize) });
  return chunks;
}
