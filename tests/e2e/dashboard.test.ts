import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../infra/log.ts';
import { silentLog } from '../../infra/log.ts';
import type { PromotionView } from '../../schemas/http.ts';
import { enrol, PASSWORD } from '../unit/control-store/fixture.ts';
import { bar, equity, fill, marketMessage, order, position, trade } from '../unit/dashboard/events.ts';
import { type DashboardFixture, startDashboard } from '../unit/dashboard/fixture.ts';
import { DESKTOP, launchChromium, openTab, overflowOf, PHONE, signInOn, type Tab } from './browser.ts';

const BTC = 'sim:BTC/USDT';
const ETH = 'sim:ETH/USDT';
const START_MS = Date.UTC(2026, 0, 5, 12);

let browser: Browser;
let dashboard: DashboardFixture;
let tab: Tab;
let warnings: object[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  warnings = [];
  const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
  dashboard = await startDashboard({
    log,
    history: { lineage: async () => ({ order_id: 'ts-1', strategy: 'trend-following', features: '{"emaFast":42001.5}' }) },
  });
  for (let i = 0; i < 120; i++) {
    dashboard.replica.apply(marketMessage(bar(BTC, START_MS + i * 1000, 42_000 + i)));
    dashboard.replica.apply({ type: 'equity', id: `e${i}`, data: equity(i + 1, 10_000 + i, START_MS + i * 1000) });
  }
  dashboard.replica.apply(marketMessage(bar(ETH, START_MS, 2_300)));
  dashboard.replica.apply({ type: 'order', id: 'o', data: order(500, { createdTimeMs: START_MS }) });
  dashboard.replica.apply({ type: 'fill', id: 'f', data: fill(501, { eventTimeMs: START_MS + 60_000 }) });
  dashboard.replica.apply({ type: 'position', id: 'p', data: position(502, '0.01') });
});
afterEach(async () => {
  await tab.context.close();
  await dashboard.stop();
});

const promotion: PromotionView = {
  workflowId: 'promote-1',
  strategy: 'trend-following',
  stage: 'paper',
  policy: 'demo',
  evidenceHash: `sha256:${'a'.repeat(64)}`,
  failedGates: [],
  isWaiting: true,
  approvers: ['bob'],
  approvalsNeeded: 2,
  startedMs: START_MS,
};

/** Pixels of the price chart that are not background. */
const drawnPixels = (page: Tab['page']) =>
  page.locator('.price-chart canvas').evaluateAll((canvases) => {
    const counts = (canvases as HTMLCanvasElement[]).map((canvas) => {
      const context = canvas.getContext('2d');
      if (!context || canvas.width === 0 || canvas.height === 0) return 0;
      return context.getImageData(0, 0, canvas.width, canvas.height).data.filter((value, i) => i % 4 === 3 && value > 0).length;
    });
    return Math.max(0, ...counts);
  });

describe.each([
  ['desktop', DESKTOP],
  ['phone', PHONE],
])('the dashboard at %s width', (_, viewport) => {
  it('shows nothing before sign-in, and after it a price that moves by itself', async () => {
    await enrol(dashboard, 'ada', 'operator');
    tab = await openTab(browser, dashboard.url, viewport);
    const { page } = tab;
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.content()).not.toContain('42,119');
    await signInOn(page, 'ada', PASSWORD);
    const price = page.locator(`[data-instrument="${BTC}"]`);
    await expect.poll(() => price.textContent()).toBe('42,119.00');
    await expect.poll(() => drawnPixels(page), { timeout: 10_000 }).toBeGreaterThan(1_000);
    dashboard.replica.apply(marketMessage(trade(BTC, 43_210.5, START_MS + 130_000)));
    await expect.poll(() => price.textContent()).toBe('43,210.50');
    expect(await page.getByTestId('equity').textContent()).toBe('10,119.00');
    await page.getByText('0.01 BTC/USDT').waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  it('tells why an order happened, without leaving the window', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    tab = await openTab(browser, dashboard.url, viewport);
    await signInOn(tab.page, 'ada', PASSWORD);
    await tab.page.getByRole('button', { name: /^Why buy/ }).click();
    const dialog = tab.page.getByRole('dialog');
    await dialog.getByText('42001.5').waitFor();
    expect(await overflowOf(tab.page)).toBe(0);
    expect((await dialog.boundingBox())!.width).toBeLessThanOrEqual(viewport.width);
    await tab.page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
  });

  it('approves a promotion with a code, and a wrong code says so', async () => {
    dashboard.promotions.views = [promotion];
    const ada = await enrol(dashboard, 'ada', 'approver');
    tab = await openTab(browser, dashboard.url, viewport);
    const { page } = tab;
    await signInOn(page, 'ada', PASSWORD);
    await page.getByRole('button', { name: 'Approve…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1.234').waitFor();
    const wrong = ada.code() === '000000' ? '000001' : '000000';
    await dialog.getByLabel('Authenticator code').fill(wrong);
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(dashboard.promotions.decisions).toEqual([]);
    await dialog.getByLabel('Note').fill('sound');
    await dialog.getByLabel('Authenticator code').fill(ada.code());
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('button', { name: 'You approved' }).waitFor();
    expect(dashboard.promotions.decisions).toMatchObject([{ workflowId: 'promote-1', approver: 'ada', decision: 'approve', note: 'sound' }]);
  });

  it('flattens all after the word and a code, and shows that trading is halted', async () => {
    const ada = await enrol(dashboard, 'ada', 'operator');
    tab = await openTab(browser, dashboard.url, viewport);
    const { page } = tab;
    await signInOn(page, 'ada', PASSWORD);
    await page.getByRole('button', { name: 'FLAT ALL' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Authenticator code').fill(ada.code());
    await dialog.getByRole('button', { name: 'Halt and flatten all' }).click();
    expect(dashboard.store.tradingState('paper').state).toBe('ACTIVE');
    await dialog.getByLabel('Type FLAT to confirm').fill('FLAT');
    await dialog.getByRole('button', { name: 'Halt and flatten all' }).click();
    await dialog.getByText('is halted.').waitFor();
    expect(dashboard.store.tradingState('paper')).toMatchObject({ state: 'HALTED', by: 'ada' });
    expect(dashboard.flattened).toEqual(['paper']);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.locator('.banner.halted').waitFor();
    expect(await overflowOf(page)).toBe(0);
  });
});

describe('what others wrote', () => {
  it('is shown as text and runs nothing, wherever it stands', async () => {
    const hostile = `<img src=x onerror="window.hacked=1"><svg onload="window.hacked=1"></svg><a href="javascript:window.hacked=1">x</a>`;
    await enrol(dashboard, 'ada', 'approver');
    dashboard.promotions.views = [{ ...promotion, strategy: hostile, failedGates: [hostile], approvers: [hostile] }];
    dashboard.health.push({ name: hostile, isHealthy: false, detail: hostile });
    dashboard.store.setTradingState('paper', 'HALTED', hostile, hostile);
    const alert = { code: hostile, severity: 'critical', source: hostile, message: hostile, eventTimeMs: START_MS };
    dashboard.replica.apply({ type: 'alert', id: 'a', data: alert });
    dashboard.replica.apply({ type: 'order', id: 'h', data: order(600, { strategy: hostile, reason: hostile, createdTimeMs: START_MS + 1 }) });
    tab = await openTab(browser, dashboard.url, DESKTOP);
    const { page } = tab;
    await signInOn(page, 'ada', PASSWORD);
    await page.locator('.alerts').getByText('onerror').first().waitFor();
    await page.locator('.banner').getByText('onerror').waitFor();
    await page.getByText('onerror').nth(4).waitFor();
    expect(await page.locator('img, a[href^="javascript"]').count()).toBe(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(tab.complaints).toEqual([]);
  });

  it('would not run even if it got into the page: the policy refuses it, and the refusal is recorded', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    tab = await openTab(browser, dashboard.url, DESKTOP);
    await signInOn(tab.page, 'ada', PASSWORD);
    await tab.page.evaluate(() => {
      const holder = document.createElement('div');
      holder.innerHTML = '<img src="data:," onerror="window.hacked=1">';
      const script = document.createElement('script');
      script.textContent = 'window.hacked=2';
      document.body.append(holder, script);
    });
    await expect.poll(() => warnings.some((fields) => JSON.stringify(fields).includes('script-src'))).toBe(true);
    expect(await tab.page.evaluate(() => 'hacked' in window)).toBe(false);
  });
});

describe('the session', () => {
  it('ends in the open page when the user is locked', async () => {
    await enrol(dashboard, 'ada', 'operator');
    tab = await openTab(browser, dashboard.url, DESKTOP);
    await signInOn(tab.page, 'ada', PASSWORD);
    dashboard.store.lockUser('ada', 'test');
    await tab.page.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: 30_000 });
  });

  it('is out of reach for scripts', async () => {
    await enrol(dashboard, 'ada', 'operator');
    tab = await openTab(browser, dashboard.url, DESKTOP);
    await signInOn(tab.page, 'ada', PASSWORD);
    expect(await tab.page.evaluate(() => document.cookie)).toBe('');
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    await tab.page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
});

describe('reach by keyboard and reader', () => {
  it('every field has a name, every button text, and the dialog holds the focus', async () => {
    await enrol(dashboard, 'ada', 'operator');
    tab = await openTab(browser, dashboard.url, DESKTOP);
    const { page } = tab;
    await signInOn(page, 'ada', PASSWORD);
    const nameless = await page
      .locator('button, input')
      .evaluateAll(
        (elements) =>
          elements.filter((element) => !(element.textContent || element.getAttribute('aria-label') || (element as HTMLInputElement).labels?.length)).length,
      );
    expect(nameless).toBe(0);
    await page.getByRole('button', { name: 'FLAT ALL' }).focus();
    await page.keyboard.press('Enter');
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement === document.body || document.querySelector('dialog')!.contains(document.activeElement))).toBe(
        true,
      );
    }
  });
});
