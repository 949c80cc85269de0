import { join } from 'node:path';
import { ScheduleOverlapPolicy, type WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../infra/clock.ts';
import type { Status } from '../../workflows/progress.ts';
import { openWorkflowBed, until, type WorkflowBed } from '../integration/workflows/fixture.ts';
import { writeMarket } from '../integration/workflows/market.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { startTemporal, type TestTemporal } from '../setup/temporal.ts';

/**
 * OR-04, with seconds for minutes: a Schedule fires faster than a training lasts, and the server goes away for longer than the catch-up window.
 * One model is never trained twice at once (by workflow id, so whatever the overlap policy), what was skipped is counted, and there is no storm.
 */
const INSTRUMENT = 'binance:SCHEDULE/USDT';
const EVERY_MS = 2_000;
const CATCHUP_WINDOW_MS = 10_000;
const SERVER_DOWN_MS = 30_000;

describe('OR-04 schedule overlap and catch-up', () => {
  let temporal: TestTemporal;
  let bed: WorkflowBed;

  beforeAll(async () => {
    temporal = await startTemporal();
    bed = await openWorkflowBed({ TEMPORAL_ADDRESS: temporal.address });
    writeMarket(join(bed.homeDir, 'data'), 1_800, { symbol: 'SCHEDULEUSDT' });
    await bed.startWorker('research', { TOUCHSTONE_DATA: join(bed.homeDir, 'data') });
    // History is there before the first firing, so that every run trains.
    await (await bed.start('backfill', { instruments: [INSTRUMENT], source: 'files' }, 'research')).result();
  }, 180_000);
  afterAll(async () => {
    await bed.close();
    await temporal.close();
  });

  const schedule = (model: string, overlap: ScheduleOverlapPolicy) =>
    bed.client.schedule.create({
      scheduleId: `every-${model}`,
      spec: { intervals: [{ every: EVERY_MS }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'retrain',
        workflowId: `scheduled-${model}`,
        taskQueue: 'research',
        args: [{ model, instrument: INSTRUMENT, interval: '1h', maxBars: 1_500, epochs: 3 }],
      },
      policies: { overlap, catchupWindow: CATCHUP_WINDOW_MS },
      state: { triggerImmediately: true },
    });

  /** Runs of the workflow that owns a model, oldest first. */
  async function trainings(model: string) {
    const runs: { startMs: number; closeMs: number }[] = [];
    for await (const { startTime, closeTime } of bed.client.workflow.list({ query: `WorkflowId = 'retrain-${model}'` })) {
      runs.push({ startMs: startTime.getTime(), closeMs: closeTime?.getTime() ?? Number.POSITIVE_INFINITY });
    }
    return runs.sort((a, b) => a.startMs - b.startMs);
  }

  /** Runs that the schedule started for firings that fell into a time. */
  async function scheduledBetween(model: string, fromMs: number, toMs: number): Promise<number> {
    const iso = (timeMs: number) => new Date(timeMs).toISOString();
    const query = `TemporalScheduledById = 'every-${model}' AND TemporalScheduledStartTime BETWEEN '${iso(fromMs)}' AND '${iso(toMs)}'`;
    let count = 0;
    for await (const _ of bed.client.workflow.list({ query })) count++;
    return count;
  }

  async function expectOneAtATime(model: string): Promise<void> {
    const runs = await trainings(model);
    expect(runs.length).toBeGreaterThan(0);
    for (let i = 1; i < runs.length; i++) expect(runs[i]!.startMs).toBeGreaterThanOrEqual(runs[i - 1]!.closeMs);
  }

  it('skips are counted, a person is refused with a code, and after an outage at most one run is made up for', async () => {
    const handle = await schedule('skipping', ScheduleOverlapPolicy.SKIP);
    const owner = bed.client.workflow.getHandle('retrain-skipping');
    await until(async () => (await owner.query<Status>('status').catch(() => undefined))?.stage === 'training', 60_000);
    const byHand = (await (await bed.start('retrain', { model: 'skipping' }, 'research')).result().catch((error: unknown) => error)) as WorkflowFailedError;
    expect((byHand.cause as ApplicationFailure).type).toBe('ALREADY_RUNNING');

    await temporal.kill();
    const downMs = systemClock.nowMs();
    await expect(handle.describe()).rejects.toThrow();
    await sleep(SERVER_DOWN_MS);
    const upMs = systemClock.nowMs();
    await temporal.start();
    const after = await until(async () => {
      const { info } = await handle.describe();
      return info.numActionsMissedCatchupWindow > 0 && info;
    }, 60_000);
    faultProven(after.numActionsMissedCatchupWindow > 0, `${after.numActionsMissedCatchupWindow} firings fell into the outage`);
    // Several firings lie within the catch-up window; runs that were due later are none of the outage's.
    expect(await scheduledBetween('skipping', downMs, upMs)).toBeLessThanOrEqual(1);
    await until(async () => (await handle.describe()).info.numActionsSkippedOverlap > 0, 60_000);
    await handle.delete();
    await expectOneAtATime('skipping');
  }, 300_000);

  it('one model is trained once at a time even when the schedule lets runs overlap; then no skip is counted', async () => {
    const handle = await schedule('overlapping', ScheduleOverlapPolicy.ALLOW_ALL);
    await until(async () => (await handle.describe()).info.numActionsTaken >= 4, 60_000);
    const { info } = await handle.describe();
    await handle.delete();
    await expectOneAtATime('overlapping');
    await mutantFailed('overlap allowed', async () => expect(info.numActionsSkippedOverlap).toBeGreaterThan(0));
  }, 180_000);
});
