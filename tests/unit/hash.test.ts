import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, sha256, stableId } from '../../core/hash.ts';

describe('sha256', () => {
  it('gives the published answers of FIPS 180-4', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('agrees with OpenSSL for any text, at every block boundary', () => {
    for (let length = 0; length < 200; length++) expect(sha256('x'.repeat(length))).toBe(createHash('sha256').update('x'.repeat(length)).digest('hex'));
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => sha256(text) === createHash('sha256').update(text, 'utf8').digest('hex')));
  });
});

it('identities of different tuples differ, whatever is in the parts', () => {
  expect(stableId('ab', 'c')).not.toBe(stableId('a', 'bc'));
  expect(stableId('a', '')).not.toBe(stableId('a'));
  expect(stableId('a', 1)).toMatch(/^[0-9a-f]{32}$/);
});

it('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: 1, a: { d: [2, { f: 1, e: 2 }], c: 3 } })).toBe('{"a":{"c":3,"d":[2,{"e":2,"f":1}]},"b":1}');
});
