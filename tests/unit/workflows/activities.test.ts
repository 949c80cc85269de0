import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBars, encodeBars } from '../../../activities/dataset.ts';
import { compareDecisions, type Decision } from '../../../activities/parity-compare.ts';
import { createActivities } from '../../../activities/resolve-input.ts';
import { readsOnlyBars } from '../../../core/engine/analyse-stand-ins.ts';
import { TouchstoneError } from '../../../core/errors.ts';
import { resolveParameters } from '../../../core/indicators/indicator.ts';
import { barColumns } from '../../../core/market/bars.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import { openFence } from '../../../infra/fence.ts';
import { toFailure } from '../../../infra/temporal.ts';
import { type WorkflowType, workflowInputs } from '../../../schemas/workflows.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const { resolveInput } = createActivities({ clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 } });

describe('resolveInput', () => {
  it.each(Object.keys(workflowInputs) as WorkflowType[])('%s: no input at all is a whole input', async (type) => {
    const resolved = await resolveInput(type, undefined);
    expect(Object.values(resolved).every((value) => value !== undefined)).toBe(true);
    expect(await resolveInput(type, JSON.parse(JSON.stringify(resolved)))).toEqual(resolved);
  });

  it('takes times as ISO 8601 and as milliseconds', async () => {
    const { fromMs, toMs } = await resolveInput('backtest', { fromMs: '2021-03-01', toMs: '2021-03-01T12:00:00Z' });
    expect([fromMs, toMs]).toEqual([Date.UTC(2021, 2, 1), Date.UTC(2021, 2, 1, 12)]);
  });

  it('a report without a range is of the time until now', async () => {
    expect(await resolveInput('dailyReport', {})).toMatchObject({ fromMs: NOW_MS - 86_400_000, toMs: NOW_MS });
  });

  it.each([
    ['backtest', { surprise: 1 }],
    ['backtest', { instrument: 'BTCUSDT' }],
    ['evolve', { populationSize: 10, eliteCount: 10 }],
    ['walkForward', { fromMs: '2021-01-02', toMs: '2021-01-01' }],
    ['backtest', { strategy: '../../etc/passwd' }],
  ] as const)('%s refuses %j with one code', async (type, input) => {
    await expect(resolveInput(type, input)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('bars as an artefact', () => {
  it('come back bit for bit', () => {
    const bar = fc.record({ openTimeMs: fc.nat(), open: fc.double(), high: fc.double(), low: fc.double(), close: fc.double(), volume: fc.double() });
    fc.assert(
      fc.property(fc.array(bar), (bars) => {
        const columns = barColumns(bars);
        expect(decodeBars(encodeBars(columns))).toEqual(columns);
      }),
    );
  });
});

describe('the fence', () => {
  it('lets the newest attempt write and refuses earlier ones, across openings', () => {
    const dir = mkdtempSync(join(tmpdir(), 'touchstone-fence-'));
    const [first, second] = [openFence(join(dir, 'fences.db')), openFence(join(dir, 'fences.db'))];
    first.pass('training a', 1);
    first.pass('training a', 1);
    second.pass('training a', 2);
    expect(() => first.pass('training a', 1)).toThrow(expect.objectContaining({ code: 'FENCED' }));
    first.pass('training b', 1);
    second.pass('training a', 2);
    first.close();
    second.close();
    rmSync(dir, { recursive: true });
  });
});

describe('errors as Temporal failures', () => {
  it('keep their code, and are retried only when they say so', () => {
    expect(toFailure(new TouchstoneError('NO_DATA', 'none'))).toMatchObject({ type: 'NO_DATA', nonRetryable: true });
    expect(toFailure(new TouchstoneError('CLICKHOUSE_UNAVAILABLE', 'down', { retryable: true }))).toMatchObject({ nonRetryable: false });
    expect(toFailure(new TypeError('x is not a function'))).toBeInstanceOf(ApplicationFailure);
    const network = new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
    expect(toFailure(network)).toBe(network);
  });
});

describe('comparing decisions', () => {
  const decision = (n: number, targetQty = '1'): Decision => ({
    signalId: `s${n}`,
    instrument: 'sim:BTC/USDT',
    triggerEventId: `e${n}`,
    eventTimeMs: n * 60_000,
    targetQty,
  });
  const live = (n: number, targetQty = '1', version = 'v1') => ({ ...decision(n, targetQty), version });

  it('are equal by id and size, however the decimal is written', () => {
    const { counts } = compareDecisions([live(1, '1.50000000')], { version: 'v1', decisions: [decision(1, '1.5')] }, []);
    expect(counts).toEqual({ compared: 1, onlyLive: 0, onlyReplay: 0, different: 0, notComparable: 0 });
  });

  it('every kind of difference is counted once and named', () => {
    const replayed = { version: 'v1', decisions: [decision(1), decision(2, '2'), decision(4)] };
    const { counts, differences } = compareDecisions([live(1), live(2), live(3), live(5, '1', 'v0')], replayed, []);
    expect(counts).toEqual({ compared: 3, onlyLive: 1, onlyReplay: 1, different: 1, notComparable: 1 });
    expect(differences.map(({ signalId }) => signalId)).toEqual(['s2', 's3', 's4']);
  });

  it('what fell into a change of stage is left out on both sides', () => {
    const { counts } = compareDecisions([live(1)], { version: 'v1', decisions: [decision(1, '2')] }, [60_000]);
    expect(counts).toMatchObject({ compared: 0, different: 0, onlyReplay: 0, notComparable: 1 });
  });

  it('is claimed of no strategy that reads more than bars', () => {
    const blind = STRATEGIES.filter((definition) => {
      const { parameters, create } = definition;
      return !readsOnlyBars(create(resolveParameters(definition.type, parameters, {}), 'sim:A/USDT', ['sim:A/USDT', 'sim:B/USDT']));
    });
    expect(blind.map(({ type }) => type).sort()).toEqual([
      'alpha-3',
      'cross-exchange-arbitrage',
      'funding-arbitrage',
      'market-making',
      'order-book-imbalance',
      'router',
    ]);
  });
});
