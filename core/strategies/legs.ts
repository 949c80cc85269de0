import { TouchstoneError } from '../errors.ts';
import type { InstrumentName } from '../market/instrument.ts';

/** The legs of a group as its `create` was given them. @throws TouchstoneError BAD_LEGS where one instrument alone is run */
export function legsOf(type: string, instruments: readonly InstrumentName[] | undefined, least: number): readonly InstrumentName[] {
  if (instruments !== undefined && instruments.length >= least) return instruments;
  throw new TouchstoneError('BAD_LEGS', `${type} trades ${least} instruments together; it was given ${instruments?.length ?? 1}`);
}
