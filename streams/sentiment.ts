import { errorMessage } from '../core/errors.ts';
import { stableId } from '../core/hash.ts';
import type { Clock } from '../infra/clock.ts';
import type { Producer } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { Metrics } from '../infra/metrics.ts';
import { findAssets } from '../ml/sentiment/entities.ts';
import type { SentimentScorer } from '../ml/sentiment/scorer.ts';
import type { SentimentScored } from '../schemas/observation.ts';
import { encode } from './message.ts';

export interface NewsItem {
  /** The source's own id of the item. */
  readonly sourceId: string;
  readonly title: string;
  /** What is scored besides the title. */
  readonly text?: string;
  readonly link: string;
  readonly publishedTimeMs: number;
}

export interface NewsSource {
  readonly name: string;
  readonly intervalMs: number;
  /** Items that are new since the last call, oldest first. */
  next(): Promise<readonly NewsItem[]>;
}

export interface SentimentDeps {
  readonly producer: Producer;
  readonly scorer: SentimentScorer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * From news to topic `sentiment`: one message for each asset that an item names. `availableAtMs` is the time at which it was read
 * here, whatever the source says of its publication: a feature may know it from then on.
 */
export function startSentiment(deps: SentimentDeps, sources: readonly NewsSource[]): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const itemsTotal = deps.metrics.counter('touchstone_news_items_total', 'News items scored', ['source']);

  async function follow(source: NewsSource): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        for (const item of await source.next()) {
          await publish(source.name, item);
          itemsTotal.inc({ source: source.name });
        }
      } catch (error) {
        deps.log.warn({ source: source.name, error: errorMessage(error) }, 'no news');
      }
      await deps.sleep(source.intervalMs, stopping.signal);
    }
  }

  async function publish(source: string, item: NewsItem): Promise<void> {
    const words = item.text ? `${item.title}. ${item.text}` : item.title;
    const { score, confidence } = await deps.scorer.score(words);
    const itemId = stableId(source, item.sourceId);
    const availableAtMs = deps.clock.nowMs();
    const messages = findAssets(words).map((asset) => {
      const { title, link, publishedTimeMs } = item;
      const scored: SentimentScored = { itemId, asset, source, title, link, score, confidence, scorer: deps.scorer.name, publishedTimeMs, availableAtMs };
      return { key: asset, value: encode('sentiment', 'sentiment', `${itemId}#${asset}#${deps.scorer.name}`, availableAtMs, scored) };
    });
    await deps.producer.send('sentiment', messages);
  }

  const following = sources.map(follow);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(following);
    },
  };
}
