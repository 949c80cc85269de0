import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TickDesk } from '../../../core/engine/tick-desk.ts';
import { FOK, IOC, LIMIT, POST_ONLY } from '../../../core/engine/tick-messages.ts';
import { TickReplay, type TickReplayConfig, type TickStrategy } from '../../../core/engine/tick-replay.ts';
import {
  DEPTH_ASK,
  DEPTH_BID,
  DEPTH_CLEAR,
  type EventColumns,
  EventColumnsBuilder,
  TRADE_BUY,
  TRADE_SELL,
  withFeedLatency,
  withoutFeedLatency,
} from '../../../core/market/event-columns.ts';
import { createQueueModel, type QueueModelConfig } from '../../../core/venue/queue-model.ts';
import { type Batch, type Row, type SlowFill, type Statement, slowReplay } from './slow-replay.ts';

const KINDS = { bid: DEPTH_BID, ask: DEPTH_ASK, buy: TRADE_BUY, sell: TRADE_SELL, clear: DEPTH_CLEAR };
const SLOTS = 4;

function columnsOf(batches: readonly Batch[]): EventColumns {
  const builder = new EventColumnsBuilder(4);
  for (const { eventMs, receivedMs, rows } of batches) {
    for (const { what, price, lots } of rows) builder.push(KINDS[what], price, lots, eventMs, receivedMs);
    builder.endBatch();
  }
  return builder.columns();
}

class Script implements TickStrategy {
  readonly #script: ReadonlyArray<readonly Statement[]>;
  #at = 0;

  constructor(script: ReadonlyArray<readonly Statement[]>) {
    this.#script = script;
  }

  onTrade(): void {}

  onFill(): void {}

  onBatch(desk: TickDesk): void {
    for (const statement of this.#script[this.#at++] ?? []) {
      if (statement.do === 'quote') desk.quote(statement.slot, statement.side, statement.price, statement.lots, statement.type);
      else if (statement.do === 'withdraw') desk.withdraw(statement.slot);
      else desk.target(statement.lots);
    }
  }
}

function config(queue: QueueModelConfig = { type: 'risk-averse' }, entryMs = 0, responseMs = 0): TickReplayConfig {
  return {
    slotCount: SLOTS,
    queue,
    orderEntry: { type: 'constant', latencyMs: entryMs },
    orderResponse: { type: 'constant', latencyMs: responseMs },
    ladderTicks: 1_024,
  };
}

function replay(batches: readonly Batch[], script: ReadonlyArray<readonly Statement[]>, settings = config()) {
  const result = new TickReplay(settings, new Script(script)).run(columnsOf(batches));
  const fills: SlowFill[] = [];
  for (let i = 0; i < result.fills.length; i++) {
    const { timeMs, slot, signedLots, priceTicks, isMaker } = result.fills;
    fills.push({ timeMs: timeMs[i]!, slot: slot[i]!, signedLots: signedLots[i]!, price: priceTicks[i]!, isMaker: isMaker[i] === 1 });
  }
  return { ...result, fills };
}

const at = (eventMs: number, ...rows: Array<[Row['what'], number, number]>): Batch => ({
  eventMs,
  receivedMs: eventMs,
  rows: rows.map(([what, price, lots]) => ({ what, price, lots })),
});
const quote = (slot: number, side: 1 | -1, price: number, lots: number, type = POST_ONLY): Statement => ({ do: 'quote', slot, side, price, lots, type });

const BOOK = at(0, ['bid', 100, 5], ['bid', 99, 5], ['ask', 102, 5], ['ask', 103, 5]);

describe('known answers', () => {
  test('a quote waits behind what was displayed, then takes what a trade leaves', () => {
    const { fills, positionLots, cashTickLots } = replay([BOOK, at(1, ['sell', 100, 4]), at(2, ['sell', 100, 3])], [[quote(0, 1, 100, 3)]]);
    expect(fills).toEqual([{ timeMs: 2, slot: 0, signedLots: 2, price: 100, isMaker: true }]);
    expect(positionLots).toBe(2);
    expect(cashTickLots).toBe(-200);
  });

  test('a trade through the price fills whole, whatever stood before', () => {
    expect(replay([BOOK, at(1, ['sell', 99, 10])], [[quote(0, 1, 100, 3)]]).fills).toEqual([{ timeMs: 1, slot: 0, signedLots: 3, price: 100, isMaker: true }]);
  });

  test('an order that is under way when the trade happens gets nothing', () => {
    const batches = [BOOK, at(1, ['sell', 99, 10]), at(9, ['buy', 102, 1])];
    expect(replay(batches, [[quote(0, 1, 100, 3)]], config(undefined, 2)).fills).toEqual([]);
  });

  test('a market order walks the book and is told off twice only for what is left', () => {
    const { fills } = replay([BOOK, at(1, ['buy', 102, 1]), at(2, ['buy', 102, 1])], [[{ do: 'target', lots: 7 }], [{ do: 'target', lots: 12 }]]);
    expect(fills.map(({ signedLots, price }) => [signedLots, price])).toEqual([
      [5, 102],
      [2, 103],
      [3, 103],
    ]);
  });

  test('post-only, IOC and FOK', () => {
    const script = [[quote(0, 1, 102, 1, POST_ONLY), quote(1, 1, 102, 6, FOK), quote(2, 1, 102, 6, IOC)]];
    expect(replay([BOOK, at(1, ['buy', 103, 1])], script).fills).toEqual([{ timeMs: 0, slot: 2, signedLots: 5, price: 102, isMaker: false }]);
  });

  test('replacing a quote loses the place in the queue', () => {
    const script = [[quote(0, 1, 100, 3)], [], [quote(0, 1, 100, 2)]];
    const { fills } = replay([BOOK, at(1, ['sell', 100, 5]), at(2, ['bid', 100, 4]), at(3, ['sell', 100, 4])], script);
    expect(fills).toEqual([]);
    const kept = replay([BOOK, at(1, ['sell', 100, 5]), at(2, ['bid', 100, 4]), at(3, ['sell', 100, 4])], [[quote(0, 1, 100, 3)]]);
    expect(kept.fills.map(({ signedLots }) => signedLots)).toEqual([3]);
  });

  test('with trades alone only a trade through the price fills a quote; a market order pays the last price', () => {
    const script = [[quote(0, 1, 100, 1), { do: 'target', lots: -2 } as const]];
    const { fills } = replay([at(0, ['buy', 101, 1]), at(1, ['sell', 100, 50]), at(2, ['sell', 99, 50])], script);
    expect(fills).toEqual([
      { timeMs: 0, slot: SLOTS, signedLots: -2, price: 101, isMaker: false },
      { timeMs: 2, slot: 0, signedLots: 1, price: 100, isMaker: true },
    ]);
  });

  test('a message with a latency of its own still arrives whole and in order', () => {
    const delays = [5, 1, 0];
    const columns = withFeedLatency(columnsOf([BOOK, at(1, ['sell', 100, 1]), at(9, ['sell', 100, 1])]), () => delays.shift()!);
    expect([...columns.receivedTimeMs]).toEqual([5, 5, 5, 5, 5, 9]);
    expect(withoutFeedLatency(columns).receivedTimeMs).toBe(columns.eventTimeMs);
  });
});

describe('against the slow reference', () => {
  const lots = fc.integer({ min: 0, max: 5 });
  const level = fc
    .tuple(fc.constantFrom('bid' as const, 'ask' as const), fc.integer({ min: 0, max: 7 }), lots)
    .map(([what, n, qty]): Row => ({ what, price: what === 'bid' ? 101 - n : 99 + n, lots: qty }));
  const depth = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }), fc.array(level, { minLength: 1, maxLength: 6 })).map(([, clear, rows]) => {
    const cleared: Row = { what: 'clear', price: 0, lots: 0 };
    return clear === 0 ? [cleared, ...rows] : rows;
  });
  const trade = fc
    .record({ what: fc.constantFrom('buy' as const, 'sell' as const), price: fc.integer({ min: 96, max: 104 }), lots: fc.integer({ min: 1, max: 9 }) })
    .map((row): Row[] => [row]);
  const step = fc.record({ rows: fc.oneof(depth, trade), waitMs: fc.integer({ min: 0, max: 3 }), delayMs: fc.integer({ min: 0, max: 4 }) });
  const slot = fc.integer({ min: 0, max: SLOTS - 1 });
  const statement: fc.Arbitrary<Statement> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('quote' as const),
        slot,
        side: fc.constantFrom(1 as const, -1 as const),
        price: fc.integer({ min: 96, max: 104 }),
        lots: fc.integer({ min: 1, max: 6 }),
        type: fc.constantFrom(POST_ONLY, POST_ONLY, LIMIT, LIMIT, IOC, FOK),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), slot }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('target' as const), lots: fc.integer({ min: -6, max: 6 }) }) },
  );
  const queue: fc.Arbitrary<QueueModelConfig> = fc.constantFrom(
    { type: 'risk-averse' },
    { type: 'probabilistic', shape: 'linear' },
    { type: 'probabilistic', shape: 'log' },
    { type: 'probabilistic', shape: 'power', exponent: 3 },
    { type: 'normalised', shape: 'log' },
  );

  test('every fill, at its time, price, size and side, on random histories, latencies and queue models', () => {
    let fillCount = 0;
    let makerCount = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.array(statement, { maxLength: 3 })), { minLength: 4, maxLength: 60 }),
        queue,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.boolean(),
        (steps, queueConfig, entryMs, responseMs, isDelayed) => {
          let eventMs = 0;
          let receivedMs = 0;
          const batches = steps.map(([{ rows, waitMs, delayMs }]): Batch => {
            eventMs += waitMs;
            receivedMs = Math.max(receivedMs, eventMs + (isDelayed ? delayMs : 0));
            return { eventMs, receivedMs, rows };
          });
          const script = steps.map(([, statements]) => statements);
          const slow = slowReplay(batches, script, createQueueModel(queueConfig), entryMs, responseMs);
          const fast = replay(batches, script, config(queueConfig, entryMs, responseMs));
          expect(fast.fills).toEqual(slow.fills.map((fill) => ({ ...fill, slot: fill.slot === slow.targetSlot ? SLOTS : fill.slot })));
          expect(fast.requestCount).toBe(slow.requestCount);
          expect(fast.positionLots).toBe(slow.positionLots);
          expect(fast.cashTickLots).toBe(slow.fills.reduce((sum, { signedLots, price }) => sum - signedLots * price, 0));
          fillCount += slow.fills.length;
          makerCount += slow.fills.filter(({ isMaker }) => isMaker).length;
        },
      ),
      { numRuns: 400 },
    );
    // A property over histories without trades would prove nothing.
    expect(makerCount).toBeGreaterThan(200);
    expect(fillCount - makerCount).toBeGreaterThan(200);
  });
});
