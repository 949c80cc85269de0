import { errorMessage } from '../core/errors.ts';
import type { Clock } from '../infra/clock.ts';
import type { Durable } from '../infra/durable.ts';
import type { OutgoingMessage, Producer } from '../infra/kafka.ts';
import type { Ledger, LedgerEvent } from '../infra/ledger/ledger.ts';
import type { Lease } from '../infra/ledger/lease.ts';
import type { Log } from '../infra/log.ts';
import { encode } from './message.ts';
import type { TopicName } from './topics.ts';

export interface OutboxDeps {
  readonly account: string;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly durable: Durable;
  readonly producer: Producer;
  readonly clock: Clock;
  readonly log: Log;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const BATCH = 500;
const MAX_BACKOFF_MS = 5_000;
/** The log is read again after this even if nobody asked: another process may have written to it. */
const IDLE_MS = 1_000;

/**
 * Sends the ledger's rows to their topics, in order, at least once: a row is marked only after Kafka has it, so a crash in
 * between sends it again, with the same id. While Kafka is down trading goes on and the rows wait.
 */
export class Outbox {
  private readonly deps: OutboxDeps;
  private readonly stopping = new AbortController();
  private wakeUp: (() => void) | undefined;
  private isAsked = false;

  constructor(deps: OutboxDeps) {
    this.deps = deps;
  }

  /** There is something new. */
  nudge = (): void => {
    this.isAsked = true;
    this.wakeUp?.();
  };

  /** Runs until `stop`. @throws TouchstoneError LEASE_LOST, HALTED_STORAGE */
  async run(): Promise<void> {
    let backoffMs = 100;
    while (!this.stopping.signal.aborted) {
      try {
        const sent = await this.publishOnce();
        backoffMs = 100;
        if (sent === 0) await this.untilAsked();
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === 'LEASE_LOST') return;
        this.deps.log.warn({ error: errorMessage(error), backoffMs }, 'cannot publish; the ledger keeps it');
        await this.deps.sleep(backoffMs, this.stopping.signal);
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      }
    }
  }

  stop(): void {
    this.stopping.abort();
    this.wakeUp?.();
  }

  /** One batch. @returns how many rows of the log were passed */
  async publishOnce(): Promise<number> {
    const { ledger, lease, durable, producer } = this.deps;
    this.isAsked = false;
    const events = ledger.eventsAfter(ledger.publishedSequence(), BATCH);
    const last = events.at(-1);
    if (!last) return 0;
    const byTopic = new Map<string, OutgoingMessage[]>();
    for (const event of events) {
      if (event.topic === null) continue;
      byTopic.set(event.topic, [...(byTopic.get(event.topic) ?? []), this.message(event)]);
    }
    if (byTopic.size > 0) {
      await durable('outbox.publish', () => producer.sendBatch([...byTopic].map(([topic, messages]) => ({ topic, messages }))));
    }
    ledger.write('outbox.mark', lease, (tx) => tx.markPublished(last.sequence));
    return events.length;
  }

  private message({ sequence, topic, type, timeMs, data }: LedgerEvent): OutgoingMessage {
    const { account } = this.deps;
    const id = `${account}#${sequence}`;
    const body = topic === 'alerts' ? data : { ...data, account, sequence };
    return { key: account, value: encode(topic as TopicName, type, id, timeMs, body) };
  }

  private async untilAsked(): Promise<void> {
    if (this.isAsked || this.stopping.signal.aborted) return;
    const woken = new Promise<void>((resolve) => {
      this.wakeUp = resolve;
    });
    const idle = new AbortController();
    await Promise.race([woken, this.deps.sleep(IDLE_MS, idle.signal)]);
    idle.abort();
    this.wakeUp = undefined;
  }
}
