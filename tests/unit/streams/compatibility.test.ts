import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TOPIC_NAMES, TOPICS, type Topic } from '../../../streams/topics.ts';

/**
 * Messages live longer than the code that wrote them. For each message type and version the JSON Schema is kept in `tests/fixtures/schemas`;
 * a change that would refuse what an earlier state of the same version wrote needs a new version. A first run stores what is new.
 */
const DIR = 'tests/fixtures/schemas';

type Json = { [key: string]: unknown };

/** What the newer schema refuses that the older took; empty when every old message is still good. */
function breaks(older: Json, newer: Json, path = ''): string[] {
  const found: string[] = [];
  for (const union of ['oneOf', 'anyOf'] as const) {
    const [before, after] = [older[union] as Json[] | undefined, newer[union] as Json[] | undefined];
    if (!before) continue;
    before.forEach((member, i) => {
      const fits = (after ?? [newer]).some((candidate) => breaks(member, candidate, path).length === 0);
      if (!fits) found.push(`${path}/${union}/${i} is taken no longer`);
    });
    return found;
  }
  const required = new Set(newer.required as string[] | undefined);
  for (const name of required) if (!((older.required as string[] | undefined) ?? []).includes(name)) found.push(`${path}/${name} is newly required`);
  const [before, after] = [(older.properties ?? {}) as Record<string, Json>, (newer.properties ?? {}) as Record<string, Json>];
  for (const [name, schema] of Object.entries(before)) {
    if (after[name]) found.push(...breaks(schema, after[name], `${path}/${name}`));
    else if (newer.additionalProperties === false) found.push(`${path}/${name} is gone`);
  }
  if (older.items && newer.items) found.push(...breaks(older.items as Json, newer.items as Json, `${path}[]`));
  if (newer.type !== undefined && JSON.stringify(older.type) !== JSON.stringify(newer.type)) found.push(`${path} changed its type`);
  if (newer.const !== undefined && older.const !== newer.const) found.push(`${path} changed its constant`);
  const [values, allowed] = [older.enum as unknown[] | undefined, newer.enum as unknown[] | undefined];
  for (const value of allowed ? (values ?? ['anything']) : []) if (!allowed!.includes(value)) found.push(`${path} takes ${String(value)} no longer`);
  if (newer.pattern !== undefined && newer.pattern !== older.pattern) found.push(`${path} changed its pattern`);
  for (const limit of ['maximum', 'maxLength', 'maxItems'] as const) {
    if (newer[limit] !== undefined && !(Number(older[limit]) <= Number(newer[limit]))) found.push(`${path} lowered ${limit}`);
  }
  for (const limit of ['minimum', 'minLength', 'minItems', 'exclusiveMinimum'] as const) {
    if (newer[limit] !== undefined && !(Number(older[limit]) >= Number(newer[limit]))) found.push(`${path} raised ${limit}`);
  }
  return found;
}

const contracts = TOPIC_NAMES.flatMap((topic) => Object.entries((TOPICS[topic] as Topic).messages).map(([type, contract]) => ({ type, ...contract })));
const asJson = (schema: z.ZodType) => z.toJSONSchema(schema) as Json;

describe('schemas of messages', () => {
  it.each(contracts)('still take every $type of version $version written so far', ({ type, version, schema }) => {
    const path = join(DIR, `${type}.v${version}.json`);
    if (!existsSync(path)) {
      mkdirSync(DIR, { recursive: true });
      writeFileSync(path, `${JSON.stringify(asJson(schema), null, 1)}\n`);
    }
    expect(breaks(JSON.parse(readFileSync(path, 'utf8')) as Json, asJson(schema))).toEqual([]);
  });

  it('are all stored, and none is forgotten', () => {
    const types = new Set(contracts.map(({ type }) => type));
    for (const name of readdirSync(DIR)) expect(types).toContain(name.split('.')[0]);
  });
});

describe('the comparison', () => {
  const before = z.strictObject({ a: z.string().max(10), b: z.number().optional(), c: z.enum(['x', 'y']) });
  it.each([
    ['a field newly required', z.strictObject({ ...before.shape, d: z.string() }), 'newly required'],
    ['an optional field made required', z.strictObject({ ...before.shape, b: z.number() }), 'newly required'],
    ['a field removed', z.strictObject({ a: z.string().max(10), c: z.enum(['x', 'y']) }), 'is gone'],
    ['another type', z.strictObject({ ...before.shape, a: z.number() }), 'changed its type'],
    ['a value no longer allowed', z.strictObject({ ...before.shape, c: z.enum(['x']) }), 'takes y no longer'],
    ['a tighter limit', z.strictObject({ ...before.shape, a: z.string().max(5) }), 'lowered maxLength'],
    ['a new pattern', z.strictObject({ ...before.shape, a: z.string().max(10).regex(/^z/) }), 'changed its pattern'],
  ])('refuses %s', (_, after, reason) => {
    expect(breaks(asJson(before), asJson(after)).join()).toContain(reason);
  });

  it('takes a new optional field, a wider limit and a further value', () => {
    const after = z.strictObject({ a: z.string().max(20), b: z.number().optional(), c: z.enum(['x', 'y', 'z']), d: z.string().optional() });
    expect(breaks(asJson(before), asJson(after))).toEqual([]);
  });
});
