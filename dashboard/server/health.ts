import type { Clock } from '../../infra/clock.ts';
import type { MessageBus } from '../../infra/kafka.ts';
import type { HealthView } from '../../schemas/http.ts';
import type { ProbeHealth } from './ports.ts';
import type { StateReplica } from './state.ts';

export interface HealthDeps {
  readonly clock: Clock;
  readonly replica: StateReplica;
  readonly bus: Pick<MessageBus, 'topicOffsets' | 'committedOffsets'>;
  /** Consumers whose lag tells whether they work. */
  readonly consumers: ReadonlyArray<{ readonly name: string; readonly groupId: string; readonly topic: string }>;
  /** Servers: a probe rejects or answers false when its server does not. */
  readonly servers: Readonly<Record<string, () => Promise<boolean>>>;
}

const PROBE_TIMEOUT_MS = 2_500;
const MARKET_SILENT_MS = 15_000;
const EQUITY_SILENT_MS = 15_000;
/** Records a consumer may be behind for two probes in a row. */
const MAX_LAG = 5_000;

/**
 * Whether each process does its work, told by what it leaves behind: the age of what it writes, its lag in what it reads, and for
 * servers an answer. A process that runs but does nothing is not healthy.
 */
export function createHealthProbe(deps: HealthDeps): ProbeHealth {
  const { clock, replica, bus } = deps;
  const lags = new Map<string, number>();

  const writer = (name: string, kind: 'market' | 'equity', silentMs: number): HealthView => {
    const newestMs = replica.newestMs(kind);
    if (newestMs === 0) return { name, isHealthy: false, detail: 'nothing seen yet' };
    const ageMs = Math.max(0, clock.nowMs() - newestMs);
    return ageMs > silentMs ? { name, isHealthy: false, detail: `silent for ${Math.round(ageMs / 1000)} s` } : { name, isHealthy: true, detail: 'writing' };
  };

  const consumer = async ({ name, groupId, topic }: HealthDeps['consumers'][number]): Promise<HealthView> => {
    const [ends, committed] = await Promise.all([bus.topicOffsets(topic), bus.committedOffsets(groupId, topic)]);
    const at = new Map(committed.map(({ partition, offset }) => [partition, Number(offset)]));
    if (![...at.values()].some((offset) => offset >= 0)) return { name, isHealthy: false, detail: 'never read anything' };
    const lag = ends.reduce((sum, { partition, low, high }) => sum + Math.max(0, Number(high) - Math.max(at.get(partition) ?? 0, Number(low))), 0);
    const before = lags.get(name) ?? 0;
    lags.set(name, lag);
    return { name, isHealthy: lag <= MAX_LAG || before <= MAX_LAG || lag < before, detail: lag === 0 ? 'up to date' : `${lag} behind` };
  };

  const server = async (name: string, probe: () => Promise<boolean>): Promise<HealthView> => {
    const answers = await probe();
    return { name, isHealthy: answers, detail: answers ? 'answers' : 'does not answer' };
  };

  return () =>
    Promise.all([
      writer('ingest', 'market', MARKET_SILENT_MS),
      writer('execute', 'equity', EQUITY_SILENT_MS),
      ...deps.consumers.map((spec) => inTime(spec.name, consumer(spec))),
      ...Object.entries(deps.servers).map(([name, probe]) => inTime(name, server(name, probe))),
    ]);
}

async function inTime(name: string, probe: Promise<HealthView>): Promise<HealthView> {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<HealthView>((resolve) => {
    timer = setTimeout(() => resolve({ name, isHealthy: false, detail: 'does not answer' }), PROBE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([probe, silent]);
  } catch {
    return { name, isHealthy: false, detail: 'does not answer' };
  } finally {
    clearTimeout(timer);
  }
}
