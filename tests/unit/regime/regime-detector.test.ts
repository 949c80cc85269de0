import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { computeIndicator, resolveParameters } from '../../../core/indicators/indicator.ts';
import { barAt, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { cryptoVix } from '../../../core/regime/crypto-vix.ts';
import { GarchFilter } from '../../../core/regime/garch.ts';
import { detectRegimes, type Regime, RegimeDetector, type RegimeReading } from '../../../core/regime/regime-detector.ts';
import { regime as regimeIndicator } from '../../../core/regime/regime-indicator.ts';
import { DEFAULT_REGIME_SETTINGS } from '../../../core/regime/regime-model.ts';
import { SCENARIOS } from '../../../core/regime/strategy-matrix.ts';
import { readBars } from '../../../infra/market-files.ts';

const SMALL = { trainingBars: 200, refitBars: 60, trendBars: 24 };

/** Closes whose log returns are normal, with drift and deviation by stretch, both in percent a bar. */
function closesOf(seed: number, stretches: readonly { bars: number; drift: number; deviation: number }[]): Float64Array {
  const rng = new Rng(seed);
  const closes = [100];
  for (const { bars, drift, deviation } of stretches) {
    for (let i = 0; i < bars; i++) closes.push(closes.at(-1)! * Math.exp((drift + deviation * rng.normal()) / 100));
  }
  return Float64Array.from(closes);
}

const STRETCHES: readonly { regime: Regime; bars: number; drift: number; deviation: number }[] = [
  { regime: 'range', bars: 500, drift: 0, deviation: 0.5 },
  { regime: 'bull', bars: 400, drift: 0.15, deviation: 0.5 },
  { regime: 'bear', bars: 400, drift: -0.15, deviation: 0.5 },
  { regime: 'range', bars: 400, drift: 0, deviation: 0.5 },
  { regime: 'bull', bars: 400, drift: 0.15, deviation: 0.5 },
  { regime: 'bear', bars: 400, drift: -0.15, deviation: 0.5 },
  { regime: 'volatile', bars: 200, drift: 0, deviation: 2 },
  { regime: 'bull', bars: 400, drift: 0.15, deviation: 0.5 },
];

const counts = (values: readonly string[]) => {
  const found: Record<string, number> = {};
  for (const value of values) found[value] = (found[value] ?? 0) + 1;
  return found;
};
const known = (readings: readonly (RegimeReading | undefined)[]) => readings.filter((reading) => reading !== undefined);

describe('crypto VIX', () => {
  it('is the mean of the forecast variances, annualised', () => {
    for (const beta of [0, 0.5, 0.88, 0.9]) {
      const parameters = { mu: 0, omega: 0.02, alpha: 0.1, beta };
      const filter = new GarchFilter(parameters, 3);
      for (const horizon of [1, 24, 720]) {
        const forecast = filter.forecast(horizon);
        const expected = Math.sqrt((8_760 * forecast.reduce((sum, value) => sum + value, 0)) / horizon);
        expect(cryptoVix(parameters, filter.nextVariance, horizon, 8_760)).toBeCloseTo(expected, 8);
      }
    }
    // 1 % an hour, for ever: √8760 percent a year.
    expect(cryptoVix({ mu: 0, omega: 1, alpha: 0, beta: 0 }, 1, 24, 8_760)).toBeCloseTo(Math.sqrt(8_760), 10);
    expect(() => cryptoVix({ mu: 0, omega: 1, alpha: 0, beta: 0 }, 1, 0, 8_760)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
  });
});

describe('regime detector', () => {
  const closes = closesOf(4, [
    { bars: 250, drift: 0, deviation: 0.5 },
    { bars: 100, drift: 0.2, deviation: 0.5 },
    { bars: 100, drift: 0, deviation: 1.5 },
  ]);
  const whole = detectRegimes(closes, SMALL);

  it('never looks ahead: whatever comes after t changes no reading up to t', () => {
    const rng = new Rng(77);
    // Before the first fit, at it, just before and at later ones, and between.
    for (const t of [150, 199, 200, 201, 259, 260, 261, 333, 380, 449]) {
      const cut = detectRegimes(closes.slice(0, t + 1), SMALL);
      const perturbed = closes.map((close, i) => (i > t ? close * Math.exp(0.2 * rng.normal()) : close));
      expect(cut).toEqual(whole.slice(0, t + 1));
      expect(detectRegimes(perturbed, SMALL).slice(0, t + 1)).toEqual(whole.slice(0, t + 1));
    }
  });

  it('can tell: the close of bar t itself does change its reading', () => {
    const changed = closes.map((close, i) => (i === 300 ? close * 1.05 : close));
    expect(detectRegimes(changed, SMALL)[300]!.cryptoVix).toBeGreaterThan(whole[300]!.cryptoVix);
  });

  it('reads from the first fit on: probabilities add up to 1, and the label follows from them', () => {
    expect(whole.findIndex((reading) => reading !== undefined)).toBe(200);
    for (const { regime, scenario, probabilities, vixRatio } of known(whole)) {
      const { bull, bear, range } = probabilities;
      expect(bull + bear + range).toBeCloseTo(1, 10);
      expect(regime === 'volatile').toBe(vixRatio >= DEFAULT_REGIME_SETTINGS.highVixRatio);
      if (regime !== 'volatile') expect(probabilities[regime]).toBe(Math.max(bull, bear, range));
      expect(SCENARIOS).toContain(scenario);
      expect(scenario === 'crisis').toBe(vixRatio >= DEFAULT_REGIME_SETTINGS.extremeVixRatio);
      if (scenario === 'transition') expect(Math.max(bull, bear, range)).toBeLessThan(DEFAULT_REGIME_SETTINGS.certainty);
    }
  });

  it('goes on from a snapshot without a difference, before a fit, between fits and on one', () => {
    for (const cut of [0, 1, 120, 200, 201, 259, 260, 300]) {
      const first = new RegimeDetector(SMALL);
      for (const close of closes.subarray(0, cut)) first.update(close);
      const second = new RegimeDetector(SMALL);
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      expect(Array.from(closes.subarray(cut), (close) => second.update(close))).toEqual(whole.slice(cut));
    }
    expect(() => new RegimeDetector({ ...SMALL, trendBars: 20 }).restore(restorable())).toThrow(expect.objectContaining({ code: 'BAD_SNAPSHOT' }));
  });

  const restorable = () => {
    const detector = new RegimeDetector(SMALL);
    for (const close of closes.subarray(0, 230)) detector.update(close);
    return detector.snapshot();
  };

  it('does not mind the unit of the price', () => {
    const other = known(
      detectRegimes(
        closes.map((close) => close * 1_024),
        SMALL,
      ),
    );
    expect(other.map(({ regime }) => regime)).toEqual(known(whole).map(({ regime }) => regime));
  });

  it('calls no trend what is weaker than the minimum', () => {
    const regimes = new Set(known(detectRegimes(closes, { ...SMALL, minimumTrend: 50 })).map(({ regime }) => regime));
    expect(regimes).toEqual(new Set(['range', 'volatile']));
  });

  it('fits early when a storm breaks out of a calm that it learnt as all there is', () => {
    const storm = closesOf(8, [
      { bars: 1_010, drift: 0, deviation: 0.3 },
      { bars: 40, drift: 0, deviation: 3 },
    ]);
    const last = (settings: object) => detectRegimes(storm, settings).at(-1)!;
    expect(last({}).regime).toBe('volatile');
    expect(last({ surpriseRatio: 1e9 }).regime).not.toBe('volatile');
  });

  it('finds planted regimes', () => {
    const judged = { bull: 0, bear: 0, range: 0, volatile: 0 };
    const right = { ...judged };
    for (const seed of [1, 2, 3]) {
      const readings = detectRegimes(closesOf(seed, STRETCHES));
      let start = 1;
      for (const { regime, bars } of STRETCHES) {
        // A trend is known once it fills the window that measures it.
        for (let t = start + 48; t < start + bars; t++) {
          if (!readings[t]) continue;
          judged[regime]++;
          if (readings[t]!.regime === regime) right[regime]++;
        }
        start += bars;
      }
    }
    const share = (regime: Regime) => right[regime] / judged[regime];
    // The trends are 2.1 deviations apart, so that even who knows all but the trend is wrong for one bar in seven.
    for (const trend of ['bull', 'bear', 'range'] as const) expect(share(trend)).toBeGreaterThan(0.7);
    expect(share('volatile')).toBeGreaterThan(0.95);
  });

  it('holds its last model through a market that stands still, and has none while it has never moved', () => {
    const still = detectRegimes(new Float64Array(400).fill(100), SMALL);
    expect(known(still)).toEqual([]);
    const stopped = detectRegimes([...closes, ...new Float64Array(500).fill(closes.at(-1)!)], SMALL).slice(-100);
    for (const reading of stopped) {
      expect(reading!.regime).toBe('range');
      expect(Number.isFinite(reading!.cryptoVix)).toBe(true);
    }
    const woken = detectRegimes([...new Float64Array(300).fill(100), ...closes], SMALL);
    expect(woken.at(-1)).toBeDefined();
  });

  it('is an indicator like the others: the same readings from bars, undefined until the first fit', () => {
    const bars = barColumns(Array.from(closes, (close, i) => ({ openTimeMs: i * 3_600_000, open: close, high: close, low: close, close, volume: 1 })));
    const columns = computeIndicator(regimeIndicator, SMALL, bars);
    expect(columns.cryptoVix!.findIndex((value) => !Number.isNaN(value))).toBe(regimeIndicator.warmupBars(SMALL));
    expect([...columns.vixRatio!]).toEqual(whole.map((reading) => reading?.vixRatio ?? Number.NaN));
    expect([...columns.bull!]).toEqual(whole.map((reading) => reading?.probabilities.bull ?? Number.NaN));
    const [first, second] = [regimeIndicator.create(resolveParameters('regime', regimeIndicator.parameters, SMALL)), regimeIndicator.create({ ...SMALL })];
    for (let t = 0; t < 300; t++) first.update(barAt(bars, t));
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    for (let t = 300; t < bars.length; t++) second.update(barAt(bars, t));
    expect(second.values[0]).toBe(columns.cryptoVix!.at(-1));
  });

  it('refuses prices and settings that make no sense', () => {
    for (const close of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new RegimeDetector().update(close)).toThrow(expect.objectContaining({ code: 'BAD_PRICE' }));
    }
    for (const settings of [
      { trainingBars: 60, trendBars: 48 },
      { refitBars: 0 },
      { trendBars: 2.5 },
      { highVixRatio: 3 },
      { certainty: 2 },
      { surpriseRatio: 1 },
      { periodsPerYear: Number.NaN },
    ]) {
      expect(() => new RegimeDetector(settings)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    }
  });
});

const dataDir = process.env.TOUCHSTONE_DATA;

describe.skipIf(!dataDir)('regimes of real markets', () => {
  it('of Bitcoin, hour by hour from December 2020 to May 2021, stay what they were', { timeout: 20_000 }, async () => {
    const bars = await readBars(join(dataDir!, 'candles/binance-spot/BTCUSDT_1h_2020-12-01_2021-05-14.csv.gz'));
    const readings = known(detectRegimes(bars.close));
    expect(readings).toHaveLength(2_949);
    expect(counts(readings.map(({ regime }) => regime))).toEqual({ volatile: 132, range: 1_253, bull: 911, bear: 653 });
    expect(counts(readings.map(({ scenario }) => scenario))).toEqual({
      crisis: 9,
      rangeVolatile: 98,
      rangeCalm: 1_212,
      bullCalm: 889,
      bullVolatile: 16,
      transition: 90,
      bearCalm: 626,
      bearVolatile: 9,
    });
  });

  it('say something about the day that follows: it moves more after volatile hours, and trends have the sign of their name', { timeout: 20_000 }, async () => {
    const bars = await readBars(join(dataDir!, 'candles/binance-usdm/BTCUSDT-PERP_1h_2024-01-01_2024-08-31.csv.gz'));
    const close = bars.close.subarray(0, 3_500);
    const found = { bull: [0, 0, 0], bear: [0, 0, 0], range: [0, 0, 0], volatile: [0, 0, 0] } as Record<Regime, [number, number, number]>;
    detectRegimes(close).forEach((reading, t) => {
      if (!reading || t + 24 >= close.length) return;
      const sums = found[reading.regime];
      sums[0]++;
      sums[1] += Math.log(close[t]! / close[t - 48]!);
      for (let k = t + 1; k <= t + 24; k++) sums[2] += Math.log(close[k]! / close[k - 1]!) ** 2;
    });
    const before = (regime: Regime) => found[regime][1] / found[regime][0];
    const movement = (regime: Regime) => Math.sqrt(found[regime][2] / found[regime][0]);
    expect(before('bull')).toBeGreaterThan(0.02);
    expect(before('bear')).toBeLessThan(-0.02);
    expect(Math.abs(before('range'))).toBeLessThan(0.01);
    for (const calm of ['bull', 'bear', 'range'] as const) expect(movement('volatile')).toBeGreaterThan(1.15 * movement(calm));
  });
});
