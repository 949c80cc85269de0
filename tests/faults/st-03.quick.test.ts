import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import type { CompileSchema } from '../../infra/validate.ts';
import type { AlertRaised, DeadLetter } from '../../schemas/observation.ts';
import { consumeStream, ok } from '../../streams/consume.ts';
import { createDecoder, encode, type Message } from '../../streams/message.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { eventually, streamBed } from '../setup/streams.ts';

/** ST-03: poison messages between good ones. Topic `sentiment` has one partition, so everything stands in partition 0. */
const POISON: ReadonlyArray<{ what: string; value: string | Buffer | null; reason: RegExp }> = [
  { what: 'broken JSON', value: '{"v":1,"type":', reason: /^BROKEN_JSON/ },
  { what: 'JSON of another schema', value: '{"hello":"world"}', reason: /^WRONG_SCHEMA/ },
  { what: 'an unknown schema version', value: '{"v":99,"type":"sentiment","id":"x","ts":1,"data":{}}', reason: /^UNKNOWN_VERSION/ },
  { what: '5 MB', value: Buffer.alloc(5_000_000, 'x'), reason: /^TOO_LARGE/ },
  { what: 'zero bytes', value: Buffer.alloc(0), reason: /^EMPTY_VALUE/ },
  { what: 'null', value: null, reason: /^NULL_VALUE/ },
  { what: '__proto__', value: '{"__proto__":{"polluted":true},"v":1,"type":"sentiment","id":"x","ts":1,"data":{}}', reason: /^WRONG_SCHEMA/ },
];

function good(id: string): string {
  const data = {
    itemId: id,
    asset: 'BTC',
    source: 'test',
    title: id,
    score: 0,
    confidence: 1,
    scorer: 'test',
    publishedTimeMs: 1,
    availableAtMs: 1,
  };
  return encode('sentiment', 'sentiment', id, 1, data);
}

async function readDeadLetters(bed: Awaited<ReturnType<typeof streamBed>>, consumer: string): Promise<{ letters: DeadLetter[]; alerts: AlertRaised[] }> {
  const letters: DeadLetter[] = [];
  const alerts: AlertRaised[] = [];
  for (const topic of ['deadletter', 'alerts'] as const) {
    const decode = createDecoder(topic, bed.compileSchema);
    for (const { partition, low, high } of await bed.bus.topicOffsets(topic)) {
      await bed.bus.readRange(topic, partition, low, high, (records) => {
        for (const record of records) {
          const decoded = decode(record);
          if (!('message' in decoded)) continue;
          const letter = decoded.message.data as DeadLetter;
          const alert = decoded.message.data as AlertRaised;
          if (letter.consumer === consumer) letters.push(letter);
          if (alert.source === consumer) alerts.push(alert);
        }
      });
    }
  }
  return { letters, alerts };
}

async function scenario(compileSchema?: CompileSchema): Promise<void> {
  const bed = await streamBed();
  const name = `st-03-${bed.run}`;
  const taken: Array<{ id: string; waitedMs: number }> = [];
  const stream = await consumeStream(
    { ...bed, compileSchema: compileSchema ?? bed.compileSchema },
    {
      name,
      groupId: name,
      topics: ['sentiment'],
      from: 'latest',
      handle: (messages: readonly Message[]) => {
        for (const { id, appendedTimeMs } of messages) taken.push({ id, waitedMs: bed.clock.nowMs() - appendedTimeMs });
        return messages.map(() => ok);
      },
      onCrash: bed.onCrash,
    },
  );
  try {
    const values = POISON.flatMap(({ value }, i) => [good(`${name}-${i}`), value]);
    for (const value of [...values, good(`${name}-end`)]) await bed.producer.send('sentiment', [{ key: 'BTC', value }]);
    await eventually('the last good message, or a crash', async () => bed.crashes.length > 0 || taken.some(({ id }) => id === `${name}-end`));
    if (bed.crashes.length > 0) throw new AssertionError({ message: `the consumer crashed: ${bed.crashes[0]!.message}` });

    const mine = taken.filter(({ id }) => id.startsWith(name));
    expect(mine.map(({ id }) => id)).toEqual([...POISON.map((_, i) => `${name}-${i}`), `${name}-end`]);
    // The promise is a second; a test machine that runs other things may take some of them.
    for (const { waitedMs } of mine) expect(waitedMs).toBeLessThan(1_000);
  } finally {
    await stream.stop();
  }

  const [end] = await bed.bus.topicOffsets('sentiment');
  const [committed] = await bed.bus.committedOffsets(name, 'sentiment');
  expect(committed!.offset).toBe(end!.high);

  const { letters, alerts } = await readDeadLetters(bed, name);
  faultProven(letters.length > 0, `${POISON.length} poison messages reached the consumer, ${letters.length} were refused`);
  expect(letters).toHaveLength(POISON.length);
  expect(alerts).toHaveLength(POISON.length);
  for (const [i, { value, reason }] of POISON.entries()) {
    const letter = letters[i]!;
    expect(letter).toMatchObject({ topic: 'sentiment', partition: 0, truncated: false });
    expect(letter.offset).toMatch(/^\d+$/);
    expect(letter.reason).toMatch(reason);
    expect(Buffer.from(letter.valueBase64, 'base64').equals(Buffer.from(value ?? ''))).toBe(true);
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

describe('ST-03: poison messages', () => {
  it('are set aside whole, with their reason, and nothing else waits for them', () => scenario());

  it('would stop the consumer if a refusal were thrown', async () => {
    await mutantFailed('a refused message throws instead of going to the dead letters', () =>
      scenario((schema) => {
        void schema;
        return () => {
          throw new Error('refused');
        };
      }),
    );
  });
});
