import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../core/execution/signal.ts';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import type { StateChange, VenueTruth } from '../../../streams/verify.ts';
import { verifyOnce } from '../../../streams/verify.ts';
import { checkLedger } from '../../../streams/verify-ledger.ts';
import type { Fault } from './model-venue.ts';
import { BTC, ETH, LIMITS, System, type SystemOptions } from './system.ts';

/**
 * I1–I8 at every prefix of random histories, and all that ledger and venue can tell when quiet. Everything is real but the
 * venue and the clock. A failure prints seed and path; put them into `fc.assert`'s options to replay it.
 */
class World {
  readonly system: System;
  readonly halts: StateChange[] = [];
  readonly sent: Signal[] = [];

  constructor(system: System) {
    this.system = system;
  }

  verifyDeps() {
    const { ledger, venue } = this.system;
    const truth: VenueTruth = {
      orders: async () => venue.truth.orders.map((order) => ({ ...order, isOpen: order.status === 'OPEN' || order.status === 'PARTIALLY_FILLED' })),
      fills: async () => venue.truth.fills,
      balances: async () => new Map([...venue.held].map(([asset, qty]) => [asset, formatDecimal(qty)])),
    };
    return {
      account: 'paper',
      quoteCurrency: 'USDT',
      instruments: [BTC, ETH],
      limits: LIMITS,
      ledger,
      stateChanges: () => this.halts,
      truth,
      sleep: async () => {},
    };
  }
}

interface Command {
  readonly text: string;
  run(world: World): Promise<void>;
}

/** Lets the process go on for some passes of its event loop only: a crash after it may fall anywhere. */
async function passes(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

const signal = fc
  .record({
    target: fc.constantFrom('0', '1', '2.5', '7', '40', '180'),
    instrument: fc.constantFrom(BTC, ETH),
    strategy: fc.constantFrom('a', 'b'),
    ageMs: fc.constantFrom(0, 0, 0, 4_000, 6_000),
    passes: fc.constantFrom(1, 2, 3, 50),
  })
  .map(
    ({ target, instrument, strategy, ageMs, passes: count }): Command => ({
      text: `signal ${strategy} ${instrument} ${target} aged ${ageMs}`,
      async run(world) {
        const one = world.system.signal(target, { instrument, strategy });
        const aged = { ...one, eventTimeMs: one.eventTimeMs - ageMs, readToMs: one.readToMs - ageMs };
        world.sent.push(aged);
        world.system.execution.submit([aged]).catch(() => {});
        await passes(count);
      },
    }),
  );

const quotes = fc
  .record({
    bidQty: fc.constantFrom('0', '1', '3'),
    askQty: fc.constantFrom('0', '1', '3'),
    distancePercent: fc.constantFrom(0.2, 0.5),
    instrument: fc.constantFrom(BTC, ETH),
    passes: fc.constantFrom(1, 3, 50),
  })
  .map(
    ({ bidQty, askQty, distancePercent, instrument, passes: count }): Command => ({
      text: `quotes ${bidQty} and ${askQty} of ${instrument}, ${distancePercent} % away`,
      async run(world) {
        const { price } = world.system.venue;
        const at = (percent: number) => (price * (1 + percent / 100)).toFixed(2);
        const set = [['buy', at(-distancePercent), bidQty] as const, ['sell', at(distancePercent), askQty] as const].filter(([, , qty]) => qty !== '0');
        const one = world.system.quotes(set, { instrument });
        world.sent.push(one);
        world.system.execution.submit([one]).catch(() => {});
        await passes(count);
      },
    }),
  );

const duplicate = fc.nat(20).map(
  (index): Command => ({
    text: `deliver signal ${index} again`,
    async run(world) {
      const again = world.sent.at(-1 - index);
      if (again) world.system.execution.submit([again]).catch(() => {});
      await passes(3);
    },
  }),
);

const fault = fc.constantFrom<Fault | 'timeoutAfterCancel' | 'lostCancel' | 'silentStream' | 'talkingStream'>(
  'timeoutAfterAccept',
  'lostRequest',
  'refuse',
  'rateLimit',
  'timeoutAfterCancel',
  'lostCancel',
  'silentStream',
  'talkingStream',
);
const faults = fault.map(
  (what): Command => ({
    text: `fault ${what}`,
    async run({ system: { venue } }) {
      if (what === 'silentStream' || what === 'talkingStream') venue.isStreamSilent = what === 'silentStream';
      else if (what === 'timeoutAfterCancel') venue.cancelFault = what;
      else if (what === 'lostCancel') venue.cancelFault = 'lostRequest';
      else venue.nextFault = what;
    },
  }),
);

const settings = fc
  .record({ fillPercent: fc.constantFrom(0, 30, 100), lookupLagMs: fc.constantFrom(0, 1_500), movePercent: fc.integer({ min: -2, max: 2 }) })
  .map(
    ({ fillPercent, lookupLagMs, movePercent }): Command => ({
      text: `tick ${movePercent} %, fills ${fillPercent} %, lookup lag ${lookupLagMs} ms`,
      async run({ system }) {
        system.venue.fillPercent = fillPercent;
        system.venue.lookupLagMs = lookupLagMs;
        system.venue.price = Math.round(system.venue.price * (100 + movePercent)) / 100;
        system.quote();
      },
    }),
  );

const fill = fc.integer({ min: 1, max: 100 }).map(
  (percent): Command => ({
    text: `the venue fills ${percent} % of what rests`,
    async run({ system: { venue } }) {
      for (const order of venue.liveOrders()) venue.trade(order.venueOrderId, (parseDecimal(order.qty) * BigInt(percent)) / 100n);
      await passes(2);
    },
  }),
);

const time = fc.constantFrom(250, 1_000, 6_000, 20_000).map((ms): Command => ({ text: `${ms} ms pass`, run: ({ system }) => system.pass(ms) }));

const clockStep = fc.constantFrom(-3_000, 500, 3_600_000).map(
  (ms): Command => ({
    text: `our clock steps by ${ms} ms`,
    async run({ system }) {
      system.clock.step(ms);
      await system.pass(250);
      system.clock.step(-ms);
    },
  }),
);

const crash = fc.nat(4).map(
  (count): Command => ({
    text: `crash after ${count} passes and start again`,
    async run({ system }) {
      await passes(count);
      await system.restart();
    },
  }),
);

const halt = fc.constantFrom('HALTED' as const, 'REDUCING' as const, 'ACTIVE' as const).map(
  (state): Command => ({
    text: `trading state ${state}`,
    async run(world) {
      const { trading, venue } = world.system;
      trading.state = state;
      world.halts.push({ state, atMs: venue.venueMs() });
    },
  }),
);

const history = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: signal },
    { weight: 4, arbitrary: quotes },
    { weight: 2, arbitrary: duplicate },
    { weight: 4, arbitrary: faults },
    { weight: 3, arbitrary: settings },
    { weight: 3, arbitrary: fill },
    { weight: 4, arbitrary: time },
    { weight: 1, arbitrary: clockStep },
    { weight: 3, arbitrary: crash },
    { weight: 1, arbitrary: halt },
  ),
  { minLength: 5, maxLength: 40 },
);

async function live(commands: readonly Command[], options: SystemOptions): Promise<void> {
  const system = await System.start(options);
  const world = new World(system);
  try {
    for (const command of commands) {
      await command.run(world);
      expect(checkLedger(world.verifyDeps()), command.text).toEqual([]);
    }
    Object.assign(system.venue, { isStreamSilent: false, nextFault: undefined, cancelFault: undefined, lookupLagMs: 0 });
    await system.quiesce();
    const { results } = await verifyOnce(world.verifyDeps());
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(system.execution.book.openOrders()).toEqual([]);
    for (const { strategy, instrument, qty } of system.ledger.targets().filter((target) => target.strategy === 'maker')) {
      const told = system.holdings().filter((holding) => holding.startsWith(`maker ${instrument} `));
      expect(told.at(-1) ?? `maker ${instrument} 0`, 'the last word on what is held').toBe(`${strategy} ${instrument} ${formatDecimal(qty)}`);
    }
  } finally {
    system.dispose();
  }
}

const readable = history.map((commands) => Object.assign(commands, { toString: () => commands.map(({ text }) => text).join('\n') }));

describe('I1–I9 hold for any history of signals, faults, crashes and halts', () => {
  it.each(['IOC', 'GTC'] as const)(
    'with %s orders',
    async (timeInForce) => {
      await fc.assert(
        fc.asyncProperty(readable, (commands) => live(commands, { timeInForce })),
        { numRuns: 25 },
      );
    },
    60_000,
  );

  it.each(['blind-resend', 'no-fill-identity'])(
    'and the test sees it when the protection against %s is off',
    async (mutant) => {
      const check = await fc.check(
        fc.asyncProperty(readable, (commands) => live(commands, { timeInForce: 'GTC', mutant })),
        { numRuns: 150, endOnFailure: true },
      );
      expect(check.failed).toBe(true);
    },
    60_000,
  );
});
