import { expect, it } from 'vitest';
import { createMessageBus } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { type ExecutionBed, startExecutionBed } from '../setup/execution.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import type { WorkerProcess } from '../setup/process.ts';
import { isCommitted } from '../setup/streams.ts';

const REWOUND = 10_000;

/** The process's own counter, as Prometheus reads it. */
async function countedDuplicates(worker: WorkerProcess): Promise<number> {
  const { metricsPort } = JSON.parse(await worker.waitForLine('execute starting')) as { metricsPort: number };
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^touchstone_messages_total\{[^}]*reason="DUPLICATE_SIGNAL"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
}

/** What a repetition must not change. Each start writes down the equity it finds and what it holds for each strategy; nothing else of the log may grow. */
async function traces(bed: ExecutionBed) {
  return {
    placements: (await bed.placements()).length,
    orders: bed.orders().map(({ order }) => order),
    positions: bed.positions(),
    rows: bed.events().filter(({ type }) => type !== 'equity' && type !== 'holding').length,
  };
}

/** Whose holdings were told, oldest first. */
const holders = (bed: ExecutionBed) =>
  bed
    .events()
    .filter(({ type }) => type === 'holding')
    .map(({ data }) => data.strategy);

/** All signals of a run are done, the group is set back before the first of them, and the process is started again. */
async function rewind(mutant?: string): Promise<void> {
  const bed = await startExecutionBed();
  const bus = createMessageBus(bed.environment.kafkaBrokers, silentLog);
  const groupId = `execute-${bed.account}`;
  try {
    const first = await bed.startReady();
    const ends = await bus.topicOffsets('signals');
    for (let sent = 0; sent < REWOUND; sent += 1_000) {
      await bed.signals(Array.from({ length: 1_000 }, (_, i) => ({ target: i % 2 ? '0.02' : '0.01', strategy: `strategy-${i % 3}`, maxAgeMs: 3_600_000 })));
    }
    await bed.until('all signals are done', () => isCommitted(bus, groupId, 'signals'), 60_000);
    await bed.quiet();
    await first.stop();
    const before = await traces(bed);
    const heldBefore = holders(bed);
    expect(before.orders.length).toBeGreaterThan(0);

    const committed = await bus.committedOffsets(groupId, 'signals');
    // All signals of an account are on one partition.
    const mine = committed.find(({ partition, offset }) => Number(offset) - Number(ends[partition]!.high) === REWOUND)!;
    const rewound = String(BigInt(mine.offset) - BigInt(REWOUND));
    await bus.setOffsets(groupId, 'signals', [{ partition: mine.partition, offset: rewound }]);
    const reset = (await bus.committedOffsets(groupId, 'signals')).find(({ partition }) => partition === mine.partition);
    if (mutant === undefined) faultProven(reset?.offset === rewound, `the group stands ${REWOUND} signals back, at ${rewound}`);

    const second = await bed.startReady(mutant === undefined ? {} : { TOUCHSTONE_MUTANT: mutant });
    await bed.until('the signals are done again', () => isCommitted(bus, groupId, 'signals'), 60_000);
    if (mutant === undefined) await bed.quiet();
    expect(await traces(bed)).toEqual(before);
    const retold = holders(bed).slice(heldBefore.length);
    expect(retold.sort()).toEqual(['strategy-0', 'strategy-1', 'strategy-2']);
    expect(await countedDuplicates(second)).toBe(REWOUND);
    expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    await bus.close();
  }
}

it(`ST-04: offsets set back by ${REWOUND} signals make no order, no position and no row`, () => rewind());

it('ST-04: and the test fails when the ledger does not outlive the process', () => mutantFailed('the ledger is forgotten', () => rewind('volatile-ledger')));
