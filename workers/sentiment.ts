import { join } from 'node:path';
import { sleep } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { openNewsSource } from '../infra/news-sources.ts';
import { loadSentimentModel } from '../infra/sentiment-model.ts';
import { lexiconScorer } from '../ml/sentiment/scorer.ts';
import { startSentiment } from '../streams/sentiment.ts';
import { runStreamWorker } from './stream-worker.ts';

/** News of `config/sentiment` into topic `sentiment`; scored by the local language model when there is one, else by the lexicon. */
await runStreamWorker('sentiment', async (context) => {
  const { environment, clock, log } = context;
  const { sentiment } = loadConfiguration(environment.configDir);
  const scorer = (await loadSentimentModel('models')) ?? lexiconScorer;
  const stateDir = join(environment.homeDir, 'sentiment');
  const isReadable = (config: (typeof sentiment)[number]) => config.url !== undefined || environment.dataDir !== undefined;
  for (const { name } of sentiment.filter((config) => !isReadable(config))) log.warn({ source: name }, 'TOUCHSTONE_DATA is not set: this source is left out');
  const sources = sentiment.filter(isReadable).map((config) => openNewsSource(config, { dataDir: environment.dataDir, stateDir, clock }));
  log.info({ scorer: scorer.name, sources: sources.map(({ name }) => name) }, 'reading news');
  const stream = startSentiment({ ...context, scorer, sleep }, sources);
  return [() => stream.stop()];
});
