import { TouchstoneError } from '../core/errors.ts';
import { Rng } from '../core/random.ts';
import { systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { readEnvironment } from '../infra/env.ts';
import { createLog } from '../infra/log.ts';
import type { VenueFeed } from '../infra/venue.ts';

/** The public half of a configured venue, for commands. @throws TouchstoneError UNKNOWN_VENUE */
export async function openPublicFeed(venue: string): Promise<VenueFeed> {
  const environment = readEnvironment();
  const config = loadConfiguration(environment.configDir).venues.get(venue);
  if (!config) throw new TouchstoneError('UNKNOWN_VENUE', `no venue "${venue}" under ${environment.configDir}/venues`);
  const { createVenueFeed } = await import('../infra/exchange-feed.ts');
  const rng = new Rng(`feed/${process.pid}`);
  return createVenueFeed(config, { clock: systemClock, rng, log: createLog('feed', 'warn'), exchangeUrl: environment.exchangeUrl });
}
