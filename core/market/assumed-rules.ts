import type { BarColumns } from './bars.ts';
import type { Instrument, InstrumentName } from './instrument.ts';

/** Rows looked at for the number of decimals in prices. */
const SAMPLE = 2_000;

/**
 * Trading rules for a backtest on files, which carry none: the tick is the smallest decimal seen in prices, a step is worth about
 * 0.1 to 1 of quote currency (as on Binance: 0.00001 BTC, 0.0001 ETH), the least order 5. An assumption, and reported as one.
 */
export function assumedRules(name: InstrumentName, bars: BarColumns): Instrument {
  let decimals = 0;
  for (let i = 0; i < Math.min(bars.length, SAMPLE); i++) decimals = Math.max(decimals, decimalsOf(bars.close[i]!), decimalsOf(bars.open[i]!));
  const stepDecimals = Math.min(8, Math.max(0, Math.floor(Math.log10(bars.close[0] ?? 1)) + 1));
  const stepSize = powerOfTenth(stepDecimals);
  return { name, tickSize: powerOfTenth(decimals), stepSize, minQty: stepSize, maxQty: '9000000000', minNotional: '5' };
}

function decimalsOf(price: number): number {
  const fraction = price.toFixed(8).split('.')[1]!.replace(/0+$/, '');
  return fraction.length;
}

function powerOfTenth(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`;
}
