import { rmSync } from 'node:fs';
import { down } from '../../infra/dev/stack.ts';
import { childEnvironment } from '../../infra/env.ts';

/** Started by `stack.ts`: waits until the test run closes its end of the pipe, which it also does by dying, and removes the run's stack. */
const homeDir = process.argv[2];
if (homeDir === undefined) throw new Error('want the home directory of the stack');
process.on('SIGINT', () => {});
for await (const _ of process.stdin) {
  // nothing is said; only the end matters
}
const outside = Object.fromEntries(['TEMPORAL_ADDRESS', 'KAFKA_BROKERS', 'CLICKHOUSE_URL'].map((name) => [name, undefined]));
await down({ wipe: true }, () => {}, childEnvironment({ ...outside, TOUCHSTONE_HOME: homeDir }));
rmSync(homeDir, { recursive: true, force: true });
