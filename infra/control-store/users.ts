import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import argon2 from 'argon2';
import { TouchstoneError } from '../../core/errors.ts';
import { ROLES, type Role } from '../../schemas/http.ts';
import { insertAudit } from './audit.ts';
import { immediate } from './database.ts';
import type { SecretBox } from './secrets.ts';
import { encodeBase32, matchTotp, otpauthUri } from './totp.ts';

export function hasRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly isLocked: boolean;
  /** Five wrong codes in a row: none is taken any more until the user is unlocked. */
  readonly isTotpLocked: boolean;
  readonly createdMs: number;
}

export interface NewUser {
  readonly name: string;
  readonly role: Role;
  readonly password: string;
  readonly by: string;
}

/** Shown once, to be typed or scanned into an authenticator app; the store keeps it sealed. */
export interface Enrolment {
  readonly user: User;
  readonly totpSecret: string;
  readonly otpauthUri: string;
}

/** One answer for an unknown name, a wrong password and a locked account, so that none can be told from another. */
export type PasswordCheck = { readonly isValid: true; readonly user: User } | { readonly isValid: false };
export type TotpCheck =
  | { readonly accepted: true; readonly step: number }
  | { readonly accepted: false; readonly code: 'BAD_CODE' | 'CODE_USED' | 'LOCKED' | 'UNKNOWN_USER' };

export const MAX_FAILURES = 5;
/** Long enough to make guessing hopeless, short enough that a stranger cannot keep the desk out for the day; `user unlock` ends it. */
export const PASSWORD_LOCK_MS = 15 * 60_000;
export const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 200;
const TOTP_SECRET_BYTES = 20;
/** OWASP ASVS 5.0, Appendix C asks for at least t=1, m=46 MiB, p=1. */
const ARGON2_OPTIONS = { type: argon2.argon2id, memoryCost: 64 * 1024, timeCost: 2, parallelism: 1 } as const;

interface UserRow {
  name: string;
  role: Role;
  password_hash: string;
  password_failures: number;
  password_locked_until_ms: number;
  totp_failures: number;
  totp_last_step: number;
  is_locked: number;
  created_ms: number;
}

const totpSecretName = (user: string) => `totp:${user}`;

/** People: who they are, what they may do, and the two things they prove it with. */
export class Users {
  private readonly db: DatabaseSync;
  private readonly secrets: SecretBox;
  /** Verified against when the name is unknown, so that a stranger's name takes as long as a friend's. */
  private decoyHash: Promise<string> | undefined;

  constructor(db: DatabaseSync, secrets: SecretBox) {
    this.db = db;
    this.secrets = secrets;
  }

  /** @throws TouchstoneError BAD_USER_NAME, BAD_ROLE, WEAK_PASSWORD, USER_EXISTS */
  async create(wanted: NewUser, nowMs: number): Promise<Enrolment> {
    const { name, role, password, by } = wanted;
    if (!/^[a-z][a-z0-9._-]{1,31}$/.test(name))
      throw new TouchstoneError('BAD_USER_NAME', 'a user name is 2 to 32 of a-z, 0-9, . _ - and begins with a letter');
    checkRole(role);
    checkPassword(password, name);
    if (this.row(name)) throw new TouchstoneError('USER_EXISTS', `there is a user ${name} already`);
    const passwordHash = await argon2.hash(password, ARGON2_OPTIONS);
    const secret = randomBytes(TOTP_SECRET_BYTES);
    return immediate(this.db, () => {
      const inserted = this.db
        .prepare('INSERT INTO users (name, role, password_hash, created_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
        .run(name, role, passwordHash, nowMs);
      if (inserted.changes === 0) throw new TouchstoneError('USER_EXISTS', `there is a user ${name} already`);
      this.secrets.put(totpSecretName(name), secret, nowMs);
      insertAudit(this.db, { actor: by, action: 'user.add', subject: name, detail: { role }, nowMs });
      return { user: this.get(name)!, totpSecret: encodeBase32(secret), otpauthUri: otpauthUri(name, secret) };
    });
  }

  get(name: string): User | undefined {
    const row = this.row(name);
    return row && toUser(row);
  }

  list(): User[] {
    return (this.db.prepare('SELECT * FROM users ORDER BY name').all() as unknown as UserRow[]).map(toUser);
  }

  /** A changed role ends the user's sessions. @throws TouchstoneError UNKNOWN_USER, BAD_ROLE */
  setRole(name: string, role: Role, by: string, nowMs: number): void {
    checkRole(role);
    this.change(name, { actor: by, action: 'user.role', subject: name, detail: { role }, nowMs }, () => {
      this.db.prepare('UPDATE users SET role = ? WHERE name = ?').run(role, name);
      this.endSessions(name);
    });
  }

  /** @throws TouchstoneError UNKNOWN_USER */
  lock(name: string, by: string, nowMs: number): void {
    this.change(name, { actor: by, action: 'user.lock', subject: name, detail: {}, nowMs }, () => {
      this.db.prepare('UPDATE users SET is_locked = 1 WHERE name = ?').run(name);
      this.endSessions(name);
    });
  }

  /** Lifts a lock of any cause. @throws TouchstoneError UNKNOWN_USER */
  unlock(name: string, by: string, nowMs: number): void {
    this.change(name, { actor: by, action: 'user.unlock', subject: name, detail: {}, nowMs }, () => {
      this.db.prepare('UPDATE users SET is_locked = 0, password_failures = 0, password_locked_until_ms = 0, totp_failures = 0 WHERE name = ?').run(name);
    });
  }

  /** Five failures lock the account for `PASSWORD_LOCK_MS`. The failure is counted before the hash is computed, so parallel guesses count too. */
  async verifyPassword(name: string, password: string, nowMs: number): Promise<PasswordCheck> {
    const candidate = password.slice(0, MAX_PASSWORD_LENGTH + 1);
    const row = immediate(this.db, () => this.reserveAttempt(name, nowMs));
    this.decoyHash ??= argon2.hash(randomBytes(16), ARGON2_OPTIONS);
    const isRight = await argon2.verify(row?.password_hash ?? (await this.decoyHash), candidate);
    if (!row || !isRight) return { isValid: false };
    this.db.prepare('UPDATE users SET password_failures = 0, password_locked_until_ms = 0 WHERE name = ?').run(name);
    return { isValid: true, user: toUser(row) };
  }

  /** Counts an attempt and answers the row to check it against; undefined when no password would be taken. */
  private reserveAttempt(name: string, nowMs: number): UserRow | undefined {
    const row = this.row(name);
    if (!row || row.is_locked || nowMs < row.password_locked_until_ms) return undefined;
    const failures = row.password_failures + 1;
    const isLast = failures >= MAX_FAILURES;
    this.db
      .prepare('UPDATE users SET password_failures = ?, password_locked_until_ms = ? WHERE name = ?')
      .run(isLast ? 0 : failures, isLast ? nowMs + PASSWORD_LOCK_MS : 0, name);
    if (isLast) insertAudit(this.db, { actor: 'system', action: 'user.passwordLock', subject: name, detail: { untilMs: nowMs + PASSWORD_LOCK_MS }, nowMs });
    return row;
  }

  /** Takes a code once: the step it belongs to is compared and set. */
  consumeTotp(name: string, code: string, nowMs: number): TotpCheck {
    return immediate(this.db, () => this.takeTotp(name, code, nowMs));
  }

  /** `consumeTotp` for a caller that holds the write transaction. */
  takeTotp(name: string, code: string, nowMs: number): TotpCheck {
    const row = this.row(name);
    const secret = row && this.totpSecret(name);
    if (!row || !secret) return { accepted: false, code: 'UNKNOWN_USER' };
    if (row.is_locked || row.totp_failures >= MAX_FAILURES) return { accepted: false, code: 'LOCKED' };
    const step = matchTotp(secret, code, nowMs);
    if (step !== undefined && step > row.totp_last_step) {
      this.db.prepare('UPDATE users SET totp_last_step = ?, totp_failures = 0 WHERE name = ?').run(step, name);
      return { accepted: true, step };
    }
    this.db.prepare('UPDATE users SET totp_failures = totp_failures + 1 WHERE name = ?').run(name);
    if (row.totp_failures + 1 >= MAX_FAILURES) insertAudit(this.db, { actor: 'system', action: 'user.totpLock', subject: name, detail: {}, nowMs });
    return { accepted: false, code: step === undefined ? 'BAD_CODE' : 'CODE_USED' };
  }

  totpSecret(name: string): Buffer | undefined {
    return this.secrets.get(totpSecretName(name));
  }

  private change(name: string, audit: Parameters<typeof insertAudit>[1], write: () => void): void {
    immediate(this.db, () => {
      if (!this.row(name)) throw new TouchstoneError('UNKNOWN_USER', `there is no user ${name}`);
      write();
      insertAudit(this.db, audit);
    });
  }

  private endSessions(name: string): void {
    this.db.prepare('DELETE FROM sessions WHERE user = ?').run(name);
  }

  private row(name: string): UserRow | undefined {
    return this.db.prepare('SELECT * FROM users WHERE name = ?').get(name) as unknown as UserRow | undefined;
  }
}

function toUser(row: UserRow): User {
  return { name: row.name, role: row.role, isLocked: row.is_locked === 1, isTotpLocked: row.totp_failures >= MAX_FAILURES, createdMs: row.created_ms };
}

function checkRole(role: string): void {
  if (!(ROLES as readonly string[]).includes(role)) throw new TouchstoneError('BAD_ROLE', `a role is one of ${ROLES.join(', ')}`);
}

function checkPassword(password: string, name: string): void {
  if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH)
    throw new TouchstoneError('WEAK_PASSWORD', `a password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
  if (password.toLowerCase().includes(name) || new Set(password).size < 5)
    throw new TouchstoneError('WEAK_PASSWORD', 'a password does not contain the user name and is not a few characters over and over');
}
