import { createHmac, timingSafeEqual } from 'node:crypto';

/** RFC 6238 with the parameters every authenticator app understands: SHA-1, 30 seconds, 6 digits. */
export const TOTP_STEP_MS = 30_000;
export const TOTP_DIGITS = 6;
/**
 * How long a code is still taken after its 30 seconds are over. A person types until the last second and an Update travels
 * through Temporal to a worker; a whole step of tolerance, as is usual, would double the life of a stolen code.
 */
export const TOTP_GRACE_MS = 10_000;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 base32 without padding, the form authenticator apps take. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(buffer << (5 - bits)) & 31] : text;
}

export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / TOTP_STEP_MS);
}

/** The code of a time step: `totpCode(secret, totpStep(clock.nowMs())) === '287082'`. */
export function totpCode(secret: Uint8Array, step: number, digits = TOTP_DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const binary = mac.readUInt32BE(mac[mac.length - 1]! & 15) & 0x7fff_ffff;
  return String(binary % 10 ** digits).padStart(digits, '0');
}

export function isTotpCode(secret: Uint8Array, code: string, step: number): boolean {
  return /^\d{6}$/.test(code) && timingSafeEqual(Buffer.from(code), Buffer.from(totpCode(secret, step)));
}

/** The step a code belongs to, if it is one of those taken at `nowMs`. */
export function matchTotp(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  const now = totpStep(nowMs);
  const oldest = totpStep(nowMs - TOTP_GRACE_MS);
  for (let step = now; step >= oldest; step--) if (isTotpCode(secret, code, step)) return step;
  return undefined;
}

/** What a QR code for an authenticator app holds. */
export function otpauthUri(user: string, secret: Uint8Array): string {
  return `otpauth://totp/Touchstone:${encodeURIComponent(user)}?secret=${encodeBase32(secret)}&issuer=Touchstone&algorithm=SHA1&digits=${TOTP_DIGITS}&period=${TOTP_STEP_MS / 1000}`;
}
