import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../infra/clock.ts';
import { type ControlStore, openControlStore } from '../../../infra/control-store/control-store.ts';
import { masterKeyFile } from '../../../infra/control-store/secrets.ts';
import { totpCode, totpStep } from '../../../infra/control-store/totp.ts';

export class ManualClock implements Clock {
  private ms: number;

  constructor(startMs = Date.UTC(2026, 0, 5, 12)) {
    this.ms = startMs;
  }

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  advance(byMs: number): void {
    this.ms += byMs;
  }
}

export interface StoreFixture {
  readonly dir: string;
  readonly path: string;
  readonly clock: ManualClock;
  readonly store: ControlStore;
  reopen(): ControlStore;
}

export function createStore(): StoreFixture {
  const dir = mkdtempSync(join(tmpdir(), 'touchstone-control-'));
  const path = join(dir, 'control.db');
  const clock = new ManualClock();
  const reopen = () => openControlStore(path, { clock, masterKey: masterKeyFile(join(dir, 'master.key')) });
  return { dir, path, clock, store: reopen(), reopen };
}

export const PASSWORD = 'correct horse battery';

/** A user and a function that gives the code shown on the user's phone now. */
export async function enrol(fixture: StoreFixture, name: string, role: 'viewer' | 'operator' | 'approver' | 'admin') {
  const { totpSecret } = await fixture.store.createUser({ name, role, password: PASSWORD, by: 'test' });
  const secret = decodeBase32(totpSecret);
  return { name, code: (atMs = fixture.clock.nowMs()) => totpCode(secret, totpStep(atMs)) };
}

export function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}
