import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';
import type { TradingState } from '../../core/risk/decision.ts';
import type { Role } from '../../schemas/http.ts';
import type { Clock } from '../clock.ts';
import { type ApprovalOutcome, type ApprovalRequest, consumeApproval } from './approvals.ts';
import { type AuditEntry, type AuditRecord, type AuditVerification, checkAudit, insertAudit, selectAudit } from './audit.ts';
import { immediate, openDatabase } from './database.ts';
import { givenMasterKey, type MasterKeySource, masterKeyFile, SecretBox } from './secrets.ts';
import { type Session, Sessions } from './sessions.ts';
import { type TradingStateRow, TradingStates } from './trading-state.ts';
import { type Enrolment, type NewUser, type PasswordCheck, type TotpCheck, type User, Users } from './users.ts';

/** Without a colon: the names with one are the store's own (`totp:<user>`). */
const SECRET_NAME = /^[a-z][a-z0-9._-]{0,63}$/;
const MAX_SECRET_LENGTH = 16_384;

export interface ControlStoreDeps {
  readonly clock: Clock;
  /** Asked for only when a secret is first sealed or opened: reading the trading state needs no key. */
  readonly masterKey: MasterKeySource;
}

/**
 * The truth on who may do what and whether an account may trade: trading state, users, sessions, approvals, sealed secrets,
 * trial counts and the hash-chained audit, in one SQLite file that several processes open. Every change and its audit
 * record are one transaction.
 */
export class ControlStore {
  private readonly db: DatabaseSync;
  private readonly clock: Clock;
  private readonly trading: TradingStates;
  private readonly secretBox: SecretBox;
  private readonly users: Users;
  private readonly sessions: Sessions;

  constructor(db: DatabaseSync, deps: ControlStoreDeps) {
    this.db = db;
    this.clock = deps.clock;
    this.trading = new TradingStates(db);
    this.secretBox = new SecretBox(db, deps.masterKey);
    this.users = new Users(db, this.secretBox);
    this.sessions = new Sessions(db);
  }

  // Trading state

  /** HALTED for an account that was never registered. */
  tradingState(account: string): TradingStateRow {
    return this.trading.get(account);
  }

  tradingStates(): TradingStateRow[] {
    return this.trading.all();
  }

  /** Brings a new account in: ACTIVE on venue `sim`, HALTED on any other. Leaves an account that is there as it is. */
  registerAccount(account: string, venue: string): TradingStateRow {
    return this.trading.register(account, venue, this.clock.nowMs());
  }

  /** HALTED and REDUCING tighten only; ACTIVE is a person's resume. @returns the state now in force */
  setTradingState(account: string, state: TradingState, reason: string, by: string): TradingStateRow {
    return this.trading.set(account, state, reason, by, this.clock.nowMs());
  }

  // People

  /** @throws TouchstoneError BAD_USER_NAME, BAD_ROLE, WEAK_PASSWORD, USER_EXISTS */
  createUser(user: NewUser): Promise<Enrolment> {
    return this.users.create(user, this.clock.nowMs());
  }

  user(name: string): User | undefined {
    return this.users.get(name);
  }

  listUsers(): User[] {
    return this.users.list();
  }

  setRole(name: string, role: Role, by: string): void {
    this.users.setRole(name, role, by, this.clock.nowMs());
  }

  lockUser(name: string, by: string): void {
    this.users.lock(name, by, this.clock.nowMs());
  }

  unlockUser(name: string, by: string): void {
    this.users.unlock(name, by, this.clock.nowMs());
  }

  verifyPassword(name: string, password: string): Promise<PasswordCheck> {
    return this.users.verifyPassword(name, password, this.clock.nowMs());
  }

  /** Takes a TOTP code once. */
  consumeTotp(name: string, code: string, nowMs: number): TotpCheck {
    return this.users.consumeTotp(name, code, nowMs);
  }

  /** Takes a TOTP code as an approval or rejection, once an Update; see `consumeApproval`. */
  consumeApproval(request: ApprovalRequest): ApprovalOutcome {
    return consumeApproval(this.db, this.users, request);
  }

  /** @returns the token for the cookie; it is stored hashed and cannot be read again */
  openSession(user: string): string {
    return this.sessions.open(user, this.clock.nowMs());
  }

  session(token: string): Session | undefined {
    return this.sessions.find(token, this.clock.nowMs());
  }

  closeSession(token: string): void {
    this.sessions.close(token);
  }

  // Secrets

  /** Seals a new version; earlier versions stay for what still runs with them. @throws TouchstoneError BAD_SECRET_NAME, BAD_SECRET */
  setSecret(name: string, value: string, by: string): void {
    if (!SECRET_NAME.test(name)) throw new TouchstoneError('BAD_SECRET_NAME', 'a secret name is 1 to 64 of a-z, 0-9, . _ - and begins with a letter');
    if (value === '' || value.length > MAX_SECRET_LENGTH) throw new TouchstoneError('BAD_SECRET', `a secret has 1 to ${MAX_SECRET_LENGTH} characters`);
    const nowMs = this.clock.nowMs();
    immediate(this.db, () => {
      const version = this.secretBox.put(name, Buffer.from(value), nowMs);
      insertAudit(this.db, { actor: by, action: 'secret.set', subject: name, detail: { version }, nowMs });
    });
  }

  /** @throws TouchstoneError SECRET_DAMAGED, MASTER_KEY_MISSING, MASTER_KEY_MISMATCH */
  getSecret(name: string): string | undefined {
    return this.secretBox.get(name)?.toString();
  }

  secretNames(): string[] {
    return this.secretBox.names().filter((name) => SECRET_NAME.test(name));
  }

  // Trials

  /** Counts trials of a strategy family for ever; the same run (or chunk of a run) twice counts once. */
  addTrials(family: string, count: number, runId: string): void {
    this.db
      .prepare('INSERT INTO trials (family, run_id, count, added_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
      .run(family, runId, count, this.clock.nowMs());
  }

  trialCount(family: string): number {
    const row = this.db.prepare('SELECT coalesce(sum(count), 0) AS count FROM trials WHERE family = ?').get(family) as { count: number };
    return row.count;
  }

  // Audit

  appendAudit(entry: AuditEntry): AuditRecord {
    return immediate(this.db, () => insertAudit(this.db, entry));
  }

  auditAfter(sequence: number, limit = 1000): AuditRecord[] {
    return selectAudit(this.db, sequence, limit);
  }

  verifyAudit(): AuditVerification {
    return checkAudit(this.db);
  }

  close(): void {
    this.db.close();
  }
}

/** @throws TouchstoneError CONTROL_STORE_NEWER */
export function openControlStore(path: string, deps: ControlStoreDeps): ControlStore {
  return new ControlStore(openDatabase(path), deps);
}

/** The control store of this checkout: `<home>/control.db`, its master key from the environment or `<home>/master.key`. */
export function openHomeControlStore(environment: { readonly homeDir: string; readonly masterKeyHex: string | undefined }, clock: Clock): ControlStore {
  const { homeDir, masterKeyHex } = environment;
  const masterKey = masterKeyHex === undefined ? masterKeyFile(join(homeDir, 'master.key')) : givenMasterKey(masterKeyHex);
  return openControlStore(join(homeDir, 'control.db'), { clock, masterKey });
}
