// Brings a fresh clone to the point where `npm run demo` and `npm test` work. Plain JavaScript without dependencies: it runs
// before there are any, on whatever Node started npm. Everything that needs more than that is in workers/setup.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = `${root}node_modules/node/bin/node`;

function fail(line) {
  process.stderr.write(`error MISSING_PREREQUISITE: ${line}\n`);
  process.exit(1);
}

/** Whether node_modules holds exactly what the lock file says, judged by npm's own record of what it installed. */
function isInstalled() {
  const recordPath = `${root}node_modules/.package-lock.json`;
  if (!existsSync(recordPath) || !existsSync(node)) return false;
  const wanted = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(recordPath, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
    if (path === '') return true;
    return installed[path] ? installed[path].version === version : Boolean(optional || peer);
  });
}

if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or later is needed to begin with; this is ${process.versions.node} (https://nodejs.org)`);

if (!isInstalled()) {
  process.stdout.write('setup: installing the packages of the lock file (2 to 5 minutes, about 1.5 GB, most of it the ClickHouse engine) …\n');
  const npm = process.env.npm_execpath;
  const [file, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const { status } = spawnSync(file, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    // Its install script would download CUDA; the CPU library is in the package.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (status !== 0) fail('`npm ci` did not work; its message stands above');
}

const { status } = spawnSync(node, ['--disable-warning=ExperimentalWarning', `${root}workers/setup.ts`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
