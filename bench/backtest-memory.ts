import { existsSync, readFileSync } from 'node:fs';
import { runBacktest } from '../core/engine/backtest.ts';
import { EMA_CROSS } from './ema-cross.ts';
import { syntheticBars } from './synthetic-bars.ts';

const LINUX_STATUS = '/proc/self/status';

/** Largest resident size so far. Linux hands `maxRSS` of a parent on to its child, so there the process's own mark is read. */
function peakMb(): number {
  if (!existsSync(LINUX_STATUS)) return process.resourceUsage().maxRSS / 1_024;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(LINUX_STATUS, 'utf8'))![1]) / 1_024;
}

/** A process of its own, so that its peak is that of one backtest: prints MB with the code, with the bars, and with the backtest done. */
const codeMb = peakMb();
const bars = syntheticBars(1_000_000);
const barsMb = peakMb();
const { fills } = runBacktest(EMA_CROSS, bars);
process.stdout.write(JSON.stringify({ codeMb, barsMb, backtestMb: peakMb(), fills: fills.length }));
