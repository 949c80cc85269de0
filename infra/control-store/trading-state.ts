import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';
import type { TradingState } from '../../core/risk/decision.ts';
import { insertAudit } from './audit.ts';
import { immediate } from './database.ts';

export interface TradingStateRow {
  readonly account: string;
  readonly state: TradingState;
  readonly reason: string;
  readonly by: string;
  readonly sinceMs: number;
}

const COLUMNS = 'account, state, reason, by, since_ms AS sinceMs';
const SEVERITY: Readonly<Record<TradingState, number>> = { ACTIVE: 0, REDUCING: 1, HALTED: 2 };

/**
 * May an account trade? Read before each send, so the statement is kept. An account the store does not know is HALTED:
 * only `register` brings one in, ACTIVE on the simulated venue and HALTED anywhere else, until a person resumes it.
 */
export class TradingStates {
  private readonly db: DatabaseSync;
  private readonly selectOne: StatementSync;

  constructor(db: DatabaseSync) {
    this.db = db;
    this.selectOne = db.prepare(`SELECT ${COLUMNS} FROM trading_state WHERE account = ?`);
  }

  get(account: string): TradingStateRow {
    const row = this.selectOne.get(account) as unknown as TradingStateRow | undefined;
    return row ?? { account, state: 'HALTED', reason: 'the account was never registered', by: 'system', sinceMs: 0 };
  }

  all(): TradingStateRow[] {
    return this.db.prepare(`SELECT ${COLUMNS} FROM trading_state ORDER BY account`).all() as unknown as TradingStateRow[];
  }

  register(account: string, venue: string, nowMs: number): TradingStateRow {
    const state = venue === 'sim' ? 'ACTIVE' : 'HALTED';
    const reason = venue === 'sim' ? 'new account on the simulated venue' : `new account on ${venue}: a person must resume it`;
    return immediate(this.db, () => {
      const inserted = this.db
        .prepare('INSERT INTO trading_state (account, state, reason, by, since_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
        .run(account, state, reason, 'system', nowMs);
      if (inserted.changes > 0)
        insertAudit(this.db, { actor: 'system', action: 'trading.register', subject: account, detail: { venue, state, reason }, nowMs });
      return this.get(account);
    });
  }

  /**
   * HALTED and REDUCING only ever tighten: a daily-loss limit that asks for REDUCING does not lift a person's halt. ACTIVE is
   * the explicit resume and lifts both; who may ask for it is the caller's check. Every call is audited, the fifth press as the first.
   * @returns the state now in force
   */
  set(account: string, state: TradingState, reason: string, by: string, nowMs: number): TradingStateRow {
    if (!(state in SEVERITY)) throw new TouchstoneError('BAD_TRADING_STATE', `not a trading state: ${String(state)}`);
    return immediate(this.db, () => {
      const current = this.get(account);
      const next = state === 'ACTIVE' || SEVERITY[state] > SEVERITY[current.state] ? state : current.state;
      const isKnown = this.selectOne.get(account) !== undefined;
      if (next !== current.state || !isKnown) {
        this.db
          .prepare(
            `INSERT INTO trading_state (account, state, reason, by, since_ms) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (account) DO UPDATE SET state = excluded.state, reason = excluded.reason, by = excluded.by, since_ms = excluded.since_ms`,
          )
          .run(account, next, reason.slice(0, 400), by.slice(0, 80), nowMs);
      }
      const now = this.get(account);
      insertAudit(this.db, {
        actor: by,
        action: 'trading.set',
        subject: account,
        detail: { asked: state, reason, before: current.state, after: now.state },
        nowMs,
      });
      return now;
    });
  }
}
