import { connect, createServer, type Socket } from 'node:net';

/**
 * pass           bytes go through
 * blackhole      connections open, nothing ever arrives in either direction
 * reset          open and new connections are broken with a TCP reset
 * latency        every chunk is delayed by `latencyMs`, order kept
 * drop_response  requests arrive; at the first byte of the answer the connection is reset, so that the work was done and nobody was told
 */
export type ProxyMode = 'pass' | 'blackhole' | 'reset' | 'latency' | 'drop_response';

export interface NetProxy {
  readonly port: number;
  /** `times`: after so many connections were hit, the proxy passes again (reset and drop_response). */
  setMode(mode: ProxyMode, options?: { latencyMs?: number; times?: number }): void;
  /** Connections or chunks that met the fault since the mode was set: the proof that it happened. */
  readonly faultCount: number;
  close(): Promise<void>;
}

/** A TCP proxy before one server (RELIABILITY C0). */
export async function startNetProxy(target: { host?: string; port: number }): Promise<NetProxy> {
  let mode: ProxyMode = 'pass';
  let latencyMs = 0;
  let timesLeft = Number.POSITIVE_INFINITY;
  let faultCount = 0;
  const pairs = new Set<{ client: Socket; upstream: Socket }>();

  function hit(): void {
    faultCount++;
    timesLeft--;
    if (timesLeft <= 0) mode = 'pass';
  }

  function breakPair(pair: { client: Socket; upstream: Socket }): void {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.upstream.resetAndDestroy();
  }

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host ?? '127.0.0.1');
    const pair = { client, upstream };
    pairs.add(pair);
    const forward = (from: Socket, to: Socket, isResponse: boolean) => {
      let delayed = Promise.resolve();
      from.on('data', (chunk) => {
        if (mode === 'blackhole') faultCount++;
        else if (mode === 'reset' || (mode === 'drop_response' && isResponse)) {
          hit();
          breakPair(pair);
        } else if (mode === 'latency') {
          faultCount++;
          const wait = new Promise<void>((resolve) => setTimeout(resolve, latencyMs));
          delayed = Promise.all([delayed, wait]).then(() => void (to.destroyed || to.write(chunk)));
        } else if (!to.destroyed && !to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('end', () => void delayed.then(() => to.end()));
      from.on('error', () => breakPair(pair));
      from.on('close', () => {
        pairs.delete(pair);
        if (mode !== 'blackhole') to.destroySoon();
      });
    };
    if (mode === 'reset') {
      hit();
      return breakPair(pair);
    }
    forward(client, upstream, false);
    forward(upstream, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    setMode(next, options = {}) {
      mode = next;
      latencyMs = options.latencyMs ?? 0;
      timesLeft = options.times ?? Number.POSITIVE_INFINITY;
      faultCount = 0;
      if (next !== 'reset') return;
      for (const pair of [...pairs]) {
        hit();
        breakPair(pair);
      }
    },
    get faultCount() {
      return faultCount;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const pair of [...pairs]) breakPair(pair);
      await closed;
    },
  };
}
