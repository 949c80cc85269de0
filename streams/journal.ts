import { errorMessage } from '../core/errors.ts';
import type { Clock } from '../infra/clock.ts';
import type { Producer } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { JournalEntry } from '../schemas/observation.ts';
import { encode } from './message.ts';

type Range = JournalEntry['ranges'][number];

const FLUSH_MS = 200;
const MAX_RANGES = 5_000;

/**
 * Writes the order in which a consumer of several partitions took its records, so that a replay can take them in the
 * same order. Off the hot path: entries follow within 200 ms, so a crash loses the last ones and a replay then marks that range
 * instead of comparing it.
 */
export class Journal {
  private readonly deps: { readonly producer: Producer; readonly clock: Clock; readonly log: Log };
  private readonly consumer: string;
  private readonly run: string;
  private ranges: Range[] = [];
  private sequence = 0;
  private sending: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(deps: { readonly producer: Producer; readonly clock: Clock; readonly log: Log }, consumer: string, run: string) {
    this.deps = deps;
    this.consumer = consumer;
    this.run = run;
  }

  /** Offsets [from, to) of a partition were taken next. */
  taken(topic: string, partition: number, from: string, to: string): void {
    const last = this.ranges.at(-1);
    if (last && last.topic === topic && last.partition === partition && last.to === from) {
      this.ranges[this.ranges.length - 1] = { ...last, to };
    } else {
      this.ranges.push({ topic, partition, from, to });
    }
    if (this.ranges.length >= MAX_RANGES) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Sends what is pending. A failure is logged and leaves a hole in the sequence, which readers see. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.ranges.length === 0) return this.sending;
    const entry: JournalEntry = { consumer: this.consumer, run: this.run, sequence: this.sequence++, ranges: this.ranges };
    this.ranges = [];
    const value = encode('journal', 'journal', `${this.consumer}#${this.run}#${entry.sequence}`, this.deps.clock.nowMs(), entry);
    this.sending = this.sending
      .then(() => this.deps.producer.send('journal', [{ key: this.consumer, value }]))
      .catch((error: unknown) => this.deps.log.warn({ error: errorMessage(error), sequence: entry.sequence }, 'journal entry lost'));
    return this.sending;
  }
}
