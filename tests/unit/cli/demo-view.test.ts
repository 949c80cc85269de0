import { expect, it } from 'vitest';
import { renderScreen } from '../../../cli/demo/view.ts';

const screen = {
  elapsedMs: 65_000,
  banner: 'real market data: recorded',
  counts: { ticks: 1234, signals: 5, orders: 4, fills: 3 },
  markets: [{ instrument: 'sim:BTC/USDT', price: 61_837.63, changePercent: -0.52, position: 0.01, pnlQuote: -1.5 }],
  orders: [{ time: '12:00:01', strategy: 'trend-following', instrument: 'sim:BTC/USDT', side: 'buy', qty: '0.01', averagePrice: '61837.63', status: 'FILLED' }],
  equity: { now: 10_001.25, start: 10_000 },
  workflows: [{ type: 'evolve', id: 'evolve-1', status: 'RUNNING', stage: 'generation 2', done: 2, total: 4 }],
  urls: [['Dashboard', 'http://127.0.0.1:3000']] as const,
  hint: '',
};

it('the demo screen shows workflows, prices, positions, orders, equity and addresses', () => {
  const text = renderScreen(screen, 120, false);
  expect(text).toContain('1:05');
  expect(text).toContain('████████████░░░░░░░░░░░░ running');
  expect(text).toMatch(/sim:BTC\/USDT\s+61837\.63\s+-0\.52 %\s+position\s+0\.01\s+result\s+-1\.50/);
  expect(text).toMatch(/trend-following\s+sim:BTC\/USDT\s+buy\s+0\.01\s+61837\.63\s+filled/);
  expect(text).toContain('equity 10001.25 USDT (+1.25)');
  expect(text).toContain('http://127.0.0.1:3000');
});

it('no line is wider than the terminal, colours not counted', () => {
  const text = renderScreen(screen, 60, true);
  const visible = text.replaceAll(new RegExp(`${'\u001b'}\\[\\d+m`, 'g'), '');
  expect(Math.max(...visible.split('\n').map((line) => line.length))).toBe(60);
});
