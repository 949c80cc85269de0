import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import type { Instrument } from '../core/market/instrument.ts';
import { Rng } from '../core/random.ts';
import { sleep } from '../infra/clock.ts';
import { createVenueFeed } from '../infra/exchange-feed.ts';
import type { VenueFeed } from '../infra/venue.ts';
import type { VenueConfig } from '../schemas/config.ts';
import type { StreamContext } from './stream-worker.ts';

const RETRY_MS = 1_000;

/**
 * The public half of a venue, once it answers. A venue that is starting or in maintenance is asked again, for ever: that is
 * no crash, and must not use up the restarts that a supervisor grants.
 * @throws TouchstoneError whatever asking again cannot mend
 */
export async function connectFeed(venue: VenueConfig, context: StreamContext): Promise<{ feed: VenueFeed; instruments: readonly Instrument[] }> {
  const { environment, clock, log } = context;
  for (;;) {
    let feed: VenueFeed | undefined;
    try {
      feed = await createVenueFeed(venue, { clock, rng: new Rng(`${venue.name}/${process.pid}`), log, exchangeUrl: environment.exchangeUrl });
      return { feed, instruments: await feed.loadInstruments() };
    } catch (error) {
      await feed?.close();
      if (!(error instanceof TouchstoneError && error.retryable)) throw error;
      log.warn({ venue: venue.name, errorCode: errorCode(error), error: errorMessage(error) }, 'the venue does not answer yet');
      await sleep(RETRY_MS);
    }
  }
}
