import { expect, it } from 'vitest';
import type { Signal } from '../../../core/execution/signal.ts';
import { type BarEvent, eventId } from '../../../core/market/events.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';
import { sleep } from '../../../infra/clock.ts';
import { createDecoder, encode } from '../../../streams/message.ts';
import { type SignalState, startSignal } from '../../../streams/signal.ts';
import { eventually, isCommitted, streamBed } from '../../setup/streams.ts';

type Bed = Awaited<ReturnType<typeof streamBed>>;

function configOf(bed: Bed): StrategyConfig {
  const instrument = `sim:SIG${bed.run.toUpperCase()}/USDT`;
  const parameters = { fast: 2, slow: 4, volumePeriod: 2, volumeFactor: 0 };
  return {
    name: `cross-${bed.run}`,
    type: 'trend-following',
    account: 'paper',
    instruments: [instrument],
    interval: '1s',
    sizeQuote: '1000',
    maxAgeMs: 3_600_000,
    parameters,
  };
}

/** Closed one-second bars of a market that swings, the newest now. */
function bars(instrument: string, nowMs: number, count: number): BarEvent[] {
  const endMs = nowMs - (nowMs % 1_000);
  return Array.from({ length: count }, (_, i) => {
    const close = 100 + (i % 20 < 10 ? i % 20 : 20 - (i % 20));
    const openTimeMs = endMs - (count - i) * 1_000;
    const availableAtMs = openTimeMs + 1_000;
    const times = { openTimeMs, availableAtMs, eventTimeMs: availableAtMs, receivedTimeMs: availableAtMs };
    const prices = { open: close, high: close, low: close, close, volume: 1, tradeCount: 1 };
    return {
      type: 'bar',
      id: eventId.bar(instrument, '1s', openTimeMs, 'trades', availableAtMs),
      instrument,
      interval: '1s',
      source: 'trades',
      ...times,
      ...prices,
    };
  });
}

async function said(bed: Bed, strategy: string): Promise<Signal[]> {
  const decode = createDecoder('signals', bed.compileSchema);
  const signals: Signal[] = [];
  for (const { partition, low, high } of await bed.bus.topicOffsets('signals')) {
    await bed.bus.readRange('signals', partition, low, high, (records) => {
      for (const record of records) {
        const decoded = decode(record);
        if ('message' in decoded && (decoded.message.data as Signal).strategy === strategy) signals.push(decoded.message.data as Signal);
      }
    });
  }
  return signals;
}

it('signal, stopped and started in the middle, says on Kafka what it would have said in one run: no signal lost, none twice; a promotion in between is seen in the sizes', async () => {
  const bed = await streamBed();
  const config = configOf(bed);
  const [instrument] = config.instruments as [string];
  const groupId = `signal-${bed.run}`;
  let file: string | undefined;
  const state = {
    load: () => (file === undefined ? undefined : (JSON.parse(file) as SignalState)),
    save: (value: SignalState) => {
      file = JSON.stringify(value);
    },
  };
  const rules = { name: instrument, tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' };
  const start = () =>
    startSignal(
      { ...bed, state, recentBars: async () => [] },
      { strategies: [config], instruments: [rules], initialSizeFactor: () => '1', run: bed.run, groupId },
    );
  const market = bars(instrument, bed.clock.nowMs(), 120);
  const send = (events: readonly BarEvent[]) =>
    bed.producer.send('market', [
      { key: instrument, value: encode('market', 'market', `${events[0]!.id}+${events.length}`, bed.clock.nowMs(), { instrument, events }) },
    ]);
  const taken = (what: string) => eventually(what, () => isCommitted(bed.bus, groupId, 'market'), 60_000);

  let stream = await start();
  await send(market.slice(0, 50));
  await taken('the first part');
  await stream.stop();
  // What comes while it is away waits on the topic.
  await send(market.slice(50, 80));
  stream = await start();
  await taken('the second part');
  const before = await said(bed, config.name);

  const promotion = { strategy: config.name, version: 'v', account: 'paper', stage: 'canary', sizeFactor: '0.5', parameters: {}, sinceMs: bed.clock.nowMs() };
  await bed.producer.send('control', [
    { key: `strategy:${config.name}`, value: encode('control', 'strategy', `strategy:${config.name}`, bed.clock.nowMs(), promotion) },
  ]);
  await eventually('the promotion taken', () => isCommitted(bed.bus, groupId, 'control'), 60_000);
  await send(market.slice(80));
  await taken('the rest');
  await stream.stop();

  const all = await said(bed, config.name);
  expect(bed.crashes).toEqual([]);
  expect(new Set(all.map(({ signalId }) => signalId)).size).toBe(all.length);
  expect(before.length).toBeGreaterThan(4);
  // A swing of twenty bars gives an entry and an exit, in turn and from both sides of the restart.
  const isEntry = ({ targetQty }: Signal) => targetQty !== '0';
  expect(before.map(isEntry)).toEqual(before.map((_, i) => i % 2 === 0));
  const restartedAtMs = market[50]!.openTimeMs;
  expect(before.some(({ eventTimeMs }) => eventTimeMs <= restartedAtMs)).toBe(true);
  expect(before.some(({ eventTimeMs }) => eventTimeMs > restartedAtMs)).toBe(true);
  const sizeOf = (signal: Signal) => Number(signal.targetQty) * Number(signal.referencePrice);
  for (const entry of before.filter(isEntry)) expect(sizeOf(entry)).toBeCloseTo(1_000, 0);
  const after = all.slice(before.length).filter(isEntry);
  expect(after.length).toBeGreaterThan(0);
  for (const entry of after) expect(sizeOf(entry)).toBeCloseTo(500, 0);
}, 180_000);

it('signal, with its state lost, knows from topic fills what is held for a market maker, and hears of what changes', async () => {
  const bed = await streamBed();
  const base = configOf(bed);
  const [instrument] = base.instruments as [string];
  const parameters = { quoteQty: 0.01, targetQty: 0.01, maxQty: 0.03, refreshMs: 100 };
  const config: StrategyConfig = { ...base, name: `maker-${bed.run}`, type: 'market-making', parameters };
  const groupId = `signal-${bed.run}`;
  const rules = { name: instrument, tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '1' };
  const start = () =>
    startSignal(
      { ...bed, state: { load: () => undefined, save: () => undefined }, recentBars: async () => [] },
      { strategies: [config], instruments: [rules], initialSizeFactor: () => '1', run: bed.run, groupId },
    );
  let sequence = 0;
  const hold = async (qty: string) => {
    const eventTimeMs = bed.clock.nowMs();
    const holding = { account: 'paper', sequence: ++sequence, strategy: config.name, instrument, qty, price: '100', eventTimeMs };
    await bed.producer.send('fills', [{ key: 'paper', value: encode('fills', 'holding', `paper#${sequence}`, eventTimeMs, holding) }]);
  };
  let books = 0;
  /** What is quoted after a bar and three books more. */
  const quoted = async () => {
    const nowMs = bed.clock.nowMs();
    const mid = () => 100 + (books % 2) / 10;
    const common = { type: 'book', instrument, receivedTimeMs: nowMs, path: 'ws' } as const;
    const shown = Array.from({ length: 3 }, (_, i) => {
      const sequenceOfBook = ++books;
      const bids = [[mid() - 0.05, 1]];
      return { ...common, id: `${instrument}#b${sequenceOfBook}`, eventTimeMs: nowMs + i * 200, sequence: sequenceOfBook, bids, asks: [[mid() + 0.05, 1]] };
    });
    const events = [...bars(instrument, nowMs, 1), ...shown];
    await bed.producer.send('market', [{ key: instrument, value: encode('market', 'market', `${instrument}+${books}`, nowMs, { instrument, events }) }]);
    await eventually('the books taken', () => isCommitted(bed.bus, groupId, 'market'), 60_000);
    const newest = (await said(bed, config.name)).at(-1);
    return newest?.quotes?.map(({ side, qty }) => `${side} ${qty}`).join(', ');
  };

  await hold('0.01');
  await hold('0.005');
  let stream = await start();
  expect(await quoted()).toBe('buy 0.01, sell 0.005');
  await hold('0.03');
  await eventually('the fill taken', () => isCommitted(bed.bus, groupId, 'fills'), 60_000);
  // The next bar must be a later one.
  await sleep(1_100);
  expect(await quoted()).toBe('sell 0.01');
  await stream.stop();
  await hold('0');
  stream = await start();
  expect(await quoted()).toBe('buy 0.01');
  await stream.stop();
  expect(bed.crashes).toEqual([]);
}, 180_000);
