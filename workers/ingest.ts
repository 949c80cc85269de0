import { sleep } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { type Ingest, startIngest } from '../streams/ingest.ts';
import { connectFeed } from './connect-feed.ts';
import { runStreamWorker } from './stream-worker.ts';

/** Enough for the longest warm-up of the built-in strategies several times over; two pages of klines at most. */
const WARMUP_BARS = 500;

/** Market data of every venue that an account trades on into topic `market`. */
await runStreamWorker('ingest', async (context) => {
  const { environment } = context;
  const { system, venues } = loadConfiguration(environment.configDir);
  const traded = new Set(system.accounts.map((account) => account.venue));
  const running: Ingest[] = [];
  for (const name of traded) {
    const venue = venues.get(name)!;
    const { feed } = await connectFeed(venue, context);
    const { instruments, intervals, staleAfterMs } = venue;
    const ingest = await startIngest({ ...context, feed, sleep }, { instruments, intervals, staleAfterMs, warmupBars: WARMUP_BARS });
    running.push({
      async stop() {
        await ingest.stop();
        await feed.close();
      },
    });
  }
  return running.map((ingest) => () => ingest.stop());
});
