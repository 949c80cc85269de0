import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WorkflowType, workflowInputs } from '../../../schemas/workflows.ts';
import type { NightlyStep } from '../../../workflows/nightly.ts';
import type { Status } from '../../../workflows/progress.ts';
import type { PromotionView } from '../../../workflows/promote.ts';
import { type Approver, createApprover, openWorkflowBed, until, type WorkflowBed, writePolicy } from './fixture.ts';
import { writeMarket } from './market.ts';

/**
 * What a person does who types a workflow's name into Temporal's UI and nothing else: every type starts with no input at all, ends well, answers
 * `status` and sets its search attributes. A type error in workflow code would show here as a workflow that never ends.
 *
 * With RECORD_HISTORIES=1 the histories are kept as the fixtures that `replay.test.ts` replays.
 */
const RECORDING = process.env.RECORD_HISTORIES === '1';

describe('every workflow type, with no input', () => {
  let bed: WorkflowBed;
  let people: Approver[];

  beforeAll(async () => {
    bed = await openWorkflowBed();
    writePolicy(bed, 'demo');
    const dataDir = join(bed.homeDir, 'data');
    writeMarket(dataDir, 1_800, { symbol: 'BTCUSDT', seed: 1 });
    writeMarket(dataDir, 1_800, { symbol: 'ETHUSDT', seed: 2 });
    people = [await createApprover(bed, 'first'), await createApprover(bed, 'second')];
    bed.controlStore.registerAccount('paper', 'sim');
    await Promise.all([bed.startExchange(), bed.startWorker('control'), bed.startWorker('research', { TOUCHSTONE_DATA: dataDir })]);
  });
  afterAll(() => bed.close());

  /** What a person has to do while a type runs. */
  const attend: Partial<Record<WorkflowType, (handle: WorkflowHandle) => Promise<void>>> = {
    async promote(handle) {
      const { evidenceHash } = await until(async () => {
        const view = await handle.query<PromotionView>('promotion');
        return view.waiting && view;
      });
      for (const { name, freshCode } of people) await handle.executeUpdate('approve', { args: [{ approver: name, evidenceHash, code: await freshCode() }] });
    },
  };

  it.each(Object.keys(workflowInputs) as WorkflowType[])(
    '%s',
    async (type) => {
      const handle = await bed.start(type);
      await attend[type]?.(handle);
      const result = await handle.result();
      expect(result).toBeTypeOf('object');
      const status = await handle.query<Status>('status');
      expect(status.stage).not.toBe('starting');
      expect(status.done).toBe(status.total);
      const { searchAttributes } = await handle.describe();
      expect(searchAttributes.Stage).toEqual([status.stage]);
      expect((searchAttributes.Symbol ?? searchAttributes.Strategy)?.[0]).toBeTruthy();
      if (type === 'nightly') expect((result as { steps: NightlyStep[] }).steps.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
      if (!RECORDING) return;
      await record(type, handle);
      // What `retrain` does under any other id is to hand over to the workflow that owns the model.
      if (type === 'retrain') await record('retrain-owner', bed.client.workflow.getHandle('retrain-lstm-direction'));
    },
    180_000,
  );
});

async function record(name: string, handle: WorkflowHandle): Promise<void> {
  const folder = resolve('tests/fixtures/histories');
  mkdirSync(folder, { recursive: true });
  const history = await handle.fetchHistory();
  writeFileSync(join(folder, `${name}.bin`), proto.temporal.api.history.v1.History.encode(history).finish());
}
