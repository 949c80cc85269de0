import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createDurable, DURABLE_POINTS } from '../../../infra/durable.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = [
  ...readdirSync(join(ROOT, 'streams'))
    .filter((name) => /^(execute.*|flatten)\.ts$/.test(name))
    .map((name) => `streams/${name}`),
  ...readdirSync(join(ROOT, 'infra/ledger')).map((name) => `infra/ledger/${name}`),
];
const source = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** `durable('x', …)`, and the ledger's own doors to it: `commit('x', …)`, `write('x', …)`, `fenced('x', …)`, `transact('x', …)`. */
const NAMED = /\b(?:durable|commit|write|fenced|transact)\(\s*'([a-z]+\.[a-z]+)'/g;
/** What changes the world: each must stand inside a `durable(` call. */
const EFFECTS = /\.(placeOrder|cancelOrder|sendBatch|setTradingState)\(/g;

function effectsOutside(file: string, text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    const effects = [...line.matchAll(EFFECTS)];
    const isGuarded = /durable\(/.test(line) || /deps\.mutant === /.test(line);
    return effects.length > 0 && !isGuarded ? [`${file}:${i + 1} ${line.trim()}`] : [];
  });
}

describe('durable steps', () => {
  it('are exactly the named ones: a write without a crash point fails here', () => {
    const named = new Set(FILES.flatMap((file) => [...source(file).matchAll(NAMED)].map(([, name]) => name!)));
    expect([...named].sort()).toEqual([...DURABLE_POINTS].sort());
  });

  it('hold every send: nothing reaches venue, Kafka or control store outside of one', () => {
    expect(FILES.flatMap((file) => effectsOutside(file, source(file)))).toEqual([]);
    expect(effectsOutside('planted.ts', 'await venue.placeOrder(order);')).toHaveLength(1);
  });

  it('hold every transaction of the ledger: COMMIT stands in one place besides the migration', () => {
    const commits = FILES.filter((file) => /exec\('COMMIT'\)/.test(source(file)));
    expect(commits.sort()).toEqual(['infra/ledger/ledger.ts', 'infra/ledger/schema.ts']);
  });
});

describe('CRASH_AT', () => {
  const trace = (crashAt: string) => {
    const seen: string[] = [];
    const durable = createDurable(crashAt, () => void seen.push('crash'));
    return { seen, durable };
  };

  it('dies just before or just after the step, at the n-th time', async () => {
    const before = trace('venue.place:before');
    before.durable('venue.place', () => before.seen.push('step'));
    expect(before.seen).toEqual(['crash', 'step']);

    const after = trace('venue.place:after:2');
    await after.durable('venue.place', async () => after.seen.push('first'));
    await after.durable('venue.place', async () => after.seen.push('second'));
    expect(after.seen).toEqual(['first', 'second', 'crash']);
  });

  it('refuses a point that does not exist, so that no fault test passes by a typing error', () => {
    expect(() => createDurable('venue.plase:before')).toThrow('CRASH_AT');
  });
});
