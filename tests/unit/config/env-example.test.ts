import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('.env.example lists every variable that is read, and no other', () => {
  const read = new Set([...readFileSync('infra/env.ts', 'utf8').matchAll(/\benv\.([A-Z][A-Z_]+)/g)].map(([, name]) => name!));
  read.delete('PATH');
  const listed = new Set([...readFileSync('.env.example', 'utf8').matchAll(/^# ([A-Z][A-Z_]+)=/gm)].map(([, name]) => name!));
  expect(read.size).toBeGreaterThan(10);
  expect([...listed].sort()).toEqual([...read].sort());
});
