import type { DailyReport } from '../activities/daily-report.ts';
import { trackProgress } from './progress.ts';
import { control, resolveInput } from './stubs.ts';

/** Profit and loss, orders, fills, fees, denials and alerts of an account over a day, as Markdown and JSON artefacts. */
export async function dailyReport(rawInput: unknown = {}): Promise<DailyReport> {
  const progress = trackProgress('daily report');
  const input = await resolveInput('dailyReport', rawInput);
  progress.label({ strategy: input.account });
  progress.stage('writing');
  const report = await control.writeDailyReport(input);
  progress.stage('done');
  return report;
}
