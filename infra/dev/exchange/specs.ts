import { type InstrumentName, parseInstrument } from '../../../core/market/instrument.ts';

/** How the simulated venue lists an instrument: Binance's rules of 2024, and the price a synthetic market starts at. */
export interface InstrumentSpec {
  readonly instrument: InstrumentName;
  /** Binance's name, e.g. `BTCUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** The tick is 10^-priceDecimals, the step 10^-qtyDecimals. */
  readonly priceDecimals: number;
  readonly qtyDecimals: number;
  readonly startPrice: number;
}

const KNOWN: Readonly<Record<string, readonly [priceDecimals: number, qtyDecimals: number, startPrice: number]>> = {
  BTC: [2, 5, 61_800],
  ETH: [2, 4, 2_680],
  BNB: [2, 3, 520],
  SOL: [2, 3, 145],
  XRP: [4, 1, 0.55],
  ADA: [4, 1, 0.35],
  LTC: [2, 3, 62],
  DOGE: [5, 0, 0.105],
  AVAX: [2, 2, 22],
  LINK: [2, 2, 10.5],
};
const OTHER = [4, 2, 10] as const;

export function instrumentSpec(instrument: InstrumentName): InstrumentSpec {
  const { base, quote } = parseInstrument(instrument);
  const [priceDecimals, qtyDecimals, startPrice] = KNOWN[base] ?? OTHER;
  return { instrument, symbol: base + quote, base, quote, priceDecimals, qtyDecimals, startPrice };
}

/** Prices inside the simulator are whole ticks. */
export function toTicks(price: number, spec: InstrumentSpec): number {
  return Math.round(price * 10 ** spec.priceDecimals);
}

export function fromTicks(ticks: number, spec: InstrumentSpec): number {
  return Number((ticks / 10 ** spec.priceDecimals).toFixed(spec.priceDecimals));
}
