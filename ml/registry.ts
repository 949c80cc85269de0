import { canonicalJson, stableId } from '../core/hash.ts';
import type { TripleBarrierSpec } from './labels/triple-barrier.ts';
import type { DatasetSpec } from './training/dataset.ts';
import type { Evaluation } from './training/evaluate.ts';
import type { EpochReport, FitSettings } from './training/fit.ts';

/** All that is known of a trained model; plain JSON, a row of table `models` and the artefact behind it. */
export interface ModelRecord {
  readonly modelId: string;
  /** The family, e.g. `lstm-direction`; its trials are counted together. */
  readonly name: string;
  readonly kind: 'lstm';
  readonly instrument: string;
  /** Address of the bars it was trained on. */
  readonly dataHash: string;
  /** Address of the samples made from them. */
  readonly datasetAddress: string;
  /** Identity of the columns it reads; a process that computes others must not feed it. */
  readonly featureHash: string;
  readonly spec: DatasetSpec;
  readonly labelSpec: TripleBarrierSpec;
  readonly settings: FitSettings;
  readonly seed: number;
  readonly evaluation: Evaluation;
  readonly history: readonly EpochReport[];
  readonly bestEpoch: number;
  /** Address of the trained weights, and of the whole model to serve. */
  readonly weightsAddress: string;
  readonly onnxAddress: string;
  readonly createdAtMs: number;
}

/** The same data, samples and settings are the same model: a retried training registers it once. */
export function modelIdOf(name: string, instrument: string, datasetAddress: string, settings: FitSettings): string {
  return `${name}-${stableId(name, instrument, datasetAddress, canonicalJson(settings)).slice(0, 16)}`;
}
