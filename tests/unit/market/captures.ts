import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LevelChange, OrderBook } from '../../../core/market/book.ts';
import { readEnvironment } from '../../../infra/env.ts';

type TextLevels = readonly (readonly [price: string, qty: string])[];

interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: TextLevels;
  readonly asks: TextLevels;
}

/** A message of the depth or the best-quote stream; futures say with `pu` which update a diff follows. */
interface StreamData {
  readonly e?: string;
  readonly E: number;
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: string | TextLevels;
  readonly a: string | TextLevels;
  readonly B?: string;
  readonly A?: string;
}

/** Recorded messages, where they lie: real exchange data is not part of the repository. */
const { dataDir } = readEnvironment();
export const hasCaptures = dataDir !== undefined && existsSync(join(dataDir, 'raw-ws/binance-captures'));

export const dataFile = (path: string) => join(dataDir!, path);
export const linesOf = (path: string) => gunzipSync(readFileSync(path)).toString().trim().split('\n');
const numbers = (levels: TextLevels) => levels.map(([price, qty]): LevelChange => [Number(price), Number(qty)]);

/** What a recorded message did. */
export type Step =
  /** The best quotes as the exchange itself says them: bid, its quantity, ask, its quantity. */
  | { readonly kind: 'quote'; readonly sequence: number; readonly quote: readonly number[] }
  | { readonly kind: 'snapshot' | 'diff'; readonly outcome: string; readonly timeMs: number };

/** Plays a Binance capture into the book, message by message. */
export function* replayCapture(name: string, book: OrderBook): Generator<Step> {
  for (const line of linesOf(dataFile(`raw-ws/binance-captures/${name}.jsonl.gz`))) {
    const { raw } = JSON.parse(line) as { raw: Snapshot | { data: StreamData } };
    if ('lastUpdateId' in raw) {
      yield { kind: 'snapshot', outcome: book.applySnapshot(raw.lastUpdateId, numbers(raw.bids), numbers(raw.asks)), timeMs: 0 };
      continue;
    }
    const { data } = raw;
    if (data.B !== undefined) yield { kind: 'quote', sequence: data.u, quote: [Number(data.b), Number(data.B), Number(data.a), Number(data.A)] };
    if (data.e !== 'depthUpdate') continue;
    const firstSequence = data.pu === undefined ? data.U : data.pu + 1;
    const outcome = book.applyDiff({ firstSequence, lastSequence: data.u, bids: numbers(data.b as TextLevels), asks: numbers(data.a as TextLevels) });
    yield { kind: 'diff', outcome, timeMs: data.E };
  }
}
