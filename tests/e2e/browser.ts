import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The built page; `npm test` builds it in its set-up. */
export const WEB_DIR = join(import.meta.dirname, '../../dashboard/web/dist');

/** The system's own Chromium, headless. */
export function launchChromium(): Promise<Browser> {
  if (!existsSync(join(WEB_DIR, 'index.html'))) throw new Error('the page is not built: run `npx vite build dashboard/web`');
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained about: script errors and everything the content policy refused. */
  readonly complaints: string[];
}

export async function openTab(browser: Browser, url: string, viewport: { width: number; height: number }): Promise<Tab> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Before sign-in the page asks who it is, and 401 is the answer.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  await page.goto(url);
  return { context, page, complaints };
}

export async function signInOn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
}

/** How much wider the page is than its window, in CSS pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
