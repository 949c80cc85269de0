import { systemClock, sleep } from '../infra/clock.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { loadConfiguration } from '../infra/config.ts';
import { auditHash } from '../infra/control-store/audit.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { createDurable } from '../infra/durable.ts';
import type { Environment } from '../infra/env.ts';
import { ExchangeTruth } from '../infra/exchange-truth.ts';
import { createMessageBus } from '../infra/kafka.ts';
import { Ledger } from '../infra/ledger/ledger.ts';
import type { Log } from '../infra/log.ts';
import type { MessageBus } from '../infra/kafka.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import type { TradingState } from '../core/risk/decision.ts';
import { type Published, type QueryHistory, type StateChange, type Verification, verifyAll } from '../streams/verify.ts';
import { compareAudit } from '../streams/verify-audit.ts';
import { wireAccount } from './execution-wiring.ts';

/** The sources to compare besides the ledger; tests without a server leave it out. */
export interface VerifySources {
  readonly kafka: boolean;
  readonly clickhouse: boolean;
}

const ALL: VerifySources = { kafka: true, clickhouse: true };

/** `verify` over the real things: ledger, simulator, Kafka, ClickHouse and audit of this environment. */
export async function verifyEnvironment(environment: Environment, account: string, log: Log, sources: VerifySources = ALL): Promise<Verification> {
  const configuration = loadConfiguration(environment.configDir);
  const wiring = wireAccount(environment, configuration, account, { clock: systemClock, log, durable: createDurable() });
  const ledger = Ledger.openReadOnly(wiring.ledgerPath);
  const control = openHomeControlStore(environment, systemClock);
  const bus = sources.kafka ? createMessageBus(environment.kafkaBrokers, log) : undefined;
  const history = sources.clickhouse ? createClickhouse(environment.clickhouseUrl) : undefined;
  const { limits, quoteCurrency, instruments } = wiring.config;
  const isSimulated = configuration.venues.get(wiring.venueName)!.endpoint === 'simulator';
  const query: QueryHistory | undefined = history && ((sql, params) => history.queryRows(sql, params));
  try {
    return await verifyAll({
      account,
      quoteCurrency,
      instruments,
      limits,
      ledger,
      stateChanges: () => stateChanges(control, account),
      ...(isSimulated && { truth: new ExchangeTruth(environment.exchangeUrl, instruments) }),
      ...(bus && { published: publishedOn(bus) }),
      ...(query && { history: query, compareAudit: () => compareAudit({ store: control, query, hashOf: auditHash }) }),
      sleep,
    });
  } finally {
    await bus?.close();
    await history?.close();
    control.close();
    ledger.close();
  }
}

/** Trading states in force over time, from the audit: each entry says what held after it. */
function stateChanges(control: ControlStore, account: string): StateChange[] {
  const changes: StateChange[] = [];
  for (let after = 0; ; ) {
    const records = control.auditAfter(after);
    for (const { action, subject, detail, nowMs } of records) {
      if (subject !== account || action !== 'trading.set' || detail.before === detail.after) continue;
      changes.push({ state: detail.after as TradingState, atMs: nowMs });
    }
    const last = records.at(-1);
    if (!last) return changes;
    after = last.sequence;
  }
}

function publishedOn(bus: MessageBus): Published {
  return {
    async read(topic, key) {
      const found = new Map<string, { count: number; data: unknown }>();
      for (const { partition, low, high } of await bus.topicOffsets(topic)) {
        if (low === high) continue;
        await bus.readRange(topic, partition, low, high, (records) => {
          for (const record of records) {
            if (record.value === null || record.key?.toString() !== key) continue;
            const { id, data } = JSON.parse(record.value.toString()) as { id: string; data: unknown };
            found.set(id, { count: (found.get(id)?.count ?? 0) + 1, data });
          }
        });
      }
      return found;
    },
  };
}
