import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Allocated {
  readonly bytes: number;
  readonly fills: number;
  readonly barsInPosition: number;
}

function child<T>(script: string, ...flags: readonly string[]): T {
  return JSON.parse(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...flags, script], { encoding: 'utf8' })) as T;
}

describe('the hot loop of the bar engine', () => {
  const { held, heldWithStop, wasteful, busy } = child<Record<'held' | 'heldWithStop' | 'wasteful', Allocated> & { busy: { ms: number[]; fills: number } }>(
    join(import.meta.dirname, 'hot-loop-worker.ts'),
    '--min-semi-space-size=64',
    '--max-semi-space-size=64',
  );

  it('allocates nothing a bar, with a position held and a stop order resting', () => {
    for (const { bytes, fills, barsInPosition } of [held, heldWithStop]) {
      expect([fills, barsInPosition > 190_000]).toEqual([1, true]);
      // The smallest object has 16 bytes; what is left is the measurement's own.
      expect(bytes).toBeLessThan(1);
    }
    // One object a bar is seen by the same measurement.
    expect(wasteful.bytes).toBeGreaterThan(16);
  });

  it('costs the same late in a history as early, however much was traded before', () => {
    const [first, , , last] = busy.ms as [number, number, number, number];
    expect(busy.fills).toBeGreaterThan(40_000);
    // Where a bar's cost grew with what came before, the last quarter would take seven times as long as the first.
    expect(last / first).toBeLessThan(2);
  });
});

it('a backtest of a million bars, metrics and exact recount included, takes less memory than the bars themselves', () => {
  const script = join(import.meta.dirname, '../../../bench/backtest-memory.ts');
  const { barsMb, backtestMb, fills } = child<{ barsMb: number; backtestMb: number; fills: number }>(script, '--max-semi-space-size=2');
  expect(fills).toBeGreaterThan(10_000);
  // Six columns of a million doubles are 46 MB; peaks of the process, so nothing that was freed is forgotten.
  expect(backtestMb - barsMb).toBeLessThan(46);
});
