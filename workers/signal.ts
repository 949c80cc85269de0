import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseInstrument } from '../core/market/instrument.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { loadConfiguration } from '../infra/config.ts';
import { jsonFileStore } from '../infra/json-file.ts';
import { recentBars } from '../infra/recent-bars.ts';
import { type SignalState, startSignal } from '../streams/signal.ts';
import { connectFeed } from './connect-feed.ts';
import { runStreamWorker } from './stream-worker.ts';

/** Strategies of `config/strategies` on topic `market`. */
await runStreamWorker('signal', async (context) => {
  const { environment } = context;
  const { system, strategies, venues } = loadConfiguration(environment.configDir);
  const history = createClickhouse(environment.clickhouseUrl, { requestTimeoutMs: 5_000 });
  const wanted = new Set(strategies.flatMap((strategy) => strategy.instruments));
  const instruments = [];
  for (const name of new Set([...wanted].map((instrument) => parseInstrument(instrument).venue))) {
    const { feed, instruments: listed } = await connectFeed(venues.get(name)!, context);
    instruments.push(...listed);
    await feed.close();
  }
  const simulated = new Set(system.accounts.filter(({ venue }) => venues.get(venue)?.endpoint === 'simulator').map(({ name }) => name));
  const stream = await startSignal(
    {
      ...context,
      state: jsonFileStore<SignalState>(join(environment.homeDir, 'signal', 'state.json')),
      recentBars: (instrument, interval, count) => recentBars(history, instrument, interval, count),
    },
    {
      strategies,
      instruments,
      // On a simulated market a configured strategy trades on paper at once; anywhere else only an approved promotion gives it size.
      initialSizeFactor: ({ account }) => (simulated.has(account) ? '1' : '0'),
      run: randomUUID(),
    },
  );
  return [() => stream.stop(), () => history.close()];
});
