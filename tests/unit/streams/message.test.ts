import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, type TradeEvent } from '../../../core/market/events.ts';
import type { IncomingRecord } from '../../../infra/kafka.ts';
import { compileSchema } from '../../../infra/validate.ts';
import { marketRecord } from '../../../schemas/market.ts';
import { createDecoder, encode } from '../../../streams/message.ts';
import { TOPIC_NAMES, TOPICS, topicSpecs } from '../../../streams/topics.ts';

const trade: TradeEvent = {
  type: 'trade',
  id: eventId.trade('sim:BTC/USDT', '7'),
  instrument: 'sim:BTC/USDT',
  eventTimeMs: 1_700_000_000_000,
  receivedTimeMs: 1_700_000_000_004,
  tradeId: '7',
  price: 60_000.5,
  qty: 0.25,
  takerSide: 'buy',
  path: 'ws',
};
const good = { instrument: 'sim:BTC/USDT', events: [trade] };

function record(value: Buffer | string | null): IncomingRecord {
  return { topic: 'market', partition: 0, offset: '5', key: Buffer.from('k'), value: typeof value === 'string' ? Buffer.from(value) : value, timestampMs: 9 };
}

describe('a message on a topic', () => {
  const decode = createDecoder('market', compileSchema);

  it('comes out as it went in, with its log address', () => {
    const decoded = decode(record(encode('market', 'market', 'x+1', 4, good)));
    expect(decoded).toEqual({
      message: { v: 1, type: 'market', id: 'x+1', ts: 4, data: good, topic: 'market', partition: 0, offset: '5', appendedTimeMs: 9, key: 'k' },
    });
  });

  const envelope = (fields: object) => JSON.stringify({ v: 1, type: 'market', id: 'a', ts: 1, data: good, ...fields });
  it.each([
    ['broken JSON', '{"v":1,', /^BROKEN_JSON/],
    ['JSON that is no envelope', '[1,2]', /^WRONG_SCHEMA: envelope/],
    ['another schema', envelope({ data: { hello: 1 } }), /^WRONG_SCHEMA: market/],
    ['an unknown version', envelope({ v: 99 }), /^UNKNOWN_VERSION: market 99/],
    ['an unknown type', envelope({ type: 'gossip' }), /^UNKNOWN_TYPE/],
    ['a type of another topic', envelope({ type: 'signal' }), /^UNKNOWN_TYPE/],
    ['the name of an inherited property as type', envelope({ type: 'constructor' }), /^UNKNOWN_TYPE/],
    ['5 MB', 'x'.repeat(5_000_000), /^TOO_LARGE/],
    ['zero bytes', '', /^EMPTY_VALUE/],
    ['null', null, /^NULL_VALUE/],
    ['__proto__ in the envelope', envelope({}).replace('{', '{"__proto__":{"polluted":1},'), /^WRONG_SCHEMA: envelope/],
    ['__proto__ in the data', envelope({}).replace('"instrument"', '"__proto__":{"polluted":1},"instrument"'), /^WRONG_SCHEMA: market/],
    ['a price of 0', envelope({ data: { ...good, events: [{ ...trade, price: 0 }] } }), /^WRONG_SCHEMA: market: \/events\/0\/price/],
    ['257 events', envelope({ data: { ...good, events: Array(257).fill(trade) } }), /^WRONG_SCHEMA: market: \/events/],
  ])('is refused with its reason when it is %s', (_, value, reason) => {
    const decoded = decode(record(value));
    expect('refused' in decoded && decoded.refused).toMatch(reason);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('without a value is a tombstone on the compacted topic', () => {
    const decodeControl = createDecoder('control', compileSchema);
    expect(decodeControl(record(null))).toEqual({ tombstoneKey: 'k' });
  });

  it('has a refinement of its schema enforced: a signal says either a target or quotes', () => {
    const decodeSignal = createDecoder('signals', compileSchema);
    const signal = {
      signalId: 'abcdefgh',
      strategy: 's',
      version: '1',
      account: 'paper',
      instrument: 'sim:BTC/USDT',
      referencePrice: '1',
      eventTimeMs: 1,
      maxAgeMs: 1,
      triggerEventId: 'e',
      readFromMs: 1,
      readToMs: 1,
      why: {},
    };
    expect(decodeSignal(record(encode('signals', 'signal', 'a', 1, { ...signal, targetQty: '1' })))).toHaveProperty('message');
    expect(decodeSignal(record(encode('signals', 'signal', 'a', 1, signal)))).toHaveProperty('refused');
  });
});

describe('the compiled check of the hot path', () => {
  it('takes exactly what the schema takes', () => {
    const compiled = compileSchema(marketRecord);
    const junk = fc.oneof(
      fc.constant(undefined),
      fc.constant(null),
      fc.integer(),
      fc.string(),
      fc.constant('buy'),
      fc.double(),
      fc.constant([]),
      fc.constant({}),
    );
    const kinds = [
      trade,
      { ...trade, type: 'book', sequence: 1, bids: [[1, 2]], asks: [[3, 4]] },
      { ...trade, type: 'mark' },
      { ...trade, type: 'stale', stale: true, reason: 'x' },
    ];
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.constantFrom(...Object.keys(kinds[1]!), 'extra'), junk, (event, field, value) => {
        const mutated = JSON.parse(JSON.stringify({ instrument: good.instrument, events: [{ ...event, [field]: value }] })) as unknown;
        const byZod = marketRecord.safeParse(mutated).success;
        if (!byZod) refused++;
        expect(compiled(mutated) === undefined).toBe(byZod);
      }),
      { numRuns: 2_000, seed: 7 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(compiled(good)).toBeUndefined();
  });
});

describe('the topic table', () => {
  it('names the topics of the design, with every message type encodable', () => {
    expect([...TOPIC_NAMES].sort()).toEqual(['alerts', 'control', 'deadletter', 'fills', 'journal', 'market', 'orders', 'sentiment', 'signals']);
    for (const topic of TOPIC_NAMES) {
      for (const type of Object.keys(TOPICS[topic].messages)) expect(encode(topic, type, 'i', 1, {})).toContain(`"type":"${type}"`);
    }
    expect(() => encode('market', 'order', 'i', 1, {})).toThrow(/carries no order/);
  });

  it('keeps market 48 hours or 8 GiB a broker', () => {
    const market = topicSpecs().find((spec) => spec.topic === 'market')!;
    expect(market.config['retention.ms']).toBe('172800000');
    expect(Number(market.config['retention.bytes']) * market.partitions).toBe(8 * 2 ** 30);
  });
});
