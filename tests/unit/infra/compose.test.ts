import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { composeArgs } from '../../../infra/dev/compose.ts';
import { readEnvironment } from '../../../infra/env.ts';
import { workerNodeArgs } from '../../../infra/dev/supervise.ts';
import { workerList } from '../../../workers/worker-list.ts';

/** No Docker engine is at hand where these tests run: what can be held without one is that every name in the files leads somewhere. */
interface Service {
  readonly image?: string;
  readonly build?: { context: string; dockerfile: string };
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
}
interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const isWorker = ([, { command }]: (typeof services)[number]) => command?.some((word) => word.startsWith('workers/')) ?? false;
const workers = services.filter(isWorker);
const unset = (text: string) => text.replace(/\$\{(\w+):-([^}]*)\}/g, '$2');

describe('docker-compose.yml', () => {
  it('has the three servers, every worker, Prometheus and Grafana', () => {
    const names = [...new Set(workerList(['paper']).map(({ worker }) => worker))];
    expect(Object.keys(compose.services).sort()).toEqual([...names, 'temporal', 'kafka', 'clickhouse', 'prepare', 'prometheus', 'grafana'].sort());
  });

  it('runs workers that exist, each as itself, with the heap and arguments of the local stack', () => {
    for (const { worker, args = [], heapMb } of workerList(['paper'])) {
      expect(compose.services[worker]?.command).toEqual(['node', ...workerNodeArgs(heapMb).slice(1), `workers/${worker}.ts`, ...args]);
    }
    for (const [, { command }] of workers) expect(existsSync(command?.find((word) => word.startsWith('workers/')) as string)).toBe(true);
  });

  it('builds from files and mounts paths and volumes that exist', () => {
    for (const [name, { build, volumes = [] }] of services) {
      if (build) expect(existsSync(build.dockerfile), name).toBe(true);
      for (const volume of volumes) {
        const source = volume.split(':')[0] as string;
        expect(source.startsWith('.') ? existsSync(source) : source in compose.volumes, `${name}: ${volume}`).toBe(true);
      }
    }
  });

  it('pins every image', () => {
    for (const [name, { image }] of services) if (image !== 'touchstone') expect(image, name).toMatch(/^[a-z/-]+:v?\d+\.\d+/);
  });

  it('opens every port on 127.0.0.1 only, at the addresses that everything else expects', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports.map(unset));
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const { temporalAddress, temporalUiUrl, kafkaBrokers, clickhouseUrl } = readEnvironment({ TOUCHSTONE_HOME: '/nonexistent' });
    const expected = [temporalAddress, temporalUiUrl, kafkaBrokers[0] as string, clickhouseUrl].map((address) => address.replace('http://', ''));
    expect(published.map((port) => port.split(':').slice(0, 2).join(':')).sort()).toEqual([...expected].sort());
  });

  it('gives every worker the addresses of the servers, under names that the program reads', () => {
    for (const [name, { environment = {} }] of workers) {
      const variables = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, unset(String(value))]));
      expect(readEnvironment(variables), name).toMatchObject({
        temporalAddress: '127.0.0.1:7233',
        kafkaBrokers: ['127.0.0.1:9092'],
        clickhouseUrl: 'http://127.0.0.1:8123',
      });
    }
  });

  it('waits only for services that exist', () => {
    for (const [name, { depends_on = {} }] of services)
      for (const dependency of Object.keys(depends_on)) expect(compose.services, name).toHaveProperty(dependency);
  });

  it('keeps two checkouts apart', () => {
    const project = (homeDir: string) => composeArgs(homeDir, 'up')[2];
    expect(project('/a/.touchstone')).not.toBe(project('/b/.touchstone'));
    expect(project('/a/.touchstone')).toMatch(/^touchstone-[0-9a-f]{8}$/);
  });
});

describe('monitoring', () => {
  it('scrapes every worker on the port that compose gives it', () => {
    const { scrape_configs } = parse(readFileSync('infra/prometheus/prometheus.yml', 'utf8')) as {
      scrape_configs: { static_configs: { targets: string[]; labels: { worker: string } }[] }[];
    };
    const scraped = scrape_configs.flatMap(({ static_configs }) => static_configs.map(({ targets, labels }) => [labels.worker, targets[0]]));
    const offered = workers.filter(([name]) => name !== 'prepare').map(([name, { environment }]) => [name, `127.0.0.1:${environment?.METRICS_PORT}`]);
    expect(scraped.sort()).toEqual(offered.sort());
    expect(new Set(offered.map(([, target]) => target)).size).toBe(offered.length);
  });

  it('draws only metrics that some process has', () => {
    const dashboard = readFileSync('infra/grafana/dashboards/touchstone.json', 'utf8');
    const source = ['streams', 'workers', 'infra']
      .flatMap((dir) =>
        readdirSync(dir)
          .filter((name) => name.endsWith('.ts'))
          .map((name) => readFileSync(`${dir}/${name}`, 'utf8')),
      )
      .join('\n');
    const drawn = [...new Set([...dashboard.matchAll(/\btouchstone_\w+/g)].map(([name]) => name.replace(/_bucket$/, '')))];
    expect(drawn.length).toBeGreaterThan(5);
    for (const name of drawn) expect(source).toContain(`'${name}'`);
  });
});
