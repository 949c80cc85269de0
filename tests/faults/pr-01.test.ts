import { it } from 'vitest';
import { DURABLE_POINTS } from '../../infra/durable.ts';
import { crashAtPoint } from './pr-01-scenario.ts';

/** Every durable write and every send of the path, before and after; the list is the code's own. */
const POINTS = DURABLE_POINTS.flatMap((point) => [`${point}:before`, `${point}:after`] as const);

it.each(POINTS)('PR-01: verify is green after a crash at %s', (crashAt) => crashAtPoint(crashAt));
