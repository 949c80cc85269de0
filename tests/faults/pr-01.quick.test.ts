import { it } from 'vitest';
import { mutantFailed } from '../setup/guards.ts';
import { crashAtPoint } from './pr-01-scenario.ts';

/** A slice of PR-01: the steps where doubling or losing is likeliest. `tests/faults/pr-01.test.ts` dies at every point. */
it.each(['ledger.signals:after', 'venue.place:after', 'outbox.publish:after'] as const)('PR-01: verify is green after a crash at %s', (crashAt) =>
  crashAtPoint(crashAt),
);

it('PR-01: and the test fails when interrupted sends are repeated', () =>
  mutantFailed('interrupted sends are repeated', () => crashAtPoint('venue.place:after', 'blind-resend')));
