import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArtefacts } from '../../../infra/artefacts.ts';
import { systemClock } from '../../../infra/clock.ts';
import type { PromotionResult, PromotionView } from '../../../workflows/promote.ts';
import { type Approver, createApprover, openWorkflowBed, until, type WorkflowBed, writePolicy } from './fixture.ts';

/** Promotion on the real server: what people may and may not do, and what reaches the streams. */
describe('promote', () => {
  let bed: WorkflowBed;

  beforeAll(async () => {
    bed = await openWorkflowBed();
    await bed.controlStore.createUser({ name: 'victor', role: 'viewer', password: 'correct horse battery staple', by: 'test' });
    writePolicy(bed, 'quick');
    writePolicy(bed, 'impatient', { approval: { people: 2, deadlineMs: 1_000 } });
    writePolicy(bed, 'strict', { failedGates: 'block' });
    writePolicy(bed, 'long-live', { live: { sizeFactor: 1, watchMs: 60_000 } });
    await bed.startWorker('control');
  });
  afterAll(() => bed.close());

  /** New people for each test: a code that was used would make the next one wait for half a minute. */
  const people = async (prefix: string): Promise<[Approver, Approver]> => [
    await createApprover(bed, `${prefix}-alice`),
    await createApprover(bed, `${prefix}-bob`),
  ];
  const view = (handle: WorkflowHandle) => handle.query<PromotionView>('promotion');
  const waiting = (handle: WorkflowHandle) =>
    until(async () => {
      const seen = await view(handle);
      return seen.waiting && seen;
    });
  const approve = (handle: WorkflowHandle, approver: string, evidenceHash: string, code: string, updateId?: string) =>
    handle.executeUpdate('approve', { args: [{ approver, evidenceHash, code, note: 'looks right' }], ...(updateId ? { updateId } : {}) });

  it('goes live with two people, and each stage sends its size', async () => {
    const [alice, bob] = await people('live');
    const handle = await bed.start('promote', { strategy: 'trend-following', policy: 'quick' });
    const { evidenceHash, failedGates } = await waiting(handle);
    expect(failedGates).toEqual([expect.stringMatching(/^trades: .*, wanted at least 1000000$/)]);

    expect(await approve(handle, alice.name, evidenceHash, await alice.freshCode())).toMatchObject({ approvers: ['live-alice'], needed: 2 });
    expect(await approve(handle, bob.name, evidenceHash, await bob.freshCode())).toMatchObject({ approvers: ['live-alice', 'live-bob'] });
    const result = (await handle.result()) as PromotionResult;

    expect(result).toMatchObject({ strategy: 'trend-following', stage: 'live', policy: 'quick', approvers: ['live-alice', 'live-bob'], evidenceHash });
    const sent = (await bed.activations('trend-following')).filter(({ promotionId }) => promotionId === handle.firstExecutionRunId);
    expect(sent.map(({ stage, sizeFactor }) => `${stage} ${sizeFactor}`)).toEqual(['paper 0.5', 'canary 0.1', 'live 1']);
    const rows = await bed.history.queryRows<{ step: string; stage: string; actor: string }>(
      'SELECT step, stage, actor FROM promotions WHERE promotion_id = {id:String} ORDER BY sequence, event_id',
      { id: handle.firstExecutionRunId },
    );
    expect(rows.map(({ step, stage, actor }) => `${step} ${stage} ${actor}`)).toEqual([
      'gates candidate system',
      'stage paper system',
      'evidence paper system',
      'approve paper live-alice',
      'approve paper live-bob',
      'stage canary system',
      'stage live system',
    ]);
    const evidence = await openArtefacts(`${bed.homeDir}/artefacts`).getJson<{ promotion: { policyHash: string } }>(evidenceHash);
    expect(evidence.promotion.policyHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses whatever is not a fresh code of another approver for this evidence', async () => {
    const [alice, bob] = await people('refused');
    const handle = await bed.start('promote', { strategy: 'breakout', policy: 'quick' });
    const { evidenceHash } = await waiting(handle);
    const refusal = async (approver: string, hash: string, code: string) => {
      const error = await approve(handle, approver, hash, code).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
      return ((error as WorkflowUpdateFailedError).cause as ApplicationFailure).type;
    };
    const code = await alice.freshCode();
    const wrong = code === '000000' ? '000001' : '000000';

    expect(
      await refusal(
        alice.name,
        evidenceHash.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        code,
      ),
    ).toBe('EVIDENCE_MISMATCH');
    expect(await refusal(alice.name, evidenceHash, '12345')).toBe('BAD_INPUT');
    expect(await refusal(alice.name, evidenceHash, wrong)).toBe('BAD_CODE');
    expect(await refusal('victor', evidenceHash, code)).toBe('NOT_APPROVER');
    expect(await refusal('nobody', evidenceHash, code)).toBe('NOT_APPROVER');
    expect(await approve(handle, alice.name, evidenceHash, code)).toMatchObject({ approvers: [alice.name] });
    expect(await refusal(alice.name, evidenceHash, '123456')).toBe('SAME_APPROVER');
    expect(await refusal(bob.name, evidenceHash, code)).toBe('BAD_CODE');

    await handle.executeUpdate('reject', { args: [{ approver: bob.name, evidenceHash, code: await bob.freshCode(), note: 'not convinced' }] });
    expect(await handle.result()).toMatchObject({ stage: 'rejected', reason: `rejected by ${bob.name}: not convinced` });
    expect((await bed.activations('breakout')).map(({ stage, sizeFactor }) => `${stage} ${sizeFactor}`)).toEqual(['paper 0.5', 'rejected 0']);
  }, 90_000);

  it('takes the same Update once, and a used code for no other promotion', async () => {
    const [alice] = await people('once');
    const [first, second] = [await bed.start('promote', { policy: 'quick' }), await bed.start('promote', { policy: 'quick' })];
    const code = await alice.freshCode();
    const { evidenceHash } = await waiting(first);
    const answers = await Promise.all([approve(first, alice.name, evidenceHash, code, 'click-1'), approve(first, alice.name, evidenceHash, code, 'click-1')]);
    expect(answers).toEqual([expect.objectContaining({ approvers: [alice.name] }), expect.objectContaining({ approvers: [alice.name] })]);

    const other = await waiting(second);
    const error = await approve(second, alice.name, other.evidenceHash, code, 'click-1').catch((failure: unknown) => failure);
    expect(((error as WorkflowUpdateFailedError).cause as ApplicationFailure).type).toBe('CODE_USED');
    await Promise.all([first.cancel(), second.cancel()]);
    await Promise.allSettled([first.result(), second.result()]);
  }, 90_000);

  it('gives up when nobody decides in time', async () => {
    const handle = await bed.start('promote', { strategy: 'mean-reversion', policy: 'impatient' });
    expect(await handle.result()).toMatchObject({ stage: 'rejected', reason: 'nobody decided in time' });
    expect((await bed.activations('mean-reversion')).at(-1)).toMatchObject({ stage: 'rejected', sizeFactor: '0' });
  });

  it('stops at failed gates when the policy blocks, before anything trades', async () => {
    const before = (await bed.activations('trend-following')).length;
    const handle = await bed.start('promote', { policy: 'strict' });
    expect(await handle.result()).toMatchObject({ stage: 'rejected', reason: expect.stringMatching(/^failed gates: trades: .*, wanted at least 1000000$/) });
    expect((await bed.activations('trend-following')).slice(before).map(({ sizeFactor }) => sizeFactor)).toEqual(['0']);
  });

  it('takes a strategy off again by itself when it loses too much while live', async () => {
    const [alice, bob] = await people('loss');
    const handle = await bed.start('promote', { strategy: 'mean-reversion', policy: 'long-live' });
    const { evidenceHash } = await waiting(handle);
    await approve(handle, alice.name, evidenceHash, await alice.freshCode());
    await approve(handle, bob.name, evidenceHash, await bob.freshCode());
    await until(async () => (await view(handle)).stage === 'live');

    await bed.history.insertRows(
      'fills_log',
      [
        'event_id',
        'account',
        'sequence',
        'instrument',
        'trade_id',
        'strategy',
        'side',
        'price',
        'qty',
        'commission',
        'commission_asset',
        'liquidity',
        'event_time',
      ],
      [
        ['loss-1', 'paper', 900_000_001, 'sim:LOSS/USDT', 't1', 'mean-reversion', 'buy', '100', '2', '0.1', 'USDT', 'taker', systemClock.nowMs()],
        ['loss-2', 'paper', 900_000_002, 'sim:LOSS/USDT', 't2', 'mean-reversion', 'sell', '70', '2', '0.1', 'USDT', 'taker', systemClock.nowMs()],
      ],
    );
    expect(await handle.result()).toMatchObject({ stage: 'retired', profitQuote: -60.2, reason: 'live lost 60.20, more than the 50 allowed' });
    expect((await bed.activations('mean-reversion')).at(-1)).toMatchObject({ stage: 'retired', sizeFactor: '0' });
  }, 120_000);

  it('takes a strategy off when the promotion is cancelled', async () => {
    const handle = await bed.start('promote', { strategy: 'breakout', policy: 'quick' });
    await waiting(handle);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect((await bed.activations('breakout')).at(-1)).toMatchObject({ stage: 'retired', sizeFactor: '0' });
  });

  it.each([
    [{ strategy: 'no-such-strategy', policy: 'quick' }, 'UNKNOWN_STRATEGY'],
    [{ policy: 'no-such-policy' }, 'CONFIG_NOT_FOUND'],
    [{ policy: '../../etc/passwd' }, 'BAD_INPUT'],
    [{ surprise: 1 }, 'BAD_INPUT'],
  ])('a caller mistake fails at once with its code: %j', async (input, code) => {
    const handle = await bed.start('promote', input);
    const error = (await handle.result().catch((failure: unknown) => failure)) as WorkflowFailedError;
    expect(((error.cause as Error).cause as ApplicationFailure).type).toBe(code);
  });
});
