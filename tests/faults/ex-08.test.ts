import { expect, it } from 'vitest';
import { BTC, ETH, type ExecutionBed, PRICES, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { spawnWorker } from '../setup/process.ts';

const flat = (bed: ExecutionBed, env: Readonly<Record<string, string>> = {}) =>
  // Nobody listens there: FLAT ALL must do without Kafka and Temporal.
  spawnWorker('workers/touchstone.ts', {
    env: { ...bed.variables, KAFKA_BROKERS: '127.0.0.1:9', TEMPORAL_ADDRESS: '127.0.0.1:9', ...env },
    args: ['flat', '--account', bed.account, '--json'],
  });

/** Open orders, two positions of which one is below the minimum, cancels that fail, five presses, and a kill half way. */
async function flatUnderTrouble(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  const worker = await bed.startReady();
  await bed.signal('0.05');
  await bed.signal('0.0019', { instrument: ETH });
  await bed.until('both are bought', () => bed.orders().filter(({ order }) => order.status === 'FILLED').length === 2);
  await bed.quiet();
  const hand = await bed.byHand();
  for (let i = 0; i < 5; i++) {
    const price = String(Math.round(PRICES[BTC]! * 0.8) + i);
    await hand.placeOrder({ instrument: BTC, clientOrderId: `resting-${i}`, side: 'buy', type: 'limit', timeInForce: 'GTC', qty: '0.01', price });
  }
  await bed.control('fault', { match: { method: 'DELETE' }, do: 'reject', code: -1008, times: 2 });
  const extra: Readonly<Record<string, string>> = mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant };
  const killed = flat(bed, { ...extra, CRASH_AT: 'venue.place:after' });
  const first = await killed.exited;
  if (mutant === undefined) faultProven(first.signal === 'SIGKILL', 'FLAT ALL was killed between its close and the answer');
  const presses = Array.from({ length: 5 }, () => flat(bed, extra));
  const ends = await Promise.all(presses.map(({ exited }) => exited));
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);

  expect(await hand.fetchOpenOrders()).toEqual([]);
  expect(Number(bed.positions()[BTC])).toBeLessThan(0.00001);
  expect(presses[0]!.lines.join('\n')).toContain('could not flatten: below minimum');
  const asks = (await bed.placements()).length;
  await bed.signal('0.03', { strategy: 'after' });
  await bed.until('the entry is judged', () => bed.denials().length > 0 || bed.orders().some(({ order }) => order.strategy === 'after'), 60_000);
  expect(bed.denials()).toContain('HALTED');
  expect(await bed.placements()).toHaveLength(asks);
  const { openHomeControlStore } = await import('../../infra/control-store/control-store.ts');
  const { systemClock } = await import('../../infra/clock.ts');
  const store = openHomeControlStore(bed.environment, systemClock);
  const records = store.auditAfter(0).filter(({ action }) => action === 'trading.set');
  store.close();
  expect(records).toHaveLength(6);
  await worker.stop();
}

it('EX-08: FLAT ALL under trouble ends flat, halted, with its dust listed and every press on record', () => flatUnderTrouble());
it('EX-08: and the test fails when the halt is not written', () => mutantFailed('the halt is not written', () => flatUnderTrouble('no-halt')));
