import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../../core/errors.ts';
import { createDurable } from '../../../infra/durable.ts';
import { Ledger } from '../../../infra/ledger/ledger.ts';
import { silentLog } from '../../../infra/log.ts';
import type { ExecutionConfig } from '../../../streams/execute.ts';
import { type FlattenDeps, flattenAccount, writeHalt } from '../../../streams/flatten.ts';
import { BTC, ETH, LIMITS, startSystem, type System } from './system.ts';

const press = { account: 'paper', reason: 'test', by: 'ann' };

function depsOf(s: System, halts: string[] = []): FlattenDeps {
  const config: ExecutionConfig = {
    account: 'paper',
    quoteCurrency: 'USDT',
    instruments: s.instruments,
    limits: LIMITS,
    timeInForce: 'IOC',
    recvWindowMs: 1_000,
    lookupLagMs: 2_000,
  };
  return {
    config,
    openLedger: () => Ledger.open(s.path, createDurable()),
    openVenue: async () => s.venue,
    tradingStates: {
      tradingState: () => s.trading,
      setTradingState: (_account, state, _reason, by) => {
        halts.push(by);
        s.trading.state = state;
        return s.trading;
      },
    },
    durable: createDurable(),
    clock: s.clock,
    log: silentLog,
    pid: 4242,
    isAlive: () => true,
    sleep: async (ms) => s.clock.advance(ms),
  };
}

describe('FLAT ALL', () => {
  it('halts, cancels what rests, sells what the ledger holds and nothing else', async () => {
    const s = await startSystem({ timeInForce: 'GTC' });
    s.venue.held.set('BTC', 7_00000000n);
    await s.submit(s.signal('2'));
    s.venue.fillPercent = 0;
    await s.submit(s.signal('3', { instrument: ETH }));
    s.venue.fillPercent = 100;
    const result = await flattenAccount(depsOf(s), press);
    expect(result).toMatchObject({ isFlat: true, canceledOrders: 1, closedPositions: 1, dust: [] });
    expect(s.venue.liveOrders()).toEqual([]);
    expect(s.venue.held.get('BTC')).toBe(7_00000000n);
    await s.restart();
    expect(
      s
        .holdings()
        .filter((told) => told.includes(BTC))
        .at(-1),
    ).toBe(`ema-cross ${BTC} 0`);
    expect(s.trading.state).toBe('HALTED');
  });

  it('fences off a living execute, which then neither writes nor sends', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    await flattenAccount(depsOf(s), press);
    await expect(s.execution.submit([s.signal('2')])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await s.restart();
    await s.submit(s.signal('2'));
    expect(s.venue.truth.orders.map(({ side }) => side)).toEqual(['buy', 'sell']);
  });

  it('lists what is below the minimum instead of trying for ever', async () => {
    const s = await startSystem();
    await s.submit(s.signal('0.051'));
    const result = await flattenAccount(depsOf(s), press);
    expect(result.dust).toHaveLength(1);
    expect(result.dust[0]).toMatchObject({ instrument: BTC, reason: expect.stringContaining('could not flatten: below minimum') });
  });

  it('never gives up on a venue that fails, and does not sell twice when an answer is lost', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    s.venue.nextFault = 'timeoutAfterAccept';
    let failures = 3;
    const flaky = Object.create(s.venue) as typeof s.venue;
    flaky.fetchOpenOrders = async (instrument?: string) => {
      if (failures-- > 0) throw Object.assign(new Error('socket reset'), { code: 'VENUE_UNKNOWN' });
      return s.venue.fetchOpenOrders(instrument);
    };
    const result = await flattenAccount({ ...depsOf(s), openVenue: async () => flaky }, press);
    expect(result.isFlat).toBe(true);
    expect(s.venue.truth.orders.filter(({ side }) => side === 'sell')).toHaveLength(1);
  });

  it('is one work however often it is pressed, and each press is on record', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'), s.signal('3', { instrument: ETH }));
    const halts: string[] = [];
    // Those who wait let the one at work go on; its lease must not grow old by their waiting.
    const deps = { ...depsOf(s, halts), sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
    const presses = ['ann', 'ben', 'cat', 'dan', 'eve'].map(async (by) => {
      writeHalt(deps, { ...press, by });
      return flattenAccount(deps, { ...press, by });
    });
    expect((await Promise.all(presses)).map(({ isFlat }) => isFlat)).toEqual([true, true, true, true, true]);
    expect(halts).toEqual(['ann', 'ben', 'cat', 'dan', 'eve']);
    expect(s.venue.truth.orders.filter(({ side }) => side === 'sell')).toHaveLength(2);
  });

  it('asks a venue that fails again at once, without waiting for its own lease to grow old', async () => {
    const s = await startSystem();
    await s.submit(s.signal('2'));
    const sleptMs: number[] = [];
    let failures = 3;
    const deps: FlattenDeps = {
      ...depsOf(s),
      async openVenue() {
        if (failures-- > 0) throw new TouchstoneError('VENUE_UNAVAILABLE', 'nobody answers', { retryable: true });
        return s.venue;
      },
      async sleep(ms) {
        sleptMs.push(ms);
        s.clock.advance(ms);
      },
    };
    const stages: string[] = [];
    const result = await flattenAccount(deps, press, (stage) => stages.push(stage));
    expect(result).toMatchObject({ isFlat: true, closedPositions: 1 });
    expect(stages.slice(0, 3)).toEqual(Array(3).fill('waiting: VENUE_UNAVAILABLE'));
    expect(stages).not.toContain('another FLAT ALL is at work');
    expect(sleptMs.slice(0, 3)).toEqual([250, 500, 1_000]);
  });
});
