import { describe, expect, it } from 'vitest';
import { silentLog } from '../../infra/log.ts';
import { raiseGaveUp } from '../../workers/worker-alert.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { spawnWorker } from '../setup/process.ts';
import { eventually, streamBed } from '../setup/streams.ts';

describe('every process can be watched', () => {
  // The stream processes and `execute` serve theirs through the same function, and other tests start them.
  const processes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    exchange: { EXCHANGE_PORT: '28790' },
    dashboard: { DASHBOARD_PORT: '28791' },
    control: {},
    research: {},
  };
  for (const [name, ports] of Object.entries(processes)) {
    it(`${name} serves /metrics with its name on them`, async () => {
      const worker = spawnWorker(name, { env: { METRICS_PORT: '0', TOUCHSTONE_DATA: '', ...ports } });
      const line = await worker.waitForLine(/"metricsPort":\d+/, 60_000);
      const { metricsPort } = JSON.parse(line) as { metricsPort: number };
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      expect(text).toMatch(new RegExp(`^process_resident_memory_bytes\\{process="${name}"\\} \\d+`, 'm'));
      expect((await fetch(`http://127.0.0.1:${metricsPort}/health`)).status).toBe(200);
      await worker.stop();
    });
  }
});

describe('a worker that stays down', () => {
  it('is an alert on topic alerts, which the dashboard shows', async () => {
    const { bus, run } = await streamBed();
    const { kafkaBrokers } = stackEnvironment();
    await raiseGaveUp(`ingest-${run}`, 'status 3', { brokers: kafkaBrokers, log: silentLog, stopping: new AbortController().signal });
    const alert = await eventually('the alert', async () => {
      const found: unknown[] = [];
      for (const { partition, low, high } of await bus.topicOffsets('alerts'))
        if (low !== high)
          await bus.readRange('alerts', partition, low, high, (records) => {
            for (const { value } of records) if (value?.includes(`ingest-${run}`)) found.push(JSON.parse(value.toString()));
          });
      return found[0] as { type: string; data: unknown } | undefined;
    });
    expect(alert).toMatchObject({ type: 'alert', data: { code: 'WORKER_GAVE_UP', severity: 'critical', source: 'supervisor' } });
  });

  it('does not keep the supervisor waiting for a Kafka that is away', async () => {
    const stopping = new AbortController();
    const raising = raiseGaveUp('ingest', 'SIGKILL', { brokers: ['127.0.0.1:1'], log: silentLog, stopping: stopping.signal });
    stopping.abort();
    await raising;
  });
});
