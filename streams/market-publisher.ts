import { TouchstoneError } from '../core/errors.ts';
import type { MarketEvent } from '../core/market/events.ts';
import type { Clock } from '../infra/clock.ts';
import type { OutgoingMessage, Producer } from '../infra/kafka.ts';
import { encode } from './message.ts';

/** Events wait at most so long for others of their instrument. */
const LINGER_MS = 1;
export const EVENTS_PER_RECORD_MAX = 256;
/** About a minute of a busy market: when Kafka stays away longer, the process gives up and a new one catches up. */
const UNSENT_MAX = 200_000;

/** Publishes market events in the order in which they are added, several consecutive ones of an instrument to a record. */
export class MarketPublisher {
  private readonly producer: Producer;
  private readonly clock: Clock;
  private readonly onFailure: (error: Error) => void;
  private readonly waiting = new Map<string, MarketEvent[]>();
  private timer: NodeJS.Timeout | undefined;
  private unsent = 0;
  private sending: Promise<void> = Promise.resolve();

  /** @param onFailure Kafka did not take events for too long; whoever runs this must start anew. */
  constructor(producer: Producer, clock: Clock, onFailure: (error: Error) => void) {
    this.producer = producer;
    this.clock = clock;
    this.onFailure = onFailure;
  }

  add(event: MarketEvent): void {
    let events = this.waiting.get(event.instrument);
    if (!events) {
      events = [];
      this.waiting.set(event.instrument, events);
    }
    events.push(event);
    this.unsent++;
    if (this.unsent > UNSENT_MAX) this.onFailure(new TouchstoneError('PUBLISH_OVERFLOW', `${this.unsent} market events wait for Kafka`));
    else if (events.length >= EVENTS_PER_RECORD_MAX) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), LINGER_MS);
  }

  /** Sends what waits; resolves when Kafka has it and everything before. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const messages: OutgoingMessage[] = [];
    let count = 0;
    for (const [instrument, events] of this.waiting) {
      count += events.length;
      for (let i = 0; i < events.length; i += EVENTS_PER_RECORD_MAX) messages.push(this.message(instrument, events.slice(i, i + EVENTS_PER_RECORD_MAX)));
    }
    this.waiting.clear();
    if (messages.length === 0) return this.sending;
    const sent = this.producer.send('market', messages).then(() => {
      this.unsent -= count;
    }, this.onFailure);
    this.sending = Promise.all([this.sending, sent]).then(() => {});
    return this.sending;
  }

  private message(instrument: string, events: MarketEvent[]): OutgoingMessage {
    return { key: instrument, value: encode('market', 'market', `${events[0]!.id}+${events.length}`, this.clock.nowMs(), { instrument, events }) };
  }
}
