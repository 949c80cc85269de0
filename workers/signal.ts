import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseInstrument } from '../core/market/instrument.ts';
import { Rng } from '../core/random.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { loadConfiguration } from '../infra/config.ts';
import { createVenueFeed } from '../infra/exchange-feed.ts';
import { jsonFileStore } from '../infra/json-file.ts';
import { recentBars } from '../infra/recent-bars.ts';
import { type SignalState, startSignal } from '../streams/signal.ts';
import { runStreamWorker } from './stream-worker.ts';

/** Strategies of `config/strategies` on topic `market`. */
await runStreamWorker('signal', async (context) => {
  const { environment, clock, log } = context;
  const { system, strategies, venues } = loadConfiguration(environment.configDir);
  const history = createClickhouse(environment.clickhouseUrl, { requestTimeoutMs: 5_000 });
  const wanted = new Set(strategies.flatMap((strategy) => strategy.instruments));
  const instruments = [];
  for (const name of new Set([...wanted].map((instrument) => parseInstrument(instrument).venue))) {
    const rng = new Rng(`signal/${process.pid}`);
    const feed = await createVenueFeed(venues.get(name)!, { clock, rng, log, exchangeUrl: environment.exchangeUrl });
    instruments.push(...(await feed.loadInstruments()));
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
