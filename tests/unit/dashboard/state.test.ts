import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEPT, type ReplicaMessage, StateReplica } from '../../../dashboard/server/state.ts';
import { bar, equity, fill, marketMessage, order, position, trade } from './events.ts';

const BTC = 'sim:BTC/USDT';

function replicaOf(...messages: readonly ReplicaMessage[]): StateReplica {
  const replica = new StateReplica([]);
  for (const message of messages) replica.apply(message);
  return replica;
}

const orderMessage = (...args: Parameters<typeof order>): ReplicaMessage => ({ type: 'order', id: `paper#${args[0]}`, data: order(...args) });

describe('the state replica', () => {
  it('shows the newest price, whether it came by trade or by bar', () => {
    const replica = replicaOf(marketMessage(bar(BTC, 1_000, 100)), marketMessage(trade(BTC, 101, 2_500)), marketMessage(trade(BTC, 99, 2_400)));
    expect(replica.snapshot().prices).toEqual([{ instrument: BTC, price: 101, eventTimeMs: 2_500, isStale: false }]);
    replica.apply(marketMessage(bar(BTC, 2_000, 102)));
    expect(replica.snapshot().prices).toMatchObject([{ price: 102 }]);
  });

  it('marks a stale price and clears the mark with the next trade', () => {
    const stale = { type: 'stale', id: 's', instrument: BTC, eventTimeMs: 2, receivedTimeMs: 2, stale: true, reason: 'silent' } as const;
    const replica = replicaOf(marketMessage(trade(BTC, 100, 1)), marketMessage(stale));
    expect(replica.snapshot().prices).toMatchObject([{ isStale: true }]);
    replica.apply(marketMessage(trade(BTC, 100, 3)));
    expect(replica.snapshot().prices).toMatchObject([{ isStale: false }]);
  });

  it('is the same after any redelivery, repeats and old messages between new ones', () => {
    const messages: ReplicaMessage[] = [
      ...[1, 2, 3, 4].map((i) => marketMessage(bar(BTC, i * 1_000, 100 + i))),
      orderMessage(1, { intentId: 'a', status: 'PLANNED' }),
      orderMessage(2, { intentId: 'a', status: 'OPEN' }),
      orderMessage(3, { intentId: 'a', status: 'FILLED' }),
      { type: 'fill', id: 'paper#4', data: fill(4) },
      { type: 'position', id: 'paper#5', data: position(5, '0.01') },
      { type: 'position', id: 'paper#6', data: position(6, '0') },
      ...[1, 2, 3].map((i) => ({ type: 'equity', id: `paper#${i + 6}`, data: equity(i + 6, 1000 + i, i * 1_000) })),
    ];
    const wanted = replicaOf(...messages);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: messages.length - 1 }), { maxLength: 20 }), (again) => {
        const replica = replicaOf(...messages, ...again.map((i) => messages[i]!));
        expect(replica.snapshot()).toEqual(wanted.snapshot());
        expect(replica.recentBars(BTC, '1s')).toEqual(wanted.recentBars(BTC, '1s'));
        expect(replica.recentEquity('paper')).toEqual(wanted.recentEquity('paper'));
      }),
    );
  });

  it('keeps a late bar in its place and takes a corrected one for the first', () => {
    const replica = replicaOf(...[1, 3, 2].map((i) => marketMessage(bar(BTC, i * 1_000, 100 + i))), marketMessage(bar(BTC, 2_000, 50)));
    expect(replica.recentBars(BTC, '1s').map(({ openTimeMs, close }) => [openTimeMs, close])).toEqual([
      [1_000, 101],
      [2_000, 50],
      [3_000, 103],
    ]);
  });

  it('is bounded, whatever comes', () => {
    const replica = new StateReplica([]);
    for (let i = 1; i <= 3_000; i++) {
      replica.apply(marketMessage(bar(BTC, i * 1_000, 100)));
      replica.apply(orderMessage(i));
      replica.apply({ type: 'fill', id: `f${i}`, data: fill(i) });
      replica.apply({ type: 'equity', id: `e${i}`, data: equity(i, 1, i) });
    }
    expect(replica.recentBars(BTC, '1s')).toHaveLength(KEPT.barsPerSeries);
    expect(replica.snapshot().orders).toHaveLength(KEPT.orders);
    expect(replica.snapshot().orders!.at(-1)).toMatchObject({ sequence: 3_000 });
    expect(replica.snapshot().fills).toHaveLength(KEPT.fills);
    expect(replica.recentEquity('paper')).toHaveLength(KEPT.equityPerAccount);
  });

  it('tells each change once, and only the newest of what changed twice', () => {
    const replica = replicaOf(orderMessage(1, { intentId: 'a', status: 'OPEN' }), orderMessage(2, { intentId: 'a', status: 'FILLED' }));
    expect(replica.takeChanges()).toEqual({ orders: [order(2, { intentId: 'a', status: 'FILLED' })] });
    expect(replica.takeChanges()).toBeUndefined();
    replica.setHealth([{ name: 'record', isHealthy: true, detail: 'up to date' }]);
    expect(replica.takeChanges()).toEqual({ health: [{ name: 'record', isHealthy: true, detail: 'up to date' }] });
    replica.setHealth([{ name: 'record', isHealthy: true, detail: 'up to date' }]);
    expect(replica.takeChanges()).toBeUndefined();
  });

  it('follows the stage of a strategy and ignores an older change', () => {
    const activated = (stage: string, sizeFactor: string, sinceMs: number) => ({
      type: 'strategy',
      id: `strategy:x#${sinceMs}`,
      data: { strategy: 'x', version: 'v', account: 'paper', stage, sizeFactor, parameters: {}, sinceMs },
    });
    const replica = replicaOf(activated('canary', '0.1', 5), activated('paper', '0.5', 3));
    expect(replica.snapshot().strategies).toMatchObject([{ strategy: 'x', stage: 'canary', sizeFactor: '0.1' }]);
  });
});
