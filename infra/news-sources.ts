import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { TouchstoneError } from '../core/errors.ts';
import type { SentimentConfig } from '../schemas/config.ts';
import type { Clock } from './clock.ts';
import { jsonFileStore } from './json-file.ts';
import { fetchFeed } from './rss.ts';

interface Item {
  readonly sourceId: string;
  readonly title: string;
  readonly text?: string;
  readonly link: string;
  readonly publishedTimeMs: number;
}

export interface OpenNewsSource {
  readonly name: string;
  readonly intervalMs: number;
  next(): Promise<readonly Item[]>;
}

export interface NewsSourceOptions {
  readonly dataDir: string | undefined;
  /** Where each source remembers what it has told. */
  readonly stateDir: string;
  readonly clock: Clock;
}

const REMEMBERED_IDS = 2_000;

/** @throws TouchstoneError NO_DATA when a file source is configured without TOUCHSTONE_DATA */
export function openNewsSource(config: SentimentConfig, options: NewsSourceOptions): OpenNewsSource {
  return config.url === undefined ? fileSource(config, options) : feedSource(config, config.url, options);
}

/** Items of a feed that were not seen before; the last ids survive a restart. */
function feedSource({ name, intervalMs }: SentimentConfig, url: string, { stateDir, clock }: NewsSourceOptions): OpenNewsSource {
  const store = jsonFileStore<string[]>(join(stateDir, `${name}.json`));
  const seen = new Set(store.load());
  return {
    name,
    intervalMs,
    async next() {
      const fresh = (await fetchFeed(url, clock.nowMs())).filter(({ sourceId }) => !seen.has(sourceId));
      for (const { sourceId } of fresh) seen.add(sourceId);
      for (const id of seen) {
        if (seen.size <= REMEMBERED_IDS) break;
        seen.delete(id);
      }
      if (fresh.length > 0) store.save([...seen]);
      return [...fresh].sort((a, b) => a.publishedTimeMs - b.publishedTimeMs);
    },
  };
}

/** One recorded item each time, in the file's order, going on where the last start ended; nothing more after the last. */
function fileSource({ name, intervalMs, file = '' }: SentimentConfig, { dataDir, stateDir }: NewsSourceOptions): OpenNewsSource {
  if (dataDir === undefined) throw new TouchstoneError('NO_DATA', `sentiment source ${name} reads ${file} under TOUCHSTONE_DATA, which is not set`);
  const path = join(dataDir, file);
  const store = jsonFileStore<{ next: number }>(join(stateDir, `${name}.json`));
  let next = store.load()?.next ?? 0;
  let items: readonly Item[] | undefined;
  return {
    name,
    intervalMs,
    async next() {
      items ??= await readNews(path);
      const item = items[next];
      if (!item) return [];
      next++;
      store.save({ next });
      return [item];
    },
  };
}

/** CSV with quoted cells: columns `ts`, `title` or `text`, and where present `url`. @throws TouchstoneError BAD_DATA_FILE */
export async function readNews(path: string): Promise<readonly Item[]> {
  const raw = createReadStream(path);
  const lines = createInterface({ input: path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw, crlfDelay: Number.POSITIVE_INFINITY });
  const items: Item[] = [];
  let header: readonly string[] | undefined;
  let pending = '';
  let line = 0;
  for await (const text of lines) {
    line++;
    pending = pending ? `${pending}\n${text}` : text;
    // A cell in quotes may hold line ends: the row goes on while a quote is open.
    if ((pending.match(/"/g)?.length ?? 0) % 2 === 1) continue;
    const cells = splitCsv(pending);
    pending = '';
    if (!header) {
      header = cells;
      if (!header.includes('ts') || !(header.includes('title') || header.includes('text'))) {
        throw new TouchstoneError('BAD_DATA_FILE', `${path}:1: want columns ts and title or text`);
      }
      continue;
    }
    const cell = (name: string) => cells[header!.indexOf(name)] ?? '';
    const publishedTimeMs = Date.parse(cell('ts'));
    if (!Number.isFinite(publishedTimeMs)) throw new TouchstoneError('BAD_DATA_FILE', `${path}:${line}: ts is not a time`);
    const title = (cell('title') || cell('text')).slice(0, 500);
    const body = cell('title') ? cell('text') : '';
    items.push({ sourceId: cell('url') || `${path}:${line}`, title, ...(body && { text: body }), link: cell('url').slice(0, 2_000), publishedTimeMs });
  }
  return items;
}

function splitCsv(row: string): string[] {
  return [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
}
