import { readdirSync } from 'node:fs';
import { formatTable } from '../cli/output.ts';
import { type Bench, type BenchResult, reaches } from './bench.ts';

/** `npm run bench [-- --json] [-- NAME…]`: runs every `bench/*.bench.ts`, or the named ones, one after another. */
const args = process.argv.slice(2);
const isJson = args.includes('--json');
const names = args.filter((arg) => arg !== '--json');

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.bench.ts'));
const benches: Bench[] = [];
for (const file of files.sort()) benches.push(((await import(`./${file}`)) as { bench: Bench }).bench);

const unknown = names.find((name) => !benches.some((bench) => bench.name === name));
if (unknown !== undefined) {
  process.stderr.write(`error UNKNOWN_BENCH: no benchmark ${JSON.stringify(unknown)}; there are: ${benches.map(({ name }) => name).join(', ')}\n`);
  process.exit(1);
}

const results: BenchResult[] = [];
for (const bench of benches) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  process.stderr.write(`${bench.name} …\n`);
  results.push(...(await bench.run()));
}

if (isJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  const rows = results.map((one) => ({
    benchmark: one.name,
    value: short(one.value),
    unit: one.unit,
    goal: `${one.better === 'higher' ? '≥' : '≤'} ${short(one.goal)}`,
    reached: reaches(one) ? 'yes' : 'NO',
    baseline: `${one.baseline.name}: ${short(one.baseline.value)}`,
    ratio: one.ratio.toFixed(2),
  }));
  process.stdout.write(formatTable(rows));
}

function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
