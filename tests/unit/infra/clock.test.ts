import { expect, it } from 'vitest';
import { aborted, sleep } from '../../../infra/clock.ts';

it('waiting for a signal ends when it aborts, and at once when it has', async () => {
  const controller = new AbortController();
  const waiting = aborted(controller.signal);
  expect(await Promise.race([waiting.then(() => 'aborted'), sleep(20).then(() => 'still waiting')])).toBe('still waiting');
  controller.abort();
  await waiting;
  await aborted(controller.signal);
});

it('a sleep ends early when its signal aborts, and at once when it has', async () => {
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await sleep(60_000, controller.signal);
});
