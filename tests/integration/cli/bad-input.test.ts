import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** The real command, as a user types it. No server runs behind these: what is wrong is said before one would be needed, or is that none answers. */
const dir = mkdtempSync(join(tmpdir(), 'touchstone-bad-input-'));
const homeDir = join(dir, 'home');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function touchstone(args: readonly string[], options: { env?: Readonly<Record<string, string>>; stdin?: string; file?: string } = {}): Promise<Run> {
  const { env = {}, stdin = '', file = 'workers/touchstone.mjs' } = options;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [file, ...args],
      { env: { PATH: process.env.PATH, HOME: dir, TOUCHSTONE_HOME: homeDir, NODE_OPTIONS: '--disable-warning=ExperimentalWarning', ...env }, timeout: 50_000 },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
    child.stdin?.end(stdin);
  });
}

function write(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const trend = readFileSync('config/strategies/trend-following.yaml', 'utf8');
const strategy = (name: string, edit: (text: string) => string) => write(`${name}.yaml`, edit(trend));
const HOUR_MS = 3_600_000;
const hourly = Array.from({ length: 200 }, (_, i) => `${1609459200000 + i * HOUR_MS},1,2,1,2,3`);
const bars = write('data/candles/binance-spot/BTCUSDT_1h_2021-01-01_2021-01-10.csv', ['ts_ms,open,high,low,close,volume', ...hourly, ''].join('\n'));
const malformed = write('malformed.csv', 'ts_ms,open,high,low,close,volume\n1609459200000,1,2,1,2,3\n1609462800000,1,two,1,2,3\n');
const data = join(dir, 'data');
const good = 'config/strategies/trend-following.yaml';
const backtest = (...args: string[]) => ['backtest', '--strategy', good, '--data', data, '--instrument', 'binance:BTC/USDT', '--interval', '1h', ...args];
const importing = (...args: string[]) => ['data', 'import', '--instrument', 'binance:BTC/USDT', '--interval', '1h', ...args];
const NO_SERVERS = { TEMPORAL_ADDRESS: '127.0.0.1:1', KAFKA_BROKERS: '127.0.0.1:1', CLICKHOUSE_URL: 'http://127.0.0.1:1' };

function configWith(name: string, file: string, edit: (text: string) => string): Record<string, string> {
  const configDir = join(dir, name);
  cpSync('config', configDir, { recursive: true });
  writeFileSync(join(configDir, file), edit(readFileSync(join(configDir, file), 'utf8')));
  return { TOUCHSTONE_CONFIG: configDir };
}

interface Case {
  readonly what: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** The whole of standard error. */
  readonly says: RegExp;
  readonly status?: number;
}

const unknownInstrument = configWith('unknown-instrument', 'strategies/breakout.yaml', (text) =>
  text.replace(/^instruments:.*$/m, 'instruments: [sim:NOPE/USDT]'),
);
const unknownKey = configWith('unknown-key', 'risk/paper.yaml', (text) => `${text}\nmaxOrderQuoteTypo: "5"\n`);

const cases: readonly Case[] = [
  {
    what: 'broken YAML',
    args: ['backtest', '--strategy', strategy('broken', (t) => t.replace('parameters:', 'parameters: [')), '--data', data],
    says: /^error BAD_CONFIG: .*broken\.yaml:\d+:\d+: /,
  },
  {
    what: 'an unknown key',
    args: ['backtest', '--strategy', strategy('key', (t) => `${t}\nleverage: 5\n`), '--data', data],
    says: /^error BAD_CONFIG: .*key\.yaml: .*leverage/,
  },
  {
    what: 'an unknown strategy type',
    args: [
      'backtest',
      '--strategy',
      strategy('type', (t) => t.replace('type: trend-following', 'type: martingale')),
      '--data',
      data,
      '--instrument',
      'binance:BTC/USDT',
      '--interval',
      '1h',
    ],
    says: /^error [A-Z_]+: .*martingale/,
  },
  {
    what: 'an unknown parameter',
    args: [
      'backtest',
      '--strategy',
      strategy('parameter', (t) => t.replace('fast:', 'fastest:')),
      '--data',
      data,
      '--instrument',
      'binance:BTC/USDT',
      '--interval',
      '1h',
    ],
    says: /^error [A-Z_]+: .*fastest/,
  },
  { what: 'an unknown key in the configuration', args: ['verify'], env: unknownKey, says: /^error BAD_CONFIG: .*paper\.yaml: .*maxOrderQuoteTypo/ },
  { what: 'a configured instrument that the venue has not', args: ['verify'], env: unknownInstrument, says: /^error UNKNOWN_INSTRUMENT: .*sim:NOPE\/USDT/ },
  { what: 'a missing strategy file', args: ['backtest', '--strategy', join(dir, 'none.yaml'), '--data', data], says: /^error CONFIG_NOT_FOUND: .*none\.yaml/ },
  { what: 'a name that is no instrument', args: backtest('--instrument', 'BTCUSDT'), says: /^error BAD_INSTRUMENT: .*"BTCUSDT"/ },
  { what: 'an instrument without data', args: backtest('--instrument', 'binance:ZZZ/USDT'), says: /^error NO_DATA: .*binance:ZZZ\/USDT/ },
  {
    what: 'dates the wrong way round',
    args: backtest('--from', '2021-03-01', '--to', '2021-02-01'),
    says: /^error BAD_OPTION: --from 2021-03-01 is not before --to 2021-02-01/,
  },
  { what: 'a date that is none', args: backtest('--from', '31.01.2021'), says: /^error BAD_OPTION: --from is "31\.01\.2021"/ },
  { what: 'a data directory that is not there', args: backtest('--data', join(dir, 'nowhere')), says: /^error DATA_NOT_FOUND: .*nowhere/ },
  { what: 'a data directory that is a file', args: backtest('--data', bars), says: /^error DATA_NOT_FOUND: .*ENOTDIR/ },
  { what: 'a number out of range', args: backtest('--fee-bps', '-3'), says: /^error BAD_OPTION: --fee-bps is "-3"/ },
  { what: 'an import of a missing file', args: importing(join(dir, 'none.csv')), env: NO_SERVERS, says: /^error DATA_FILE_NOT_FOUND: .*none\.csv/ },
  { what: 'an import without files', args: importing(), says: /^error NO_DATA: .*TOUCHSTONE_DATA/ },
  { what: 'a malformed line in an indicator input', args: ['indicator', 'ema', '--data', malformed], says: /^error BAD_DATA_FILE: .*malformed\.csv:3: / },
  { what: 'an unknown workflow type', args: ['workflow', 'start', 'trainEverything'], says: /^error UNKNOWN_WORKFLOW: no workflow type "trainEverything"/ },
  {
    what: 'workflow input that is not JSON',
    args: ['workflow', 'start', 'backtest', '--input', '{instrument:'],
    says: /^error BAD_INPUT: --input is not JSON/,
  },
  {
    what: 'workflow input with an unknown field',
    args: ['workflow', 'start', 'backtest', '--input', '{"instruments":"x"}'],
    says: /^error BAD_INPUT: backtest: .*instruments/,
  },
  {
    what: 'a workflow range the wrong way round',
    args: ['walk-forward', '--from', '2021-03-01', '--to', '2021-02-01'],
    says: /^error BAD_INPUT: walkForward: fromMs must be before toMs/,
  },
  { what: 'Temporal that does not answer', args: ['workflow', 'start', 'backtest'], env: NO_SERVERS, says: /^error TEMPORAL_UNAVAILABLE: .*127\.0\.0\.1:1/ },
  { what: 'ClickHouse that does not answer', args: ['query', 'SELECT 1'], env: NO_SERVERS, says: /^error CLICKHOUSE_UNAVAILABLE: .*127\.0\.0\.1:1/ },
  { what: 'a server given from outside that does not answer', args: ['up'], env: NO_SERVERS, says: /^error SERVER_UNREACHABLE: Temporal at 127\.0\.0\.1:1/ },
  { what: 'a weak password', args: ['user', 'add', 'ada', '--password-stdin'], stdin: 'secret\n', says: /^error WEAK_PASSWORD: / },
  { what: 'a bad user name', args: ['user', 'add', 'Ada Lovelace', '--password-stdin'], stdin: 'correct horse battery\n', says: /^error BAD_USER_NAME: / },
  { what: 'an account that is not configured', args: ['verify', '--account', 'nobody'], says: /^error UNKNOWN_ACCOUNT: no account "nobody"/ },
  { what: 'FLAT ALL of an account that is not configured', args: ['flat', '--account', 'nobody'], says: /^error UNKNOWN_ACCOUNT: no account "nobody"/ },
  { what: 'a port that is none', args: ['status'], env: { DASHBOARD_PORT: 'abc' }, says: /^error BAD_ENVIRONMENT: DASHBOARD_PORT is not a port: abc/ },
  { what: 'an unknown command', args: ['trade'], says: /^error: unknown command 'trade'/, status: 2 },
  { what: 'a missing option', args: ['backtest'], says: /^error: required option '--strategy <file>' not specified/, status: 2 },
];

describe('bad input gets one clear line, its code and exit status 1 (2 for wrong usage), and nothing on standard output', () => {
  for (const { what, args, env, stdin, says, status = 1 } of cases) {
    it.concurrent(what, async () => {
      const run = await touchstone(args, { ...(env && { env }), ...(stdin !== undefined && { stdin }) });
      expect(run.stderr.trim()).toMatch(says);
      expect(run.stderr.trim().split('\n')).toHaveLength(1);
      expect(run).toMatchObject({ status, stdout: '' });
    });
  }

  it.each(['exchange', 'dashboard'])('a port in use: %s', async (worker) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as { port: number }).port);
    const run = await touchstone([], { file: `workers/${worker}.ts`, env: { EXCHANGE_PORT: port, DASHBOARD_PORT: port, LOG_LEVEL: 'fatal', ...NO_SERVERS } });
    other.close();
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr.trim()).toMatch(new RegExp(`^error PORT_IN_USE: .*${port}`));
  });

  it('leaves nothing half-done: the refused user is not there, and no account was halted', async () => {
    await touchstone(['user', 'add', 'ada', '--password-stdin'], { stdin: 'secret\n' });
    const users = await touchstone(['user', 'list', '--json']);
    expect(JSON.parse(users.stdout)).toEqual([]);
    expect(existsSync(join(homeDir, 'ledger'))).toBe(false);
  });
});
