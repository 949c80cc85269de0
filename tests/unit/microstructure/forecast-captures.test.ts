import { expect, it } from 'vitest';
import { OrderBook } from '../../../core/market/book.ts';
import { LiquidityForecast } from '../../../core/microstructure/liquidity-forecast.ts';
import { hasCaptures, replayCapture } from '../market/captures.ts';

/** Forecasts over six minutes of a recorded market; no test where no recording lies. */
function errorsOn(name: string, horizonMs: number, referenceQtys: readonly number[]) {
  const forecast = new LiquidityForecast({ horizonMs, levels: 20, halfLifeSamples: 100, referenceQtys });
  const book = new OrderBook();
  for (const step of replayCapture(name, book)) {
    if (step.kind === 'diff' && book.isValid) forecast.onBook(step.timeMs, { bids: book.bestBids(200), asks: book.bestAsks(200) });
  }
  return forecast.errors;
}

it.each(hasCaptures ? ['spot_btcusdt_20240808', 'usdm_btcusdt_20230404'] : [])(
  'on %s the forecast five seconds ahead beats an unchanged book at every size',
  (name) => {
    const errors = errorsOn(name, 5_000, [0.5, 2, 10]);
    expect(errors).toHaveLength(3);
    for (const { errorShare, unchangedErrorShare } of errors) expect(errorShare).toBeLessThan(unchangedErrorShare);
  },
);

it.each(hasCaptures ? ['usdm_btcusdt_20230404'] : [])('on %s the cost of 50 BTC a second ahead is foreseen to a fifth', (name) => {
  const { errorShare, forecasts } = errorsOn(name, 1_000, [50])[0]!;
  expect(forecasts).toBeGreaterThan(90);
  expect(errorShare).toBeLessThan(0.2);
});

it('asks nothing of a book that never was', () => {
  expect(new LiquidityForecast({ horizonMs: 1, levels: 1, halfLifeSamples: 1, referenceQtys: [1] }).errors).toEqual([]);
});
