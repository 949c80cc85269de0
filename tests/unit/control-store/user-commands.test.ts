import { rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutputStreams } from '../../../cli/output.ts';
import { runProgram } from '../../../cli/program.ts';
import { registerUsers } from '../../../cli/users.ts';
import { totpCode, totpStep } from '../../../infra/control-store/totp.ts';
import { createStore, decodeBase32, PASSWORD, type StoreFixture } from './fixture.ts';

// A password hash takes a tenth of a second of a core by design, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

let fixture: StoreFixture;
beforeEach(() => {
  fixture = createStore();
});
afterEach(() => {
  fixture.store.close();
  rmSync(fixture.dir, { recursive: true });
});

async function touchstone(args: readonly string[], input = '') {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') } as unknown as OutputStreams;
  const stdin = Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false }) as unknown as NodeJS.ReadStream;
  const deps = { streams, stdin, actor: 'test', openControlStore: fixture.reopen };
  const status = await runProgram(args, [(program) => registerUsers(program, deps)], '0', streams);
  return { status, ...written };
}

describe('touchstone user', () => {
  it('adds a user whose password and authenticator secret work', async () => {
    const { status, stdout } = await touchstone(['user', 'add', 'ada', '--role', 'approver', '--password-stdin', '--json'], `${PASSWORD}\n`);
    expect(status).toBe(0);
    const added = JSON.parse(stdout);
    expect(added).toMatchObject({ name: 'ada', role: 'approver' });
    expect(await fixture.store.verifyPassword('ada', PASSWORD)).toMatchObject({ isValid: true });
    const nowMs = fixture.clock.nowMs();
    expect(fixture.store.consumeTotp('ada', totpCode(decodeBase32(added.totpSecret), totpStep(nowMs)), nowMs)).toMatchObject({ accepted: true });
    expect(new URL(added.otpauthUri).searchParams.get('secret')).toBe(added.totpSecret);
  });

  it('lists, locks, unlocks and changes roles', async () => {
    await touchstone(['user', 'add', 'ada', '--password-stdin'], PASSWORD);
    await touchstone(['user', 'lock', 'ada']);
    expect(JSON.parse((await touchstone(['user', 'list', '--json'])).stdout)).toMatchObject([{ name: 'ada', role: 'viewer', isLocked: true }]);
    await touchstone(['user', 'unlock', 'ada']);
    await touchstone(['user', 'role', 'ada', 'admin']);
    expect(fixture.store.user('ada')).toMatchObject({ role: 'admin', isLocked: false });
  });

  it.each([
    [['user', 'add', 'ada', '--password-stdin'], 'short', 1, 'WEAK_PASSWORD'],
    [['user', 'add', 'ada', '--password-stdin'], '', 1, 'NO_INPUT'],
    [['user', 'add', 'ada'], PASSWORD, 1, 'NO_TERMINAL'],
    [['user', 'add', 'A/b', '--password-stdin'], PASSWORD, 1, 'BAD_USER_NAME'],
    [['user', 'lock', 'nobody'], '', 1, 'UNKNOWN_USER'],
    [['user', 'role', 'nobody', 'king'], '', 1, 'BAD_ROLE'],
    [['secret', 'set', 'Bad Name'], 'x', 1, 'BAD_SECRET_NAME'],
  ] as const)('%j with input %j ends with status %i and %s', async (args, input, status, code) => {
    const result = await touchstone(args, input);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(new RegExp(`^error ${code}: [^\n]+\n$`));
    expect(fixture.store.listUsers()).toEqual([]);
  });

  it('knows no way to give a password on the command line', async () => {
    expect((await touchstone(['user', 'add', 'ada', '--password', PASSWORD])).status).toBe(2);
  });
});

describe('touchstone secret', () => {
  it('seals what stands on standard input and shows only names', async () => {
    const { stdout } = await touchstone(['secret', 'set', 'binance-api-key'], 'do-not-show\n');
    expect(fixture.store.getSecret('binance-api-key')).toBe('do-not-show');
    const list = await touchstone(['secret', 'list']);
    expect(list.stdout).toContain('binance-api-key');
    expect(stdout + list.stdout).not.toContain('do-not-show');
  });
});
