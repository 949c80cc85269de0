#!/usr/bin/env node
// The `touchstone` command. Any Node from 20 on may start this file; the system itself runs on the Node that package.json
// pins, which strips the types of `touchstone.ts` by itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
const entry = fileURLToPath(new URL('./touchstone.ts', import.meta.url));
if (!existsSync(node)) {
  process.stderr.write('error NOT_SET_UP: run `npm run setup` first\n');
  process.exit(1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself; it decides when to end.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
