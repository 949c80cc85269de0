import type { DemoCounts, DemoMarketRow, DemoOrderRow } from './history.ts';

/** One workflow's line on the screen. */
export interface DemoWorkflow {
  readonly type: string;
  readonly id: string;
  readonly status: string;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface DemoScreen {
  readonly elapsedMs: number;
  readonly banner: string;
  readonly counts: DemoCounts;
  readonly markets: readonly DemoMarketRow[];
  readonly orders: readonly DemoOrderRow[];
  readonly equity: { readonly now: number; readonly start: number } | undefined;
  readonly workflows: readonly DemoWorkflow[];
  readonly urls: ReadonlyArray<readonly [name: string, url: string]>;
  /** What the person at the screen may do next. */
  readonly hint: string;
}

const BAR_WIDTH = 24;
const ESCAPE = '\u001b';
const COLOUR_CODE = new RegExp(`(${ESCAPE}\\[\\d+m)`);

/** The one screen of the demo as text lines, at most `width` columns wide. Pure, so that a test can read it. */
export function renderScreen(screen: DemoScreen, width: number, colour: boolean): string {
  const paint = (code: number, text: string) => (colour ? `${ESCAPE}[${code}m${text}${ESCAPE}[0m` : text);
  const dim = (text: string) => paint(2, text);
  const bold = (text: string) => paint(1, text);
  const signed = (value: number, text: string) => (value > 0 ? paint(32, text) : value < 0 ? paint(31, text) : text);
  const heading = (text: string) => bold(text.toUpperCase());
  const lines: string[] = [];

  lines.push(`${bold('Touchstone')} ${dim(`paper trading on the exchange simulator · ${formatDuration(screen.elapsedMs)}`)}`);
  lines.push(screen.banner, '');

  lines.push(heading('Workflows'));
  for (const workflow of screen.workflows) {
    const share = workflow.total > 0 ? Math.min(1, workflow.done / workflow.total) : workflow.status === 'COMPLETED' ? 1 : 0;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(filled) + dim('░'.repeat(BAR_WIDTH - filled));
    lines.push(`  ${workflow.type.padEnd(12)} ${bar} ${workflow.status.toLowerCase().padEnd(10)} ${dim(workflow.stage)}`);
  }

  lines.push('', heading('Markets'));
  for (const row of screen.markets) {
    const change = `${row.changePercent >= 0 ? '+' : ''}${row.changePercent.toFixed(2)} %`;
    const pnl = row.pnlQuote.toFixed(2);
    lines.push(
      `  ${row.instrument.padEnd(14)} ${formatPrice(row.price).padStart(12)}  ${signed(row.changePercent, change.padStart(9))}   position ${String(row.position).padStart(12)}   result ${signed(row.pnlQuote, pnl.padStart(9))}`,
    );
  }
  if (screen.markets.length === 0) lines.push(dim('  strategies are warming up'));

  lines.push('', heading('Newest orders'));
  for (const row of screen.orders) {
    lines.push(
      `  ${dim(row.time)} ${row.strategy.padEnd(16)} ${row.instrument.padEnd(13)} ${row.side.padEnd(4)} ${row.qty.padStart(12)} ${(row.averagePrice ?? '').padStart(14)}  ${row.status.toLowerCase()}`,
    );
  }
  if (screen.orders.length === 0) lines.push(dim('  none yet'));

  const { ticks, signals, orders, fills } = screen.counts;
  const change = screen.equity ? screen.equity.now - screen.equity.start : 0;
  const equity = screen.equity ? `${screen.equity.now.toFixed(2)} USDT (${signed(change, `${change >= 0 ? '+' : ''}${change.toFixed(2)}`)})` : '—';
  lines.push('', `  ${ticks} ticks   ${signals} signals   ${orders} orders   ${fills} fills   equity ${equity}`, '');
  for (const [name, url] of screen.urls) lines.push(`  ${name.padEnd(12)} ${paint(36, url)}`);
  lines.push('', screen.hint, dim('Ctrl-C ends the demo and stops everything it started.'));
  return lines.map((line) => clip(line, width)).join('\n');
}

function formatPrice(price: number): string {
  return price >= 100 ? price.toFixed(2) : price.toPrecision(6);
}

export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Cuts to `width` visible columns, leaving colour codes whole. */
function clip(line: string, width: number): string {
  let visible = 0;
  let out = '';
  for (const part of line.split(COLOUR_CODE)) {
    if (part.startsWith(ESCAPE)) out += part;
    else {
      out += part.slice(0, Math.max(0, width - visible));
      visible += part.length;
    }
  }
  return out;
}
