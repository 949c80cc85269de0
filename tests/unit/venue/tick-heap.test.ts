import { expect, test } from 'vitest';
import { syntheticDepth } from '../../../bench/synthetic-ticks.ts';
import { TickMarketMaker } from '../../../core/engine/tick-market-maker.ts';
import { TickReplay, type TickReplayConfig } from '../../../core/engine/tick-replay.ts';
import { withFeedLatency } from '../../../core/market/event-columns.ts';

const EVENTS = 200_000;
const CONFIG: TickReplayConfig = {
  slotCount: 2,
  queue: { type: 'probabilistic', shape: 'power', exponent: 3 },
  orderEntry: { type: 'constant', latencyMs: 5 },
  orderResponse: { type: 'constant', latencyMs: 5 },
};

/** Bytes that stand on the heap after a run and did not before it, in some attempts: now and then something is collected in between. */
function heapGrowths(work: () => void): number[] {
  return Array.from({ length: 6 }, () => {
    const before = process.memoryUsage().heapUsed;
    work();
    return process.memoryUsage().heapUsed - before;
  });
}

test('a replay with queue positions, latencies and quotes allocates nothing per event', () => {
  const columns = withFeedLatency(syntheticDepth(EVENTS), () => 3);
  const run = () => {
    const replay = new TickReplay(CONFIG, new TickMarketMaker({ halfSpreadTicks: 0.5, skewTicksPerLot: 0.05, quoteLots: 5, positionLotsMax: 50 }));
    const { fills, requestCount } = replay.run(columns);
    expect(fills.length).toBeGreaterThan(100);
    expect(requestCount).toBeGreaterThan(1_000);
  };
  run();
  run();
  const growths = heapGrowths(run).filter((bytes) => bytes >= 0);
  // One boxed number an event would be 16 bytes.
  expect(Math.min(...growths) / EVENTS).toBeLessThan(2);
});

test('the measure sees one small object an event', () => {
  const kept: Array<{ at: number }> = new Array(EVENTS);
  const growths = heapGrowths(() => {
    for (let at = 0; at < EVENTS; at++) kept[at] = { at };
  });
  expect(kept[EVENTS - 1]!.at).toBe(EVENTS - 1);
  expect(Math.max(...growths) / EVENTS).toBeGreaterThan(8);
});
