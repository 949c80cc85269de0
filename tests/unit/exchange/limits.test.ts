import { expect, test } from 'vitest';
import { RateLimiter } from '../../../infra/dev/exchange/limits.ts';

const NOW_MS = 1_700_000_040_000;
const limits = { weightPerMinute: 100, ordersPer10s: 3, ordersPerDay: 5 };

test('weight is counted by the minute and shown in headers; past it comes 429 until the minute ends', () => {
  const limiter = new RateLimiter(limits);
  limiter.request(60, NOW_MS);
  expect(limiter.headers()).toMatchObject({ 'X-MBX-USED-WEIGHT-1M': '60' });
  const minuteEndMs = Math.ceil((NOW_MS + 1) / 60_000) * 60_000;
  expect(() => limiter.request(60, NOW_MS + 1)).toThrow(
    expect.objectContaining({ status: 429, code: -1003, headers: { 'Retry-After': String(Math.ceil((minuteEndMs - NOW_MS - 1) / 1_000)) } }),
  );
  limiter.request(60, minuteEndMs + 1);
});

test('a request inside the Retry-After window turns into a ban of two minutes; one that was already on its way does not', () => {
  const limiter = new RateLimiter(limits);
  limiter.limit(5_000, NOW_MS);
  expect(() => limiter.request(1, NOW_MS + 100)).toThrow(expect.objectContaining({ status: 429 }));
  expect(() => limiter.request(1, NOW_MS + 2_000)).toThrow(expect.objectContaining({ status: 418, headers: { 'Retry-After': '120' } }));
  expect(() => limiter.request(1, NOW_MS + 10_000)).toThrow(expect.objectContaining({ status: 418 }));
  limiter.request(1, NOW_MS + 122_001);
});

test('a client that waits out Retry-After is not banned', () => {
  const limiter = new RateLimiter(limits);
  limiter.limit(5_000, NOW_MS);
  limiter.request(1, NOW_MS + 5_000);
});

test('unfilled orders are counted by ten seconds and by day, with -1015; a first fill gives the count back', () => {
  const limiter = new RateLimiter(limits);
  const place = (nowMs: number) => {
    limiter.checkOrder(nowMs);
    limiter.orderPlaced(nowMs);
  };
  for (let i = 0; i < 3; i++) place(NOW_MS);
  expect(() => place(NOW_MS)).toThrow(expect.objectContaining({ status: 429, code: -1015, message: expect.stringContaining('3 orders per 10 SECONDS') }));
  limiter.orderFilled(NOW_MS);
  place(NOW_MS);
  for (let i = 0; i < 2; i++) place(NOW_MS + 10_000);
  expect(() => place(NOW_MS + 20_000)).toThrow(expect.objectContaining({ message: expect.stringContaining('5 orders per DAY') }));
});
