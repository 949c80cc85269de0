import { runBacktest } from '../core/engine/backtest.ts';
import { EMA_CROSS } from './ema-cross.ts';
import { syntheticBars } from './synthetic-bars.ts';

/** A process of its own, so that its peak is that of one backtest: prints MB with the bars alone, then with the backtest done. */
const bars = syntheticBars(1_000_000);
const peakMb = () => process.resourceUsage().maxRSS / 1_024;
const alone = peakMb();
const { fills } = runBacktest(EMA_CROSS, bars);
process.stdout.write(JSON.stringify({ barsMb: alone, backtestMb: peakMb(), fills: fills.length }));
