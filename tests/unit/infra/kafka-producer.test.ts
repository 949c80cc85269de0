import type { Producer as KafkajsProducer, ProducerBatch } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { QueueingProducer } from '../../../infra/kafka-producer.ts';

/** Takes the place of the client library's producer: keeps what it was asked to send. */
async function recordingProducer() {
  const requests: Array<Array<{ topic: string; values: string[] }>> = [];
  let release = () => {};
  let held: Promise<void> = Promise.resolve();
  const connection = {
    async sendBatch({ topicMessages = [] }: ProducerBatch) {
      requests.push(topicMessages.map(({ topic, messages }) => ({ topic, values: messages.map(({ value }) => String(value)) })));
      await held;
      return [];
    },
    disconnect: async () => {},
  } as unknown as KafkajsProducer;
  return {
    producer: await new QueueingProducer(async () => connection).open(),
    requests,
    /** Requests stay in flight until the returned function is called. */
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
  };
}

const MIB = 1_048_576;
const LIMIT = 8 * MIB;

function sizes(requests: ReadonlyArray<ReadonlyArray<{ values: readonly string[] }>>): number[] {
  return requests.map((request) => request.flatMap(({ values }) => values).reduce((sum, value) => sum + value.length, 0));
}

describe('the producer', () => {
  it('sends what came while a request was away in one request, in order', async () => {
    const { producer, requests, hold } = await recordingProducer();
    const release = hold();
    const sends = ['a', 'b', 'c', 'd'].map((value) => producer.send('t', [{ key: 'k', value }]));
    release();
    await Promise.all(sends);
    expect(requests.flatMap((request) => request.flatMap(({ values }) => values))).toEqual(['a', 'b', 'c', 'd']);
    expect(requests.length).toBeLessThan(4);
  });

  it('never makes a request larger than a broker takes, however much waits or comes at once', async () => {
    const { producer, requests } = await recordingProducer();
    const value = (i: number) => `${i}:`.padEnd(MIB, 'x');
    const atOnce = producer.sendBatch([
      { topic: 't', messages: Array.from({ length: 10 }, (_, i) => ({ key: 'k', value: value(i) })) },
      { topic: 'u', messages: [{ key: 'k', value: 'small' }] },
    ]);
    const oneByOne = Array.from({ length: 10 }, (_, i) => producer.send('t', [{ key: 'k', value: value(10 + i) }]));
    await Promise.all([atOnce, ...oneByOne]);
    for (const bytes of sizes(requests)) expect(bytes).toBeLessThan(LIMIT);
    const sent = (topic: string) => requests.flat().flatMap((part) => (part.topic === topic ? part.values.map((text) => text.split(':')[0]) : []));
    expect(sent('t')).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    expect(sent('u')).toEqual(['small']);
  });

  it('sends a single message that is larger alone, for the broker to judge', async () => {
    const { producer, requests } = await recordingProducer();
    await producer.send('t', [
      { key: 'k', value: 'before' },
      { key: 'k', value: 'x'.repeat(9 * MIB) },
      { key: 'k', value: 'after' },
    ]);
    expect(requests.map((request) => request.flatMap(({ values }) => values.length))).toEqual([[1], [1], [1]]);
  });
});
