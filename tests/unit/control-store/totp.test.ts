import { generateSync } from 'otplib';
import { describe, expect, it } from 'vitest';
import { encodeBase32, matchTotp, TOTP_GRACE_MS, TOTP_STEP_MS, totpCode, totpStep } from '../../../infra/control-store/totp.ts';

const SECRET = Buffer.from('12345678901234567890');

describe('TOTP', () => {
  // RFC 6238, appendix B, SHA-1.
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('gives the code of RFC 6238 at %i s', (seconds, code) => {
    expect(totpCode(SECRET, totpStep(seconds * 1000), 8)).toBe(code);
  });

  // RFC 4648, section 10, without padding.
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('encodes %j in base32 as RFC 4648 does', (text, encoded) => {
    expect(encodeBase32(Buffer.from(text))).toBe(encoded);
  });

  it('agrees with otplib, as an authenticator app would', () => {
    for (const seconds of [0, 29, 30, 1_767_614_400, 1_999_999_999]) {
      expect(totpCode(SECRET, totpStep(seconds * 1000))).toBe(generateSync({ secret: encodeBase32(SECRET), epoch: seconds }));
    }
  });

  it('takes a code during its step and a few seconds after, and at no other time', () => {
    const step = 59_000_000;
    const startMs = step * TOTP_STEP_MS;
    const code = totpCode(SECRET, step);
    expect(matchTotp(SECRET, code, startMs)).toBe(step);
    expect(matchTotp(SECRET, code, startMs + TOTP_STEP_MS + TOTP_GRACE_MS - 1)).toBe(step);
    expect(matchTotp(SECRET, code, startMs + TOTP_STEP_MS + TOTP_GRACE_MS)).toBeUndefined();
    expect(matchTotp(SECRET, code, startMs - 1)).toBeUndefined();
  });

  it.each(['', '12345', '1234567', 'abcdef', '12 456', '１２３４５６'])('refuses %j without looking', (code) => {
    expect(matchTotp(SECRET, code, 0)).toBeUndefined();
  });
});
