import { beforeEach, describe, expect, it } from 'vitest';
import type { VenueAccount } from '../../../infra/venue.ts';
import { ExecutionHealth } from '../../../streams/execute-health.ts';
import { FakeClock } from './model-venue.ts';

let clock: FakeClock;
let health: ExecutionHealth;
const venueAhead = (ms: number, answerMs = 0) =>
  ({
    serverTimeMs: async () => {
      clock.advance(answerMs);
      return clock.nowMs() + ms;
    },
  }) as unknown as VenueAccount;

beforeEach(async () => {
  clock = new FakeClock();
  health = new ExecutionHealth(clock, true);
  await health.measureClock(venueAhead(0));
  health.isReconciled = true;
  health.streamConnected();
});

const pass = (ms: number): boolean => {
  clock.advance(ms);
  return health.checkStream();
};

describe('the clock of the venue', () => {
  it('is whole milliseconds although half of an odd answer time is not', async () => {
    await health.measureClock(venueAhead(0, 7));
    expect(Number.isInteger(health.venueNowMs())).toBe(true);
    expect(Math.abs(health.venueNowMs() - clock.nowMs())).toBeLessThanOrEqual(4);
  });

  it('stops entries when it is more than a second off', async () => {
    await health.measureClock(venueAhead(1_001));
    expect(health.entryBlock()).toBe('CLOCK_SKEW');
    await health.measureClock(venueAhead(-1_000));
    expect(health.entryBlock()).toBeUndefined();
  });
});

describe('a stream that says nothing', () => {
  it('is trusted for ever while nothing is owed: a quiet account is no fault', () => {
    expect(pass(3_600_000)).toBe(false);
    expect(health.entryBlock()).toBeUndefined();
  });

  it('is stale once, when an order is not echoed in 15 s, and trusted as soon as it speaks', () => {
    health.expectEcho(health.timesSpoken);
    expect(pass(14_999)).toBe(false);
    expect(pass(1)).toBe(true);
    expect(health.entryBlock()).toBe('STREAM_STALE');
    expect(pass(1_000)).toBe(false);
    health.streamSpoke();
    expect(health.entryBlock()).toBeUndefined();
  });

  it('owes nothing when the echo came before the answer to the order', () => {
    const spokenBefore = health.timesSpoken;
    health.streamSpoke();
    health.expectEcho(spokenBefore);
    expect(pass(60_000)).toBe(false);
    expect(health.entryBlock()).toBeUndefined();
  });

  it('owes a fill that a poll found, but not one from before it was connected', () => {
    const beforeMs = health.venueNowMs();
    clock.advance(5_000);
    health.streamConnected();
    health.expectEcho(health.timesSpoken, beforeMs);
    expect(pass(60_000)).toBe(false);
    health.expectEcho(health.timesSpoken, health.venueNowMs());
    expect(pass(15_000)).toBe(true);
  });

  it('owes nothing of what a lost connection did not tell', () => {
    health.expectEcho(health.timesSpoken);
    clock.advance(10_000);
    health.streamConnected();
    expect(pass(60_000)).toBe(false);
  });
});
