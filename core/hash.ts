/**
 * SHA-256 (FIPS 180-4) in plain TypeScript: core may not import `node:crypto`, and workflows run where there is none.
 * For identities, not for secrets.
 */
const ROUND_CONSTANTS = primeRootBits(64, Math.cbrt);
const INITIAL_STATE = primeRootBits(8, Math.sqrt);

/** First 32 fractional bits of a root of the first primes, as FIPS 180-4 defines both tables. */
function primeRootBits(count: number, root: (prime: number) => number): Uint32Array {
  const bits = new Uint32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false;
    if (isPrime) bits[found++] = Math.floor((root(candidate) % 1) * 2 ** 32);
  }
  return bits;
}

/** 64 lower-case hex digits of the UTF-8 text's SHA-256. */
export function sha256(text: string): string {
  const blocks = paddedWords(new TextEncoder().encode(text));
  const state = INITIAL_STATE.slice();
  const schedule = new Uint32Array(64);
  for (let offset = 0; offset < blocks.length; offset += 16) compress(state, schedule, blocks, offset);
  let hex = '';
  for (const word of state) hex += word.toString(16).padStart(8, '0');
  return hex;
}

/**
 * Identity of a tuple: 32 hex digits (128 bits). Parts are length-prefixed, so `('ab','c')` and `('a','bc')` differ.
 * @example stableId('ema-cross', 'v1', 'paper')
 */
export function stableId(...parts: readonly (string | number)[]): string {
  let text = '';
  for (const part of parts) {
    const value = String(part);
    text += `${value.length}:${value}`;
  }
  return sha256(text).slice(0, 32);
}

/** JSON with sorted keys, so that equal configurations hash alike however they were written. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner as Record<string, unknown>);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

function paddedWords(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(Math.ceil((bytes.length + 9) / 64) * 16);
  for (let i = 0; i < bytes.length; i++) words[i >> 2] = words[i >> 2]! | (bytes[i]! << (24 - (i & 3) * 8));
  words[bytes.length >> 2] = words[bytes.length >> 2]! | (0x80 << (24 - (bytes.length & 3) * 8));
  words[words.length - 2] = Math.floor(bytes.length / 0x20000000);
  words[words.length - 1] = bytes.length << 3;
  return words;
}

function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function compress(state: Uint32Array, w: Uint32Array, blocks: Uint32Array, offset: number): void {
  for (let t = 0; t < 16; t++) w[t] = blocks[offset + t]!;
  for (let t = 16; t < 64; t++) {
    const low = w[t - 15]!;
    const high = w[t - 2]!;
    const s0 = rotateRight(low, 7) ^ rotateRight(low, 18) ^ (low >>> 3);
    const s1 = rotateRight(high, 17) ^ rotateRight(high, 19) ^ (high >>> 10);
    w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    const choose = (e & f) ^ (~e & g);
    const temp1 = (h + sum1 + choose + ROUND_CONSTANTS[t]! + w[t]!) | 0;
    const sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + temp1) | 0;
    d = c;
    c = b;
    b = a;
    a = (temp1 + sum0 + majority) | 0;
  }
  const next = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = state[i]! + next[i]!;
}
