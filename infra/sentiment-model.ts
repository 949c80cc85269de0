import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TouchstoneError } from '../core/errors.ts';
import type { SentimentScorer } from '../ml/sentiment/scorer.ts';

/** FinBERT (ProsusAI), exported to ONNX; labels positive, negative, neutral. */
export const SENTIMENT_MODEL = 'Xenova/finbert';

/** BERT reads 512 tokens; more than this many characters cannot matter. */
const MAX_CHARS = 2_000;

/**
 * A financial language model from `modelsDir`, or undefined when it is not there: then the lexicon serves. Nothing is ever fetched. The library and the model
 * (111 MB) are loaded with the first call of this function, by the process that scores, and by no other.
 *
 * @throws TouchstoneError BAD_SENTIMENT_MODEL when the files are there and cannot be used
 */
export async function loadSentimentModel(modelsDir: string): Promise<SentimentScorer | undefined> {
  if (!existsSync(join(modelsDir, SENTIMENT_MODEL, 'config.json'))) return undefined;
  const { env, pipeline } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = modelsDir;
  const classify = await pipeline('text-classification', SENTIMENT_MODEL, { dtype: 'q8' }).catch((cause: unknown) => {
    throw new TouchstoneError('BAD_SENTIMENT_MODEL', `the model in ${join(modelsDir, SENTIMENT_MODEL)} cannot be loaded: ${(cause as Error).message}`, {
      cause,
    });
  });
  return {
    name: 'finbert-q8',
    async score(text) {
      const labels = (await classify(text.slice(0, MAX_CHARS), { top_k: null })) as { label: string; score: number }[];
      const probability = (name: string) => labels.find(({ label }) => label.toLowerCase() === name)?.score ?? 0;
      return { score: probability('positive') - probability('negative'), confidence: Math.max(0, 1 - probability('neutral')) };
    },
  };
}
