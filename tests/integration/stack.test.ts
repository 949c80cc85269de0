import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClickhouse } from '../../infra/clickhouse.ts';
import { isAlive, readRecord } from '../../infra/dev/process.ts';
import { down, recordPathOf, status, up } from '../../infra/dev/stack.ts';
import { childEnvironment, type Environment, readEnvironment } from '../../infra/env.ts';
import { createMessageBus } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { connectTemporal } from '../../infra/temporal.ts';

/** Everything here uses stacks of its own; the one that other tests share is not touched. */
const outside = Object.fromEntries(
  [
    'TEMPORAL_ADDRESS',
    'TEMPORAL_UI_URL',
    'KAFKA_BROKERS',
    'CLICKHOUSE_URL',
    'TEMPORAL_PORT',
    'TEMPORAL_UI_PORT',
    'KAFKA_PORT',
    'CLICKHOUSE_PORT',
    'DASHBOARD_PORT',
    'EXCHANGE_PORT',
  ].map((name) => [name, undefined]),
);
const checkout = (): NodeJS.ProcessEnv => childEnvironment({ ...outside, TOUCHSTONE_HOME: mkdtempSync(join(tmpdir(), 'touchstone-stack-')) });
const quiet = () => {};
const homeOf = (variables: NodeJS.ProcessEnv) => readEnvironment(variables).homeDir;

async function remove(variables: NodeJS.ProcessEnv): Promise<void> {
  await down({ wipe: true }, quiet, variables);
  rmSync(homeOf(variables), { recursive: true, force: true });
}

async function writeSomething({ clickhouseUrl, kafkaBrokers, temporalAddress }: Environment): Promise<void> {
  const history = createClickhouse(clickhouseUrl, { database: 'default' });
  await history.command('CREATE TABLE kept (id UInt8) ENGINE = MergeTree ORDER BY id');
  await history.insertRows('kept', ['id'], [[7]]);
  await history.close();
  const bus = createMessageBus(kafkaBrokers, silentLog);
  await bus.ensureTopics([{ topic: 'kept', partitions: 1, config: {} }]);
  const producer = await bus.createProducer();
  await producer.send('kept', [{ key: 'k', value: 'seven' }]);
  await bus.close();
  const temporal = await connectTemporal({ address: temporalAddress });
  await temporal.workflow.start('kept', { workflowId: 'kept', taskQueue: 'nobody' });
  await temporal.connection.close();
}

async function readBack({ clickhouseUrl, kafkaBrokers, temporalAddress }: Environment) {
  const history = createClickhouse(clickhouseUrl, { database: 'default' });
  const rows = await history.queryRows('SELECT id FROM kept');
  await history.close();
  const bus = createMessageBus(kafkaBrokers, silentLog);
  const messages: (string | undefined)[] = [];
  await bus.readRange('kept', 0, '0', '1', (records) => void messages.push(...records.map(({ value }) => value?.toString())));
  await bus.close();
  const temporal = await connectTemporal({ address: temporalAddress });
  const { status: workflow } = await temporal.workflow.getHandle('kept').describe();
  const { customAttributes } = await temporal.connection.operatorService.listSearchAttributes({ namespace: 'default' });
  await temporal.connection.close();
  return { rows, messages, workflow: workflow.name, attributes: ['Stage', 'Strategy', 'Symbol'].filter((name) => name in (customAttributes ?? {})) };
}
const EVERYTHING = { rows: [{ id: 7 }], messages: ['seven'], workflow: 'RUNNING', attributes: ['Stage', 'Strategy', 'Symbol'] };

describe('the local stack', () => {
  const variables = checkout();
  let environment: Environment;
  const pids = async () => Object.fromEntries((await status(variables)).map(({ name, pid }) => [name, pid]));
  beforeAll(async () => {
    environment = await up(quiet, variables);
    await writeSomething(environment);
  }, 180_000);
  afterAll(() => remove(variables));

  it('answers on all three, with the search attributes registered', async () => {
    expect((await status(variables)).map(({ name, state, healthy }) => [name, state, healthy])).toEqual([
      ['temporal', 'running', true],
      ['kafka', 'running', true],
      ['clickhouse', 'running', true],
    ]);
    expect(await readBack(environment)).toEqual(EVERYTHING);
  });

  it('leaves running servers alone when brought up again, in no time', async () => {
    const before = await pids();
    const started = performance.now();
    await up(quiet, variables);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await pids()).toEqual(before);
  });

  it.each(['temporal', 'kafka', 'clickhouse'] as const)('starts a killed %s again on its data', async (name) => {
    const before = await pids();
    process.kill(before[name] as number, 'SIGKILL');
    await expect.poll(async () => (await status(variables)).find((server) => server.name === name)?.state, { timeout: 20_000 }).toBe('stopped');
    await up(quiet, variables);
    const after = await pids();
    expect(after[name]).not.toBe(before[name]);
    expect({ ...after, [name]: 0 }).toEqual({ ...before, [name]: 0 });
    expect(await readBack(environment)).toEqual(EVERYTHING);
  });

  it('keeps its data over down and up', async () => {
    await down({ wipe: false }, quiet, variables);
    expect((await status(variables)).map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
    environment = await up(quiet, variables);
    expect(await readBack(environment)).toEqual(EVERYTHING);
  });

  it('gives a second checkout servers, ports and data of its own', async () => {
    const second = checkout();
    try {
      const other = await up(quiet, second);
      const addresses = ({ temporalAddress, temporalUiUrl, kafkaBrokers, clickhouseUrl, dashboardPort, exchangePort }: Environment) => [
        temporalAddress,
        temporalUiUrl,
        ...kafkaBrokers,
        clickhouseUrl,
        dashboardPort,
        exchangePort,
      ];
      // Nothing listens on the dashboard's and the exchange's ports yet: those two may still be the same.
      for (const address of addresses(other).slice(0, 4)) expect(addresses(environment)).not.toContain(address);
      const history = createClickhouse(other.clickhouseUrl, { database: 'default' });
      await expect(history.queryRows('SELECT * FROM kept')).rejects.toMatchObject({ code: 'CLICKHOUSE_REJECTED' });
      await history.close();
      expect(await readBack(environment)).toEqual(EVERYTHING);
    } finally {
      await remove(second);
    }
    expect((await status(variables)).every(({ healthy }) => healthy)).toBe(true);
  }, 180_000);

  it('never stops a process that was given the number of one of its servers', async () => {
    await down({ wipe: false }, quiet, variables);
    const recordPath = recordPathOf(homeOf(variables), 'kafka');
    const bystander = execFile('sleep', ['60']);
    writeFileSync(recordPath, JSON.stringify({ pid: bystander.pid, startTime: '1', command: 'java kafka.Kafka' }));
    expect(isAlive(readRecord(recordPath))).toBe(false);
    await down({ wipe: false }, quiet, variables);
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
    bystander.kill();
  });

  it('removes its data, and nothing else in the directory, on wipe', async () => {
    const home = homeOf(variables);
    writeFileSync(join(home, 'my-notes.txt'), 'mine');
    const digest = () =>
      createHash('sha256')
        .update(readFileSync(join(home, 'my-notes.txt')))
        .digest('hex');
    const before = digest();
    await down({ wipe: true }, quiet, variables);
    for (const name of ['temporal', 'kafka', 'clickhouse', 'stack.json', 'logs', 'run']) expect(existsSync(join(home, name))).toBe(false);
    expect(digest()).toBe(before);
  });
});

describe('what cannot work', () => {
  const variables = checkout();
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as { port: number }).port;
  });
  afterEach(async () => {
    expect((await status(variables)).map(({ state }) => state).filter((state) => state !== 'external')).not.toContain('running');
  });
  afterAll(async () => {
    taken.close();
    await remove(variables);
  });

  it('says which port is in use when the user named it, and starts nothing', async () => {
    await expect(up(quiet, { ...variables, KAFKA_PORT: String(port) })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`port ${port} (KAFKA_PORT)`),
    });
  });

  it('says which server given from outside does not answer', async () => {
    await expect(up(quiet, { ...variables, TEMPORAL_ADDRESS: `127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it('names what to install when a prerequisite is missing', async () => {
    const bare = {
      ...variables,
      PATH: '/nonexistent',
      TOUCHSTONE_CACHE: join(homeOf(variables), 'cache'),
      TEMPORAL_ADDRESS: (await import('vitest')).inject('stackVariables').TEMPORAL_ADDRESS,
    };
    await expect(up(quiet, bare)).rejects.toMatchObject({
      code: 'MISSING_PREREQUISITE',
      message: expect.stringMatching(/^Kafka needs Java 17 or later: install .*, or Docker$/),
    });
  });
});

describe('the command line', () => {
  it('reports the servers of this run as one JSON document', async () => {
    const { inject } = await import('vitest');
    const { stdout } = await promisify(execFile)(process.execPath, ['workers/touchstone.mjs', 'status', '--json'], {
      env: { ...process.env, ...inject('stackVariables') },
    });
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'temporal', healthy: true },
      { name: 'kafka', healthy: true },
      { name: 'clickhouse', healthy: true },
    ]);
  });
});
