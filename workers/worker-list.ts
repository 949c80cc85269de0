import type { WorkerSpec } from '../infra/dev/supervise.ts';

/**
 * Every process of the system, in the order they are started: the exchange simulator first, since ingest and execute connect to it.
 * `docker-compose.yml` has the same list. Heaps are sized so that all of it, servers included, fits in 4 GB.
 */
export function workerList(accounts: readonly string[], env: Readonly<Record<string, string>> = {}): readonly WorkerSpec[] {
  return [
    { name: 'exchange', worker: 'exchange', heapMb: 320, env },
    { name: 'ingest', worker: 'ingest', heapMb: 192, env },
    { name: 'record', worker: 'record', heapMb: 256, env },
    ...accounts.map((account) => ({ name: `execute-${account}`, worker: 'execute', args: [account], heapMb: 160, env })),
    { name: 'signal', worker: 'signal', heapMb: 192, env },
    { name: 'sentiment', worker: 'sentiment', heapMb: 160, env },
    { name: 'control', worker: 'control', heapMb: 256, env },
    { name: 'research', worker: 'research', heapMb: 384, env },
    { name: 'dashboard', worker: 'dashboard', heapMb: 192, env },
  ];
}
