import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TouchstoneError } from '../../core/errors.ts';
import type { StackSettings } from '../env.ts';
import { isDockerUp } from './compose.ts';
import { findProgram, runProgram } from './process.ts';
import { findKafkaClasspath, findTemporal, provisionKafka, provisionTemporal, type Report } from './provision.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WEB_DIR = join(ROOT, 'dashboard', 'web');
const MINUTES = 60_000;

/**
 * Everything behind `npm ci` that the system needs once: programs in the user's cache, the dashboard's built pages, and,
 * for tests, a browser. What is there already costs nothing.
 * @throws TouchstoneError MISSING_PREREQUISITE
 */
export async function setUp(settings: StackSettings, options: { browser: boolean }, report: Report): Promise<void> {
  if (!settings.external.temporal && !findTemporal(settings) && !(await isDockerUp(settings))) await provisionTemporal(settings, report);
  if (!settings.external.kafka && !(await hasKafka(settings))) await provisionKafka(settings, report);
  await buildDashboard(report);
  if (options.browser) await provisionBrowser(settings, report);
}

async function hasKafka(settings: StackSettings): Promise<boolean> {
  return (findProgram('java', settings.searchPath) !== undefined && findKafkaClasspath(settings) !== undefined) || isDockerUp(settings);
}

/** Builds when a source, or a library, changed since the last build. */
async function buildDashboard(report: Report): Promise<void> {
  const stampPath = join(WEB_DIR, 'dist', '.sources');
  const stamp = hashSources();
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return;
  report('setup: building the dashboard (about 5 s) …');
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  await runProgram(process.execPath, [vite, 'build', WEB_DIR, '--logLevel', 'error'], { timeoutMs: 5 * MINUTES, cwd: WEB_DIR });
  writeFileSync(stampPath, stamp);
}

function hashSources(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  const entries = readdirSync(WEB_DIR, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.parentPath.startsWith(join(WEB_DIR, 'dist')),
  );
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort()) hash.update(path.slice(WEB_DIR.length)).update(readFileSync(path));
  return hash.digest('hex');
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

async function provisionBrowser(settings: StackSettings, report: Report): Promise<void> {
  if (BROWSERS.some((name) => findProgram(name, settings.searchPath))) return;
  const apt = findProgram('apt-get', settings.searchPath);
  if (!apt || process.getuid?.() !== 0)
    throw new TouchstoneError('MISSING_PREREQUISITE', 'the browser tests need Chromium: install it (Debian: sudo apt-get install chromium)');
  report('setup: installing Chromium for the browser tests (about 1 minute) …');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runProgram(apt, ['update'], { timeoutMs: 5 * MINUTES, env });
  await runProgram(apt, ['install', '--yes', '--no-install-recommends', 'chromium'], { timeoutMs: 15 * MINUTES, env });
}
