/** What a generator needs to go on exactly where it stood; plain JSON. */
export interface RngState {
  readonly seed: string;
  readonly words: readonly [number, number, number, number];
}

/**
 * Seeded chance: xoshiro128** (Blackman and Vigna, 2018), the only source of randomness in `core` and `ml`.
 * The same seed gives the same numbers on every machine.
 *
 * `fork(key)` gives a generator that depends on the seed and the key only, not on how much was drawn before, so work that is
 * split over processes stays reproducible whatever the order: `rng.fork(generation).fork(genomeIndex)`.
 *
 * @example const rng = new Rng(42); rng.uniform(); rng.fork('mutation').int(10);
 */
export class Rng {
  readonly seed: string;
  readonly #words = new Uint32Array(4);

  constructor(seed: number | string) {
    this.seed = String(seed);
    hashToWords(this.seed, this.#words);
  }

  static restore(state: RngState): Rng {
    const rng = new Rng(state.seed);
    rng.#words.set(state.words);
    return rng;
  }

  state(): RngState {
    const [a, b, c, d] = this.#words;
    return { seed: this.seed, words: [a!, b!, c!, d!] };
  }

  fork(key: number | string): Rng {
    return new Rng(`${this.seed}/${key}`);
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const s = this.#words;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  /** Uniform integer in [0, bound), without modulo bias. @throws RangeError unless bound is an integer in [1, 2^32]. */
  int(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4_294_967_296) throw new RangeError(`bound must be an integer in [1, 2^32]: ${bound}`);
    const limit = 4_294_967_296 - (4_294_967_296 % bound);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % bound;
  }

  /** Standard normal, by the polar method of Marsaglia. */
  normal(): number {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
    }
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)]!;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Four decorrelated words of a text: FNV-1a in four lanes, each finished as in MurmurHash3. Never all zero, which xoshiro forbids. */
function hashToWords(text: string, words: Uint32Array): void {
  for (let lane = 0; lane < 4; lane++) {
    let hash = Math.imul(0x811c9dc5 + lane, 0x9e3779b1 | 1);
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    words[lane] = hash ^ (hash >>> 16);
  }
  if ((words[0]! | words[1]! | words[2]! | words[3]!) === 0) words[0] = 1;
}
