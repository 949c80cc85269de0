import { onTestFinished, expect, it } from 'vitest';
import { createMessageBus } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { startBroker } from '../setup/broker.ts';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { isCommitted } from '../setup/streams.ts';

/** Long enough to see the order at the venue and cut the commit off before it reaches the broker. */
const COMMIT_DELAY_MS = 3_000;
/** Over every session timeout: the venue took the order and does not say so. */
const ANSWER_DELAY_MS = 45_000;

/**
 * The owner takes a signal and sends the order; the venue's answer is slow, the commit of the offset is lost with the connection, and
 * the owner freezes for longer than its session. A second process takes over account and partition, and gets the same signal. Then
 * the first wakes up, with its order still in hand.
 */
async function rebalanceDuringSlowOrder(mutant?: string): Promise<void> {
  const broker = await startBroker();
  onTestFinished(() => broker.close());
  const bed = await startExecutionBed({ brokers: broker.brokers });
  const bus = createMessageBus(bed.environment.kafkaBrokers, silentLog);
  onTestFinished(() => bus.close());
  const groupId = `execute-${bed.account}`;

  const first = await bed.startReady();
  await bed.signal('0.02');
  await bed.until('the consumer is in its group and trades', () => isCommitted(bus, groupId, 'signals'));
  await bed.quiet();
  await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'accept_then_hang', ms: ANSWER_DELAY_MS, times: 1 });
  const signal = await bed.signal('0.05', { maxAgeMs: 300_000 });
  broker.proxy.setMode('latency', { latencyMs: COMMIT_DELAY_MS });
  await bed.until('the order is at the venue', async () => (await bed.placements()).length === 2);
  await bed.freeze(first);
  const delayed = broker.proxy.faultCount;
  broker.proxy.setMode('reset');
  broker.proxy.setMode('pass');
  const isTaken = await isCommitted(bus, groupId, 'signals');
  if (mutant === undefined) faultProven(delayed > 0 && !isTaken, 'the order is at the venue, its signal is not committed, the owner is frozen');

  const second = bed.start(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
  if (mutant === undefined) await second.waitForLine('the account has another owner');
  await second.waitForLine('execute ready', 60_000);
  await bed.until('the second consumer has done the signal', () => isCommitted(bus, groupId, 'signals'), 90_000);
  if (mutant === undefined) await bed.quiet();
  expect(await bed.placements()).toHaveLength(2);
  expect(second.lines.some((line) => line.includes('DUPLICATE_SIGNAL'))).toBe(true);
  expect(bed.orders().map(({ order }) => order.status)).toEqual(['FILLED', 'FILLED']);
  expect(bed.orders().filter(({ order }) => order.signalId === signal.signalId)).toHaveLength(1);

  // The old owner wakes up, commits and answers into a group and a ledger that are no longer its own.
  first.thaw();
  await first.waitForLine('the account has another owner', 60_000);
  await bed.signal('0', { maxAgeMs: 300_000 });
  await bed.until('the next order is filled', () => bed.orders().filter(({ order }) => order.status === 'FILLED').length === 3, 60_000);
  await bed.quiet();
  expect(await bed.placements()).toHaveLength(3);
  expect(await isCommitted(bus, groupId, 'signals')).toBe(true);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('ST-02: a rebalance during a slow order gives one intent and one order', () => rebalanceDuringSlowOrder());

it('ST-02: and the test fails when the next owner does not know the ledger', () =>
  mutantFailed('the ledger is not shared by the owners', () => rebalanceDuringSlowOrder('volatile-ledger')));
