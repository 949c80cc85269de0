import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { auditHash } from '../../../infra/control-store/audit.ts';
import { sleep } from '../../../infra/clock.ts';
import type { MessageBus } from '../../../infra/kafka.ts';
import { auditEventId } from '../../../schemas/rows.ts';
import { type ControlCursor, startControlRelay } from '../../../streams/control.ts';
import { compareAudit } from '../../../streams/verify-audit.ts';
import { eventually, historyClient, streamBed } from '../../setup/streams.ts';
import { createStore, type StoreFixture } from '../../unit/control-store/fixture.ts';

interface Told {
  readonly key: string;
  readonly id: string;
  readonly state: string;
}

async function readControl(bus: MessageBus, account: string): Promise<Told[]> {
  const told: Told[] = [];
  for (const { partition, low, high } of await bus.topicOffsets('control')) {
    if (low === high) continue;
    await bus.readRange('control', partition, low, high, (records) => {
      for (const { key, value } of records) {
        if (value === null || key?.toString() !== `trading-state:${account}`) continue;
        const { id, type, data } = JSON.parse(value.toString()) as { id: string; type: string; data: { state: string } };
        expect(type).toBe('tradingState');
        told.push({ key: key.toString(), id, state: data.state });
      }
    });
  }
  return told;
}

/** A control store of its own, and its relay to this run's Kafka and ClickHouse. */
async function bed() {
  const { bus, producer, log, run } = await streamBed();
  const history = historyClient();
  const fixture = createStore();
  onTestFinished(() => fixture.store.close());
  const cursor: { value?: ControlCursor } = {};
  const start = (broken: { history?: boolean } = {}) =>
    startControlRelay({
      store: fixture.store,
      producer,
      history: broken.history ? { ...history, queryRows: () => Promise.reject(new Error('ClickHouse is away')) } : history,
      cursor: { load: () => cursor.value, save: (value) => void Object.assign(cursor, { value }) },
      log,
      sleep: (_ms, signal) => sleep(20, signal),
    });
  const compare = () => compareAudit({ store: fixture.store, query: (sql, params) => history.queryRows(sql, params), hashOf: auditHash });
  return { bus, history, fixture, start, compare, account: `paper-${run}`, forgetCursor: () => void delete cursor.value };
}

function halt(fixture: StoreFixture, account: string, state: 'ACTIVE' | 'HALTED', reason: string): void {
  fixture.clock.advance(1_000);
  fixture.store.setTradingState(account, state, reason, 'ada');
}

describe('changes of the control store are told to everyone', () => {
  it('topic control carries every change of trading state, in order, and repeats only what it said before', async () => {
    const { bus, fixture, start, account, forgetCursor } = await bed();
    fixture.store.registerAccount(account, 'sim');
    const first = start({ history: true });
    await eventually('the registration is told while ClickHouse is away', async () => (await readControl(bus, account)).length > 0);
    halt(fixture, account, 'HALTED', 'a drill');
    halt(fixture, account, 'HALTED', 'pressed again: no change');
    halt(fixture, account, 'ACTIVE', 'all clear');
    await eventually('three states', async () => new Set((await readControl(bus, account)).map(({ id }) => id)).size === 3);
    await first.stop();

    // Changes while no relay runs, and a start that has forgotten how far it was.
    halt(fixture, account, 'HALTED', 'for the night');
    forgetCursor();
    const second = start({ history: true });
    await eventually('four states', async () => new Set((await readControl(bus, account)).map(({ id }) => id)).size === 4);
    await second.stop();
    const told = await readControl(bus, account);
    const distinct = [...new Map(told.map((message) => [message.id, message])).values()];
    expect(distinct.map(({ state }) => state)).toEqual(['ACTIVE', 'HALTED', 'ACTIVE', 'HALTED']);
    expect(told.at(-1)).toMatchObject({ key: `trading-state:${account}`, state: 'HALTED' });
  });

  it('ClickHouse has every audit record once, however often the relay starts', async () => {
    const { history, fixture, start, compare, account } = await bed();
    fixture.store.registerAccount(account, 'sim');
    halt(fixture, account, 'HALTED', 'ünïcode and "quotes"');
    for (let starts = 0; starts < 2; starts++) {
      const relay = start();
      await eventually('the whole chain is copied', async () => (await compare()).fault === undefined);
      await relay.stop();
    }
    const chain = auditEventId(fixture.store.auditAfter(0, 1)[0]!.hash);
    const [row] = await history.queryRows<{ n: string }>('SELECT count() AS n FROM audit_log WHERE startsWith(event_id, {chain:String})', { chain });
    expect(Number(row!.n)).toBe(2);
    expect(await compare()).toMatchObject({ records: 2, headHash: fixture.store.auditAfter(1, 1)[0]!.hash });
  });
});

describe('verify finds what was done to the audit, and says where', () => {
  async function copiedChain() {
    const { history, fixture, start, compare, account } = await bed();
    fixture.store.registerAccount(account, 'sim');
    for (let i = 0; i < 4; i++) halt(fixture, account, i % 2 ? 'ACTIVE' : 'HALTED', `change ${i}`);
    const relay = start();
    await eventually('the whole chain is copied', async () => (await compare()).fault === undefined);
    await relay.stop();
    const chain = auditEventId(fixture.store.auditAfter(0, 1)[0]!.hash);
    const where = `WHERE sequence = 3 AND startsWith(event_id, '${chain}') SETTINGS mutations_sync = 2`;
    return { history, fixture, compare, where, account };
  }

  /** As someone with the file and SQL would, past the triggers. */
  function tamper(fixture: StoreFixture, sql: string): void {
    const db = new DatabaseSync(fixture.path);
    db.exec('DROP TRIGGER audit_is_append_only_update; DROP TRIGGER audit_is_append_only_delete');
    db.exec(sql);
    db.close();
  }

  it('a record edited in ClickHouse', async () => {
    const { history, compare, where } = await copiedChain();
    await history.command(`ALTER TABLE audit_log UPDATE actor = 'nobody' ${where}`);
    expect((await compare()).fault).toBe('record 3 in ClickHouse was edited');
  });

  it('a record deleted in ClickHouse', async () => {
    const { history, compare, where } = await copiedChain();
    await history.command(`ALTER TABLE audit_log DELETE ${where}`);
    expect((await compare()).fault).toBe('record 3 is missing in ClickHouse');
  });

  it('a record edited in the store', async () => {
    const { fixture, compare } = await copiedChain();
    tamper(fixture, "UPDATE audit SET actor = 'nobody' WHERE sequence = 3");
    expect((await compare()).fault).toBe('record 3 of the control store: edited');
  });

  it('a record deleted in the store', async () => {
    const { fixture, compare } = await copiedChain();
    tamper(fixture, 'DELETE FROM audit WHERE sequence = 3');
    expect((await compare()).fault).toBe('record 3 of the control store: missing');
  });

  it('the newest records cut off, with the head moved back', async () => {
    const { fixture, compare } = await copiedChain();
    const { hash } = fixture.store.auditAfter(3, 1)[0]!;
    tamper(fixture, `DELETE FROM audit WHERE sequence > 4; UPDATE audit_head SET sequence = 4, hash = '${hash}'`);
    expect(fixture.store.verifyAudit().isIntact).toBe(true);
    expect((await compare()).fault).toBe('record 5 of the control store is missing: ClickHouse has it');
  });

  it('a chain rewritten from some record on, sound in itself', async () => {
    const { fixture, compare, account } = await copiedChain();
    const { hash } = fixture.store.auditAfter(1, 1)[0]!;
    tamper(fixture, `DELETE FROM audit WHERE sequence > 2; UPDATE audit_head SET sequence = 2, hash = '${hash}'`);
    for (let i = 0; i < 3; i++) fixture.store.setTradingState(account, 'HALTED', 'it was always like this', 'mallory');
    expect(fixture.store.verifyAudit().isIntact).toBe(true);
    expect((await compare()).fault).toBe('record 3 of the control store was rewritten');
  });
});
