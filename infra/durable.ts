import { TouchstoneError } from '../core/errors.ts';

/**
 * Every durable write and every send on the path signal → order → fill → topic, by name. A crash just before or just after
 * any of them must lose and double nothing: `tests/faults` dies at each, and a test compares this list with the code, so
 * a write without a crash point fails the build.
 */
export const DURABLE_POINTS = [
  'ledger.migrate',
  'lease.acquire',
  'lease.renew',
  'lease.release',
  'ledger.open',
  'ledger.signals',
  'ledger.update',
  'ledger.equity',
  'ledger.alert',
  'venue.place',
  'venue.cancel',
  'outbox.publish',
  'outbox.mark',
  'halt.write',
] as const;

export type DurablePoint = (typeof DURABLE_POINTS)[number];

/** Runs a durable step; the crash points of fault tests lie just before and just after it. */
export type Durable = <T>(point: DurablePoint, step: () => T) => T;

const CRASH_AT = /^([a-z.]+):(before|after)(?::([1-9]\d*))?$/;

/**
 * @param crashAt `<point>:before` or `<point>:after`, optionally `:<n>` for the n-th time; undefined outside fault tests
 * @param crash dies at once, without any clean-up
 * @throws TouchstoneError BAD_ENVIRONMENT when `crashAt` names no point: a fault test must not pass because of a typing error
 * @example createDurable('venue.place:after:2')
 */
export function createDurable(crashAt?: string, crash: () => void = () => process.kill(process.pid, 'SIGKILL')): Durable {
  if (crashAt === undefined) return (_point, step) => step();
  const match = CRASH_AT.exec(crashAt);
  if (!match || !(DURABLE_POINTS as readonly string[]).includes(match[1]!)) {
    throw new TouchstoneError('BAD_ENVIRONMENT', `CRASH_AT is not <point>:before|after: ${crashAt}; points: ${DURABLE_POINTS.join(', ')}`);
  }
  const [, crashPoint, moment, times] = match;
  let left = Number(times ?? 1);
  const reach = (point: DurablePoint, at: string) => {
    if (point === crashPoint && at === moment && --left === 0) crash();
  };
  return (point, step) => {
    reach(point, 'before');
    const result = step();
    if (!(result instanceof Promise)) {
      reach(point, 'after');
      return result;
    }
    return result.finally(() => reach(point, 'after')) as typeof result;
  };
}
