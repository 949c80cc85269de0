import { TouchstoneError } from '../errors.ts';

/** `venue:BASE/QUOTE`, e.g. `binance:BTC/USDT`; the name of an instrument everywhere. */
export type InstrumentName = string;

export interface InstrumentParts {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
  /** `BASE/QUOTE`, ccxt's unified symbol of a spot market. */
  readonly symbol: string;
}

/** Trading rules of an instrument; decimal text as the venue states it. */
export interface Instrument {
  readonly name: InstrumentName;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minQty: string;
  readonly maxQty: string;
  /** Smallest price × quantity, in quote currency. */
  readonly minNotional: string;
}

// Venues may list symbols outside ASCII, so letters and digits of any script are allowed; separators and controls are not.
const INSTRUMENT_NAME = /^([a-z][a-z0-9-]{0,31}):([\p{L}\p{N}._-]{1,40})\/([\p{L}\p{N}._-]{1,40})$/u;

/** @throws TouchstoneError BAD_INSTRUMENT */
export function parseInstrument(name: InstrumentName): InstrumentParts {
  const match = INSTRUMENT_NAME.exec(name);
  if (!match) {
    throw new TouchstoneError('BAD_INSTRUMENT', `not an instrument (want venue:BASE/QUOTE): ${JSON.stringify(name.slice(0, 80))}`);
  }
  return { venue: match[1]!, base: match[2]!, quote: match[3]!, symbol: `${match[2]}/${match[3]}` };
}
