import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { RiskLimits } from '../core/risk/decision.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import {
  type AccountConfig,
  riskLimits,
  type SentimentConfig,
  type SystemConfig,
  sentimentConfig,
  strategyConfig,
  systemConfig,
  type VenueConfig,
  venueConfig,
} from '../schemas/config.ts';

/** Everything under `config/`, parsed and cross-checked: it is all good, or nothing is taken. */
export interface Configuration {
  readonly system: SystemConfig;
  readonly strategies: readonly StrategyConfig[];
  readonly risk: ReadonlyMap<string, RiskLimits>;
  readonly venues: ReadonlyMap<string, VenueConfig>;
  readonly sentiment: readonly SentimentConfig[];
  /** SHA-256 over the parsed content, the same for the same meaning. */
  readonly hash: string;
}

const MAX_FILE_BYTES = 256 * 1024;

/**
 * Parses one YAML file against a schema. YAML 1.2 core: `yes` is text, duplicate keys, tabs and aliases are refused.
 * @throws TouchstoneError BAD_CONFIG naming file, line or path, and rule
 */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TouchstoneError('CONFIG_NOT_FOUND', `cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
  return parseYaml(text, schema, path);
}

/** `readYaml` for text that is already here; `source` names it in errors. */
export function parseYaml<T>(text: string, schema: z.ZodType<T>, source: string): T {
  if (text.length > MAX_FILE_BYTES) throw new TouchstoneError('BAD_CONFIG', `${source}: larger than ${MAX_FILE_BYTES / 1024} KiB`);
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { version: '1.2', schema: 'core', uniqueKeys: true, prettyErrors: true });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) {
    const at = fault.linePos?.[0];
    throw new TouchstoneError('BAD_CONFIG', `${source}${at ? `:${at.line}:${at.col}` : ''}: ${fault.message.split('\n')[0]!.replace(/ at line.*$/, '')}`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new TouchstoneError('BAD_CONFIG', `${source}: ${errorMessage(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TouchstoneError('BAD_CONFIG', `${source}: ${issue.path.length ? `${issue.path.join('.')}: ` : ''}${issue.message}`);
}

function readDirectory<T extends object>(dir: string, schema: z.ZodType<T>): Map<string, T> {
  let files: string[];
  try {
    files = readdirSync(dir).filter((file) => /\.ya?ml$/.test(file));
  } catch {
    return new Map();
  }
  const byName = new Map<string, T>();
  for (const file of files.sort()) {
    const path = join(dir, file);
    const value = readYaml(path, schema);
    const name = basename(file).replace(/\.ya?ml$/, '');
    if ('name' in value && value.name !== name) throw new TouchstoneError('BAD_CONFIG', `${path}: name: want "${name}", as the file is called`);
    byName.set(name, value);
  }
  return byName;
}

/** @throws TouchstoneError BAD_CONFIG, CONFIG_NOT_FOUND */
export function loadConfiguration(configDir: string): Configuration {
  const system = readYaml(join(configDir, 'touchstone.yaml'), systemConfig);
  const strategies = readDirectory(join(configDir, 'strategies'), strategyConfig);
  const risk = readDirectory(join(configDir, 'risk'), riskLimits);
  const venues = readDirectory(join(configDir, 'venues'), venueConfig);
  const sentiment = readDirectory(join(configDir, 'sentiment'), sentimentConfig);

  const accounts = new Map(system.accounts.map((account) => [account.name, account]));
  if (accounts.size !== system.accounts.length) throw new TouchstoneError('BAD_CONFIG', 'touchstone.yaml: accounts: a name stands twice');
  for (const account of system.accounts) {
    if (!venues.has(account.venue))
      throw new TouchstoneError('BAD_CONFIG', `touchstone.yaml: account ${account.name}: no venue file venues/${account.venue}.yaml`);
    if (!risk.has(account.risk)) throw new TouchstoneError('BAD_CONFIG', `touchstone.yaml: account ${account.name}: no risk file risk/${account.risk}.yaml`);
  }
  for (const strategy of strategies.values()) checkStrategy(strategy, accounts, venues);

  const content = { system, strategies: [...strategies], risk: [...risk], venues: [...venues], sentiment: [...sentiment] };
  return {
    system,
    strategies: [...strategies.values()],
    risk,
    venues,
    sentiment: [...sentiment.values()],
    hash: createHash('sha256').update(JSON.stringify(content)).digest('hex'),
  };
}

function checkStrategy(strategy: StrategyConfig, accounts: ReadonlyMap<string, AccountConfig>, venues: ReadonlyMap<string, VenueConfig>): void {
  const file = `strategies/${strategy.name}.yaml`;
  const account = accounts.get(strategy.account);
  if (!account) throw new TouchstoneError('BAD_CONFIG', `${file}: account: no account "${strategy.account}" in touchstone.yaml`);
  const venue = venues.get(account.venue)!;
  for (const instrument of strategy.instruments) {
    if (!venue.instruments.includes(instrument))
      throw new TouchstoneError('UNKNOWN_INSTRUMENT', `${file}: instruments: ${instrument} is not listed in venues/${venue.name}.yaml`);
  }
  if (!venue.intervals.includes(strategy.interval))
    throw new TouchstoneError('BAD_CONFIG', `${file}: interval: venues/${venue.name}.yaml does not build ${strategy.interval} bars`);
}
