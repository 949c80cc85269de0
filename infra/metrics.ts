import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TouchstoneError } from '../core/errors.ts';

type Labels = Readonly<Record<string, string>>;

/** What code may do with a metric; the vendor stays in this file. Asking twice for a name gives the same metric. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): { inc(labels?: Labels, by?: number): void };
  gauge(name: string, help: string, labelNames?: readonly string[]): { set(labels: Labels, value: number): void };
  /** A distribution of durations in milliseconds. */
  histogramMs(name: string, help: string, labelNames?: readonly string[]): { observe(labels: Labels, valueMs: number): void };
  /** Prometheus text of everything. */
  text(): Promise<string>;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const BUCKETS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/** Metrics of one process, each labelled with its name, with Node's own (memory, event loop, garbage collection) among them. */
export function createMetrics(process: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  const existing = <T>(name: string, create: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? create();
  return {
    counter(name, help, labelNames = []) {
      const counter = existing(name, () => new Counter({ name, help, labelNames: [...labelNames], registers: [registry] }));
      return { inc: (labels = {}, by = 1) => counter.inc(labels, by) };
    },
    gauge(name, help, labelNames = []) {
      return existing(name, () => new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] }));
    },
    histogramMs(name, help, labelNames = []) {
      return existing(name, () => new Histogram({ name, help, labelNames: [...labelNames], buckets: BUCKETS_MS, registers: [registry] }));
    },
    text: () => registry.metrics(),
  };
}

/**
 * Serves `GET /metrics` on 127.0.0.1, and `GET /health` with 200 while the process runs. Port 0 takes any free one.
 * @throws TouchstoneError PORT_IN_USE
 */
export function serveMetrics(metrics: Metrics, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET') {
      response.writeHead(405).end();
    } else if (request.url === '/health') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    } else if (request.url === '/metrics') {
      metrics.text().then(
        (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
        () => response.writeHead(500).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? new TouchstoneError('PORT_IN_USE', `metrics port ${port} is in use`, { cause }) : cause),
    );
    server.listen(port, '127.0.0.1', () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      }),
    );
  });
}
