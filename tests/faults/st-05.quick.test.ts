import { expect, it } from 'vitest';
import type { Signal } from '../../core/execution/signal.ts';
import { systemClock } from '../../infra/clock.ts';
import { BTC, ETH, type ExecutionBed, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const BACKLOG = 5_000;
const AWAY_MS = 600_000;
const MAX_AGE_MS = 10_000;

/** What was decided about a signal, in the order of decisions. */
function decisions(bed: ExecutionBed, { signalId }: Pick<Signal, 'signalId'>): readonly string[] {
  return bed
    .events()
    .filter(({ type, data }) => type === 'riskDecision' && data.signalId === signalId)
    .map(({ data }) => (data.approved ? 'APPROVED' : String(data.code)));
}

const startOf = (mutant: string | undefined): Record<string, string> => (mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });

/** 5,000 signals of the ten minutes that nobody consumed, then a fresh one, all waiting when the process starts. */
async function backlog(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  const nowMs = systemClock.nowMs();
  const aged = Array.from({ length: BACKLOG }, (_, i) => ({
    target: i % 2 ? '0.02' : '0.01',
    strategy: `strategy-${i % 5}`,
    // From ten minutes ago to just past the limit.
    eventTimeMs: nowMs - AWAY_MS + Math.floor((i * (AWAY_MS - MAX_AGE_MS - 1_000)) / BACKLOG),
    maxAgeMs: MAX_AGE_MS,
  }));
  const old: Signal[] = [];
  for (let i = 0; i < BACKLOG; i += 1_000) old.push(...(await bed.signals(aged.slice(i, i + 1_000))));
  const fresh = await bed.signal('0.05', { maxAgeMs: 120_000 });
  if (mutant === undefined) {
    const tooOld = old.filter(({ eventTimeMs, maxAgeMs }) => systemClock.nowMs() - eventTimeMs > maxAgeMs);
    faultProven(tooOld.length === BACKLOG, `${BACKLOG} signals older than ${MAX_AGE_MS} ms wait in Kafka before a fresh one`);
  }
  await bed.startReady(startOf(mutant));
  await bed.until('the fresh signal is decided', () => decisions(bed, fresh).length > 0, 60_000);
  await bed.quiet();

  const byId = new Map<unknown, unknown[]>(old.map(({ signalId }) => [signalId, []]));
  for (const { type, data } of bed.events()) if (type === 'riskDecision') byId.get(data.signalId)?.push(data.code);
  expect([...byId.values()].filter((codes) => codes.length !== 1 || codes[0] !== 'STALE')).toEqual([]);
  expect(decisions(bed, fresh)).toEqual(['APPROVED']);
  expect(await bed.placements()).toHaveLength(1);
  expect(bed.orders().map(({ order }) => order.signalId)).toEqual([fresh.signalId]);
  expect(Number(bed.positions()[BTC])).toBeGreaterThan(0);
}

/** The venue answers 429 and asks for silence; of two signals that come meanwhile one outlives it. */
async function rateLimited(mutant?: string): Promise<void> {
  const silenceMs = 4_000;
  const bed = await startExecutionBed();
  await bed.startReady(startOf(mutant));
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'rate_limit', ms: silenceMs, forMs: silenceMs, times: 1 });
  const first = await bed.signal('0.05');
  await bed.until('the venue refuses', async () => (await bed.placements()).some(({ status }) => status === 429));
  const refusedMs = systemClock.monotonicMs();
  const shortLived = await bed.signal('0.03', { strategy: 'short-lived', maxAgeMs: 1_000 });
  const longLived = await bed.signal('0.5', { strategy: 'long-lived', instrument: ETH, maxAgeMs: 120_000 });
  await bed.until('both are decided', () => [shortLived, longLived].every((signal) => decisions(bed, signal).length > 0), 60_000);
  const waitedMs = systemClock.monotonicMs() - refusedMs;
  if (mutant === undefined) faultProven(waitedMs > 1_000, `the venue asked for silence, and signals waited ${Math.round(waitedMs)} ms for it`);
  await bed.quiet();

  expect(decisions(bed, shortLived)).toEqual(['STALE']);
  expect(decisions(bed, longLived)).toEqual(['APPROVED']);
  const sent = (await bed.placements()).filter(({ status }) => status === 200);
  expect(sent.map(({ params }) => params.symbol)).toEqual(['ETHUSDT']);
  expect(bed.orders().find(({ order }) => order.signalId === first.signalId)?.order.status).toBe('ABANDONED');
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('ST-05: a backlog of old signals is refused one by one as STALE, and the fresh one trades', () => backlog());
it('ST-05: the age is looked at again after the venue asked for silence', () => rateLimited());
it('ST-05: and the test fails when signals have no age', () => mutantFailed('signals never grow old', () => backlog('ageless')));
it('ST-05: and fails when age is not looked at after a wait', () => mutantFailed('signals that waited never grow old', () => rateLimited('ageless')));
