import type { BackfillSummary } from '../activities/backfill.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/**
 * Brings history of instruments and intervals into ClickHouse, page by page, and marks the gaps. A retry goes on after the last page
 * that was stored; pages stored twice are one row each, by identity.
 */
export async function backfill(rawInput: unknown = {}): Promise<{ readonly series: readonly BackfillSummary[]; readonly bars: number }> {
  const progress = trackProgress('backfill');
  const input = await resolveInput('backfill', rawInput);
  progress.label({ symbol: input.instruments.join(' ') });

  const wanted = input.instruments.flatMap((instrument) => input.intervals.map((interval) => ({ instrument, interval })));
  progress.stage('bringing history in', wanted.length);
  const series: BackfillSummary[] = [];
  for (const { instrument, interval } of wanted) {
    series.push(await research.backfillBars({ ...input, instrument, interval }));
    progress.advance(series.length);
  }
  progress.stage('done');
  return { series, bars: series.reduce((sum, one) => sum + one.bars, 0) };
}
