import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openControlStore } from '../../../infra/control-store/control-store.ts';
import { givenMasterKey } from '../../../infra/control-store/secrets.ts';
import { SESSION_IDLE_MS, SESSION_MAX_MS } from '../../../infra/control-store/sessions.ts';
import { TOTP_STEP_MS } from '../../../infra/control-store/totp.ts';
import { MAX_FAILURES, PASSWORD_LOCK_MS } from '../../../infra/control-store/users.ts';
import { createStore, enrol, PASSWORD, type StoreFixture } from './fixture.ts';

// A password hash takes a tenth of a second of a core by design, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

let fixture: StoreFixture;
beforeEach(() => {
  fixture = createStore();
  return () => {
    fixture.store.close();
    rmSync(fixture.dir, { recursive: true });
  };
});

describe('trading state', () => {
  it('is HALTED for an account nobody registered', () => {
    expect(fixture.store.tradingState('nobody').state).toBe('HALTED');
  });

  it('starts ACTIVE on the simulated venue and HALTED on a real one', () => {
    expect(fixture.store.registerAccount('paper', 'sim').state).toBe('ACTIVE');
    expect(fixture.store.registerAccount('main', 'binance').state).toBe('HALTED');
  });

  it('survives a restart: registering again lifts no halt', () => {
    fixture.store.registerAccount('paper', 'sim');
    fixture.store.setTradingState('paper', 'HALTED', 'FLAT ALL', 'ada');
    const other = fixture.reopen();
    expect(other.registerAccount('paper', 'sim')).toMatchObject({ state: 'HALTED', reason: 'FLAT ALL', by: 'ada' });
    other.close();
  });

  it('keeps a halt that came before the account was registered', () => {
    fixture.store.setTradingState('paper', 'HALTED', 'FLAT ALL', 'ada');
    expect(fixture.store.registerAccount('paper', 'sim').state).toBe('HALTED');
  });

  it('is never loosened but by ACTIVE, the explicit resume', () => {
    const severity = { ACTIVE: 0, REDUCING: 1, HALTED: 2 };
    const states = fc.constantFrom('ACTIVE' as const, 'REDUCING' as const, 'HALTED' as const);
    fixture.store.registerAccount('paper', 'sim');
    fc.assert(
      fc.property(states, (state) => {
        const before = fixture.store.tradingState('paper').state;
        const after = fixture.store.setTradingState('paper', state, 'test', 'test').state;
        expect(severity[after]).toBe(state === 'ACTIVE' ? 0 : Math.max(severity[before], severity[state]));
      }),
      { numRuns: 30 },
    );
  });
});

describe('passwords', () => {
  it('are accepted when right, and no other is', async () => {
    await enrol(fixture, 'ada', 'operator');
    expect(await fixture.store.verifyPassword('ada', PASSWORD)).toMatchObject({ isValid: true, user: { name: 'ada', role: 'operator' } });
    expect(await fixture.store.verifyPassword('ada', `${PASSWORD}!`)).toEqual({ isValid: false });
    expect(await fixture.store.verifyPassword('eve', PASSWORD)).toEqual({ isValid: false });
  });

  it('lock the account for a while after five failures, also when they come at once', async () => {
    await enrol(fixture, 'ada', 'operator');
    await Promise.all(Array.from({ length: MAX_FAILURES + 3 }, () => fixture.store.verifyPassword('ada', 'wrong wrong wrong')));
    expect(await fixture.store.verifyPassword('ada', PASSWORD)).toEqual({ isValid: false });
    fixture.clock.advance(PASSWORD_LOCK_MS);
    expect(await fixture.store.verifyPassword('ada', PASSWORD)).toMatchObject({ isValid: true });
  });

  it('are counted from nought after a success', async () => {
    await enrol(fixture, 'ada', 'operator');
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < MAX_FAILURES - 1; i++) await fixture.store.verifyPassword('ada', 'wrong wrong wrong');
      expect(await fixture.store.verifyPassword('ada', PASSWORD)).toMatchObject({ isValid: true });
    }
  });

  it('are stored as argon2id with at least 46 MiB', async () => {
    await enrol(fixture, 'ada', 'operator');
    const db = new DatabaseSync(fixture.path, { readOnly: true });
    const { password_hash: hash } = db.prepare('SELECT password_hash FROM users').get() as { password_hash: string };
    db.close();
    expect(hash).toMatch(/^\$argon2id\$/);
    expect(Number(/m=(\d+)/.exec(hash)![1])).toBeGreaterThanOrEqual(46 * 1024);
  });

  it.each([
    ['ada', 'short', 'WEAK_PASSWORD'],
    ['ada', 'my name is ada1', 'WEAK_PASSWORD'],
    ['ada', 'aaaaaaaaaaaaaaaa', 'WEAK_PASSWORD'],
    ['Ada', PASSWORD, 'BAD_USER_NAME'],
    ['../ada', PASSWORD, 'BAD_USER_NAME'],
  ])('refuse user %j with password %j: %s', async (name, password, code) => {
    await expect(fixture.store.createUser({ name, role: 'viewer', password, by: 'test' })).rejects.toMatchObject({ code });
    expect(fixture.store.listUsers()).toEqual([]);
  });

  it('refuse a name that is taken', async () => {
    await enrol(fixture, 'ada', 'viewer');
    await expect(fixture.store.createUser({ name: 'ada', role: 'admin', password: PASSWORD, by: 'test' })).rejects.toMatchObject({ code: 'USER_EXISTS' });
    expect(fixture.store.user('ada')?.role).toBe('viewer');
  });
});

describe('sessions', () => {
  beforeEach(() => enrol(fixture, 'ada', 'operator'));

  it('are new at each sign-in and know their user', () => {
    const [first, second] = [fixture.store.openSession('ada'), fixture.store.openSession('ada')];
    expect(first).not.toBe(second);
    expect(fixture.store.session(first)).toMatchObject({ user: 'ada', role: 'operator' });
    expect(fixture.store.session(first)!.csrfToken).not.toBe(fixture.store.session(second)!.csrfToken);
  });

  it('end at sign-out, and only the one that signed out', () => {
    const [first, second] = [fixture.store.openSession('ada'), fixture.store.openSession('ada')];
    fixture.store.closeSession(first);
    expect(fixture.store.session(first)).toBeUndefined();
    expect(fixture.store.session(second)).toBeDefined();
  });

  it.each(['lock', 'role'])('end when the user gets a new %s', (change) => {
    const token = fixture.store.openSession('ada');
    if (change === 'lock') fixture.store.lockUser('ada', 'test');
    else fixture.store.setRole('ada', 'viewer', 'test');
    expect(fixture.store.session(token)).toBeUndefined();
    if (change === 'lock') fixture.store.unlockUser('ada', 'test');
    expect(fixture.store.session(token)).toBeUndefined();
  });

  it('end after an hour without a request', () => {
    const token = fixture.store.openSession('ada');
    fixture.clock.advance(SESSION_IDLE_MS - 1);
    expect(fixture.store.session(token)).toBeDefined();
    fixture.clock.advance(SESSION_IDLE_MS - 1);
    expect(fixture.store.session(token)).toBeDefined();
    fixture.clock.advance(SESSION_IDLE_MS);
    expect(fixture.store.session(token)).toBeUndefined();
  });

  it('end after twelve hours whatever happens', () => {
    const token = fixture.store.openSession('ada');
    const stepMs = SESSION_IDLE_MS / 2;
    for (let ms = stepMs; ms < SESSION_MAX_MS; ms += stepMs) {
      fixture.clock.advance(stepMs);
      expect(fixture.store.session(token)).toBeDefined();
    }
    fixture.clock.advance(stepMs);
    expect(fixture.store.session(token)).toBeUndefined();
  });

  it('cannot be taken from the file', () => {
    const token = fixture.store.openSession('ada');
    fixture.store.close();
    expect(readFileSync(fixture.path).includes(token)).toBe(false);
    (fixture as { store: unknown }).store = fixture.reopen();
  });
});

describe('TOTP codes', () => {
  it('are accepted once, whatever the order of attempts', async () => {
    const ada = await enrol(fixture, 'ada', 'operator');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: 1, maxLength: 12 }), (pausesMs) => {
        fixture.store.unlockUser('ada', 'test');
        fixture.clock.advance(3 * TOTP_STEP_MS);
        const accepted = new Set<string>();
        for (const pauseMs of pausesMs) {
          fixture.clock.advance(pauseMs);
          const code = ada.code();
          const result = fixture.store.consumeTotp('ada', code, fixture.clock.nowMs());
          if (result.accepted) {
            expect(accepted.has(`${result.step}`)).toBe(false);
            accepted.add(`${result.step}`);
          }
        }
        expect(accepted.size).toBeGreaterThan(0);
      }),
      { numRuns: 15 },
    );
  });

  it('are refused after five failures, the right one too, until the user is unlocked', async () => {
    const ada = await enrol(fixture, 'ada', 'operator');
    const wrong = ada.code() === '000000' ? '000001' : '000000';
    for (let i = 0; i < MAX_FAILURES; i++) expect(fixture.store.consumeTotp('ada', wrong, fixture.clock.nowMs())).toMatchObject({ code: 'BAD_CODE' });
    expect(fixture.store.consumeTotp('ada', ada.code(), fixture.clock.nowMs())).toEqual({ accepted: false, code: 'LOCKED' });
    fixture.store.unlockUser('ada', 'test');
    expect(fixture.store.consumeTotp('ada', ada.code(), fixture.clock.nowMs())).toMatchObject({ accepted: true });
  });
});

describe('approvals', () => {
  const request = (approver: string, code: string) => ({
    approver,
    code,
    updateId: 'update-1',
    evidenceHash: 'e'.repeat(64),
    promotionId: 'promotion-1',
    decision: 'approve' as const,
    note: 'looks sound',
    nowMs: fixture.clock.nowMs(),
  });

  it('succeed again for the same Update, however late, as a retried activity needs', async () => {
    const ada = await enrol(fixture, 'ada', 'approver');
    const first = request('ada', ada.code());
    expect(fixture.store.consumeApproval(first)).toEqual({ accepted: true });
    fixture.clock.advance(3_600_000);
    expect(fixture.store.consumeApproval({ ...first, nowMs: fixture.clock.nowMs() })).toEqual({ accepted: true });
    expect(fixture.store.auditAfter(0).filter((record) => record.action === 'approval.approve')).toHaveLength(1);
  });

  it('fail for any other use of the code', async () => {
    const ada = await enrol(fixture, 'ada', 'approver');
    const first = request('ada', ada.code());
    fixture.store.consumeApproval(first);
    expect(fixture.store.consumeApproval({ ...first, updateId: 'update-2' })).toEqual({ accepted: false, code: 'CODE_USED' });
    for (const other of [{ evidenceHash: 'f'.repeat(64) }, { promotionId: 'promotion-2' }, { decision: 'reject' as const }, { code: '000000' }]) {
      expect(fixture.store.consumeApproval({ ...first, ...other })).toEqual({ accepted: false, code: 'UPDATE_REUSED' });
    }
  });

  it('fail with a code that was used for FLAT ALL', async () => {
    const ada = await enrol(fixture, 'ada', 'approver');
    expect(fixture.store.consumeTotp('ada', ada.code(), fixture.clock.nowMs())).toMatchObject({ accepted: true });
    expect(fixture.store.consumeApproval(request('ada', ada.code()))).toEqual({ accepted: false, code: 'CODE_USED' });
  });

  it.each(['viewer', 'operator'] as const)('need an approver: a %s is refused and the code stays unused', async (role) => {
    const ada = await enrol(fixture, 'ada', role);
    expect(fixture.store.consumeApproval(request('ada', ada.code()))).toEqual({ accepted: false, code: 'NOT_APPROVER' });
    expect(fixture.store.consumeTotp('ada', ada.code(), fixture.clock.nowMs())).toMatchObject({ accepted: true });
  });

  it('lock the approver after five wrong codes', async () => {
    const ada = await enrol(fixture, 'ada', 'approver');
    const wrong = ada.code() === '000000' ? '000001' : '000000';
    for (let i = 0; i < MAX_FAILURES; i++)
      expect(fixture.store.consumeApproval({ ...request('ada', wrong), updateId: `guess-${i}` })).toMatchObject({ code: 'BAD_CODE' });
    expect(fixture.store.consumeApproval(request('ada', ada.code()))).toEqual({ accepted: false, code: 'LOCKED' });
  });
});

describe('secrets', () => {
  it('come back as they went in, the newest version', () => {
    fixture.store.setSecret('binance-key', 'first', 'test');
    fixture.store.setSecret('binance-key', 'sécond', 'test');
    expect(fixture.store.getSecret('binance-key')).toBe('sécond');
    expect(fixture.store.getSecret('other')).toBeUndefined();
    expect(fixture.store.secretNames()).toEqual(['binance-key']);
  });

  it('are neither in the database file nor in the audit', () => {
    fixture.store.setSecret('binance-key', 'do-not-find-me', 'test');
    const audit = JSON.stringify(fixture.store.auditAfter(0));
    fixture.store.close();
    expect(readFileSync(fixture.path).includes('do-not-find-me')).toBe(false);
    expect(audit).not.toContain('do-not-find-me');
    (fixture as { store: unknown }).store = fixture.reopen();
  });

  it('cannot be read by others: database and key are 0600', () => {
    fixture.store.setSecret('binance-key', 'value', 'test');
    for (const file of [fixture.path, join(fixture.dir, 'master.key')]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('do not open under another name or version', () => {
    fixture.store.setSecret('low', 'a', 'test');
    fixture.store.setSecret('high', 'b', 'test');
    const db = new DatabaseSync(fixture.path);
    db.exec(`UPDATE secrets SET (wrapped_key, sealed) = (SELECT wrapped_key, sealed FROM secrets WHERE name = 'high') WHERE name = 'low'`);
    db.close();
    expect(() => fixture.store.getSecret('low')).toThrowError(expect.objectContaining({ code: 'SECRET_DAMAGED' }));
  });

  it('say so when the master key is gone, and never make a new one over sealed secrets', () => {
    fixture.store.setSecret('low', 'a', 'test');
    rmSync(join(fixture.dir, 'master.key'));
    const other = fixture.reopen();
    expect(() => other.getSecret('low')).toThrowError(expect.objectContaining({ code: 'MASTER_KEY_MISSING' }));
    expect(() => other.setSecret('low', 'b', 'test')).toThrowError(expect.objectContaining({ code: 'MASTER_KEY_MISSING' }));
    other.close();
  });

  it('say so when the master key is another', () => {
    fixture.store.setSecret('low', 'a', 'test');
    const other = openControlStore(fixture.path, { clock: fixture.clock, masterKey: givenMasterKey('ab'.repeat(32)) });
    expect(() => other.getSecret('low')).toThrowError(expect.objectContaining({ code: 'MASTER_KEY_MISMATCH' }));
    other.close();
    writeFileSync(join(fixture.dir, 'master.key'), 'rubbish');
    const third = fixture.reopen();
    expect(() => third.getSecret('low')).toThrowError(expect.objectContaining({ code: 'BAD_MASTER_KEY' }));
    third.close();
  });

  it('cannot take the place of a TOTP secret', () => {
    expect(() => fixture.store.setSecret('totp:ada', 'x', 'test')).toThrowError(expect.objectContaining({ code: 'BAD_SECRET_NAME' }));
  });
});

describe('trials', () => {
  it('are counted per family for ever, each run once', () => {
    fixture.store.addTrials('trend-following', 40, 'evolve-1/0');
    fixture.store.addTrials('trend-following', 40, 'evolve-1/0');
    fixture.store.addTrials('trend-following', 2, 'evolve-1/1');
    fixture.store.addTrials('breakout', 7, 'evolve-1/0');
    expect(fixture.store.trialCount('trend-following')).toBe(42);
    expect(fixture.store.trialCount('breakout')).toBe(7);
    expect(fixture.store.trialCount('other')).toBe(0);
  });
});

describe('audit', () => {
  const fill = (count: number) => {
    for (let i = 1; i <= count; i++) fixture.store.appendAudit({ actor: 'ada', action: 'test', subject: `s${i}`, detail: { i }, nowMs: i });
  };
  const tamper = (sql: string) => {
    const db = new DatabaseSync(fixture.path);
    db.exec('DROP TRIGGER IF EXISTS audit_is_append_only_update; DROP TRIGGER IF EXISTS audit_is_append_only_delete');
    db.exec(sql);
    db.close();
  };

  it('is intact when left alone', () => {
    expect(fixture.store.verifyAudit()).toMatchObject({ isIntact: true, count: 0 });
    fill(20);
    expect(fixture.store.verifyAudit()).toMatchObject({ isIntact: true, count: 20 });
  });

  it.each(['ts_ms = ts_ms + 1', "actor = 'eve'", "action = 'other'", "subject = 'x'", `detail = '{"i":9}'`, "hash = ''"])(
    'finds row 7 after SET %s',
    (change) => {
      fill(20);
      tamper(`UPDATE audit SET ${change} WHERE sequence = 7`);
      expect(fixture.store.verifyAudit()).toEqual({ isIntact: false, sequence: 7, fault: 'edited' });
    },
  );

  it('finds the place of a deleted row, the last ones too', () => {
    fill(20);
    tamper('DELETE FROM audit WHERE sequence > 18');
    expect(fixture.store.verifyAudit()).toEqual({ isIntact: false, sequence: 19, fault: 'truncated' });
    tamper('DELETE FROM audit WHERE sequence = 7');
    expect(fixture.store.verifyAudit()).toEqual({ isIntact: false, sequence: 7, fault: 'missing' });
  });

  it('cannot be changed by ordinary means', () => {
    fill(3);
    const db = new DatabaseSync(fixture.path);
    expect(() => db.exec("UPDATE audit SET actor = 'eve'")).toThrow('append-only');
    expect(() => db.exec('DELETE FROM audit')).toThrow('append-only');
    db.close();
  });

  it('holds a record of every change and of nothing secret', async () => {
    const ada = await enrol(fixture, 'ada', 'admin');
    fixture.store.registerAccount('paper', 'sim');
    fixture.store.setTradingState('paper', 'HALTED', 'test', 'ada');
    fixture.store.lockUser('ada', 'bob');
    fixture.store.unlockUser('ada', 'bob');
    fixture.store.setSecret('key', 'value', 'ada');
    expect(fixture.store.auditAfter(0).map((record) => record.action)).toEqual([
      'user.add',
      'trading.register',
      'trading.set',
      'user.lock',
      'user.unlock',
      'secret.set',
    ]);
    expect(JSON.stringify(fixture.store.auditAfter(0))).not.toContain(ada.code());
    expect(fixture.store.verifyAudit()).toMatchObject({ isIntact: true, count: 6 });
  });
});
