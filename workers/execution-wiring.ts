import { join } from 'node:path';
import { TouchstoneError } from '../core/errors.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import { Rng } from '../core/random.ts';
import { type Clock, sleep } from '../infra/clock.ts';
import type { Configuration } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { openDatabase } from '../infra/control-store/database.ts';
import { TradingStates } from '../infra/control-store/trading-state.ts';
import { DEMO_CREDENTIALS } from '../infra/dev/exchange/credentials.ts';
import { createDurable, type Durable } from '../infra/durable.ts';
import type { Environment } from '../infra/env.ts';
import { createVenueAccount, type VenueCredentials } from '../infra/exchange.ts';
import { Ledger } from '../infra/ledger/ledger.ts';
import type { Log } from '../infra/log.ts';
import type { VenueAccount } from '../infra/venue.ts';
import type { ExecutionConfig } from '../streams/execute.ts';
import type { FlattenDeps, TradingStateWriter } from '../streams/flatten.ts';

/** A just-sent order may be missing from lookups for a moment; this is taken as the longest such moment. */
const LOOKUP_LAG_MS = 2_000;

/** Everything that belongs to one account, as `execute`, FLAT ALL, `reconcile` and `verify` need it. */
export interface AccountWiring {
  readonly config: ExecutionConfig;
  readonly venueName: string;
  readonly ledgerPath: string;
  openLedger(): Ledger;
  openVenue(): Promise<VenueAccount>;
}

/** @throws TouchstoneError UNKNOWN_ACCOUNT */
export function wireAccount(
  environment: Environment,
  configuration: Configuration,
  accountName: string,
  deps: { readonly clock: Clock; readonly log: Log; readonly durable: Durable },
): AccountWiring {
  const account = configuration.system.accounts.find(({ name }) => name === accountName);
  if (!account) throw new TouchstoneError('UNKNOWN_ACCOUNT', `no account "${accountName}" in touchstone.yaml`);
  const venue = configuration.venues.get(account.venue)!;
  const ledgerPath = join(environment.homeDir, 'ledger', `${accountName.replaceAll(':', '_')}.db`);
  const instruments = venue.instruments.filter((instrument) => parseInstrument(instrument).quote === account.quoteCurrency);
  const { clock, log, durable } = deps;
  return {
    config: {
      account: accountName,
      quoteCurrency: account.quoteCurrency,
      instruments,
      limits: configuration.risk.get(account.risk)!,
      timeInForce: account.timeInForce,
      recvWindowMs: venue.recvWindowMs,
      lookupLagMs: LOOKUP_LAG_MS,
    },
    venueName: venue.name,
    ledgerPath,
    openLedger: () => Ledger.open(environment.mutant === 'volatile-ledger' ? ':memory:' : ledgerPath, durable),
    openVenue() {
      const credentials = venue.endpoint === 'simulator' ? DEMO_CREDENTIALS : sealedCredentials(environment, accountName, clock);
      return createVenueAccount(venue, credentials, { clock, rng: new Rng(`${accountName}/${clock.nowMs()}`), log, exchangeUrl: environment.exchangeUrl });
    },
  };
}

/** Read at each connection, so that a new key counts from the next one on. @throws TouchstoneError NO_CREDENTIALS, MASTER_KEY_MISSING */
export function sealedCredentials(environment: Environment, account: string, clock: Clock): VenueCredentials {
  const store = openHomeControlStore(environment, clock);
  try {
    const [apiKey, apiSecret] = [store.getSecret(`${account}-api-key`), store.getSecret(`${account}-api-secret`)];
    if (!apiKey || !apiSecret) throw new TouchstoneError('NO_CREDENTIALS', `seal ${account}-api-key and ${account}-api-secret first (touchstone secret set)`);
    return { apiKey, apiSecret };
  } finally {
    store.close();
  }
}

export interface OpenTradingStates extends TradingStateWriter {
  /** A new account begins ACTIVE on the simulated venue and HALTED anywhere else. */
  register(account: string, venue: string): void;
  close(): void;
}

/** The control store's trading states alone: `execute` reads them before each send and needs nothing else of it. */
export function openTradingStates(environment: Environment, clock: Clock): OpenTradingStates {
  const db = openDatabase(join(environment.homeDir, 'control.db'));
  const states = new TradingStates(db);
  return {
    tradingState: (account) => states.get(account),
    setTradingState: (account, state, reason, by) => states.set(account, state, reason, by, clock.nowMs()),
    register: (account, venue) => void states.register(account, venue, clock.nowMs()),
    close: () => db.close(),
  };
}

/** What `flattenAccount` needs; neither Kafka nor Temporal is touched. */
export function wireFlatten(
  environment: Environment,
  configuration: Configuration,
  account: string,
  deps: { readonly clock: Clock; readonly log: Log; readonly tradingStates: TradingStateWriter },
): FlattenDeps {
  const durable = createDurable(environment.crashAt);
  const wiring = wireAccount(environment, configuration, account, { ...deps, durable });
  return {
    config: wiring.config,
    openLedger: wiring.openLedger,
    openVenue: wiring.openVenue,
    tradingStates: deps.tradingStates,
    durable,
    clock: deps.clock,
    log: deps.log,
    pid: process.pid,
    isAlive,
    sleep,
    ...(environment.mutant !== undefined && { mutant: environment.mutant }),
  };
}

/** Whether a process of this machine runs; one of another user counts as running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
