import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';

describe('Rng', () => {
  it('is xoshiro128**: the reference outputs from state 1, 2, 3, 4', () => {
    // Published vector of the authors' C code, as in the test of the Rust crate rand_xoshiro.
    const rng = Rng.restore({ seed: 'reference', words: [1, 2, 3, 4] });
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
    expect(expected.map(() => rng.uint32())).toEqual(expected);
  });

  it('repeats with the seed and goes on from a stored state', () => {
    const first = new Rng(7);
    const second = new Rng(7);
    for (let i = 0; i < 100; i++) expect(first.uniform()).toBe(second.uniform());
    const resumed = Rng.restore(JSON.parse(JSON.stringify(first.state())));
    expect([resumed.normal(), resumed.int(1000), resumed.uniform()]).toEqual([second.normal(), second.int(1000), second.uniform()]);
    expect(new Rng(8).uint32()).not.toBe(new Rng(7).uint32());
  });

  it('forks by key alone, however much the parent has drawn', () => {
    const fresh = new Rng(7).fork('fold').fork(3);
    const parent = new Rng(7);
    parent.uniform();
    expect(parent.fork('fold').fork(3).uint32()).toBe(fresh.uint32());
    const firsts = new Set(Array.from({ length: 10_000 }, (_, key) => new Rng(7).fork(key).uint32()));
    expect(firsts.size).toBeGreaterThan(9_990);
  });

  it('draws uniform, normal and bounded integers of the right distribution', () => {
    const rng = new Rng('distribution');
    const count = 200_000;
    let sum = 0;
    let squares = 0;
    let fourths = 0;
    const bins = new Array<number>(7).fill(0);
    for (let i = 0; i < count; i++) {
      const z = rng.normal();
      sum += z;
      squares += z * z;
      fourths += z ** 4;
      bins[rng.int(7)]!++;
    }
    expect(Math.abs(sum / count)).toBeLessThan(0.01);
    expect(squares / count).toBeCloseTo(1, 1);
    expect(Math.abs(fourths / count - 3)).toBeLessThan(0.15);
    const expectedPerBin = count / 7;
    const chiSquare = bins.reduce((total, seen) => total + (seen - expectedPerBin) ** 2 / expectedPerBin, 0);
    expect(chiSquare).toBeLessThan(22.46); // 99.9 % point, 6 degrees of freedom
  });

  it('shuffles to every order about equally often', () => {
    const rng = new Rng(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = rng.shuffle([0, 1, 2, 3]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const seen of counts.values()) expect(Math.abs(seen - 1000)).toBeLessThan(150);
  });

  it('refuses a bound that is no positive integer', () => {
    for (const bound of [0, -1, 1.5, Number.NaN]) expect(() => new Rng(1).int(bound)).toThrow(RangeError);
  });
});
