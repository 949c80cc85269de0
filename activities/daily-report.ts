import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { timestamp } from './run-record.ts';
import { measureProfit, type StrategyProfit } from './strategy-profit.ts';

export interface DailyReport {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** After fees, sum over strategies, quote currency. */
  readonly profitQuote: number;
  readonly orders: number;
  readonly fills: number;
  readonly denials: number;
  readonly alerts: number;
  readonly markdownAddress: string;
  readonly jsonAddress: string;
}

interface Counts {
  readonly name: string;
  readonly n: string;
}

const IN_RANGE = 'fromUnixTimestamp64Milli({fromMs:Int64}) <= event_time AND event_time < fromUnixTimestamp64Milli({toMs:Int64})';

const QUERIES = {
  orders: `SELECT status AS name, count() AS n FROM (
      SELECT intent_id, argMax(status, sequence) AS status FROM orders
      WHERE account = {account:String} AND created_time >= fromUnixTimestamp64Milli({fromMs:Int64}) AND created_time < fromUnixTimestamp64Milli({toMs:Int64})
      GROUP BY intent_id) GROUP BY status ORDER BY n DESC, name`,
  denials: `SELECT code AS name, count() AS n FROM risk_decisions WHERE account = {account:String} AND NOT approved AND ${IN_RANGE} GROUP BY code ORDER BY n DESC, name`,
  alerts: `SELECT code AS name, count() AS n FROM alerts WHERE (account = {account:String} OR account = '') AND ${IN_RANGE} GROUP BY code ORDER BY n DESC, name`,
  gaps: `SELECT instrument AS name, count() AS n FROM gaps WHERE kind = 'gap' AND ${IN_RANGE} GROUP BY instrument ORDER BY n DESC, name`,
} as const;

export function createActivities(deps: { readonly history: Clickhouse; readonly artefacts: Artefacts }) {
  return {
    /** The day of an account in figures, as Markdown for people and JSON for programs. The same range gives the same report once everything is recorded. */
    async writeDailyReport(input: WorkflowInput<'dailyReport'>): Promise<DailyReport> {
      const { account, fromMs, toMs } = input;
      const params = { account, fromMs: String(fromMs), toMs: String(toMs) };
      const strategies = await measureProfit(deps.history, input);
      const counted = { orders: [] as Counts[], denials: [] as Counts[], alerts: [] as Counts[], gaps: [] as Counts[] };
      for (const name of ['orders', 'denials', 'alerts', 'gaps'] as const) counted[name] = await deps.history.queryRows<Counts>(QUERIES[name], params);
      const total = (rows: readonly Counts[]) => rows.reduce((sum, row) => sum + Number(row.n), 0);
      const figures = {
        account,
        fromMs,
        toMs,
        profitQuote: strategies.reduce((sum, one) => sum + one.profitQuote, 0),
        orders: total(counted.orders),
        fills: strategies.reduce((sum, one) => sum + one.fills, 0),
        denials: total(counted.denials),
        alerts: total(counted.alerts),
      };
      const json = await deps.artefacts.putJson({ ...figures, strategies, counted });
      const markdown = await deps.artefacts.putBytes(new TextEncoder().encode(asMarkdown(figures, strategies, counted)));
      return { ...figures, markdownAddress: markdown.address, jsonAddress: json.address };
    },
  };
}

function asMarkdown(
  figures: { account: string; fromMs: number; toMs: number; profitQuote: number },
  strategies: readonly StrategyProfit[],
  counted: Readonly<Record<string, readonly Counts[]>>,
): string {
  const money = (value: number) => value.toFixed(2);
  const lines = [
    `# Account ${figures.account}, ${timestamp(figures.fromMs)} to ${timestamp(figures.toMs)}`,
    '',
    `Profit after fees: **${money(figures.profitQuote)}** (quote currency, realised and unrealised)`,
    '',
    '| strategy | profit | fees | fills |',
    '|---|---:|---:|---:|',
    ...strategies.map((one) => `| ${one.strategy} | ${money(one.profitQuote)} | ${money(one.feesQuote)} | ${one.fills} |`),
  ];
  for (const [title, rows] of Object.entries(counted)) {
    lines.push('', `## ${title[0]!.toUpperCase()}${title.slice(1)}`, '', ...(rows.length === 0 ? ['none'] : rows.map((row) => `- ${row.name}: ${row.n}`)));
  }
  return `${lines.join('\n')}\n`;
}
