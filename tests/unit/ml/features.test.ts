import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/hash.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { barAt, type BarColumns } from '../../../core/market/bars.ts';
import { FEATURES } from '../../../ml/features/features.ts';
import { computeFeatures } from '../../../ml/features/matrix.ts';
import { DEFAULT_FEATURES, FEATURE_CODE_VERSION, FeaturePipeline, type FeatureSpec, featureHash } from '../../../ml/features/pipeline.ts';
import { SentimentFeature, type SentimentItem } from '../../../ml/features/sentiment-feature.ts';
import { momentumBars } from './momentum.ts';

const INTERVAL_MS = 60_000;
const sentimentSpec: FeatureSpec = { feature: 'sentiment', asset: 'BTC', halfLifeMs: 600_000 };
const everyFeature: readonly FeatureSpec[] = [...FEATURES.map(({ name }): FeatureSpec => ({ feature: name })), sentimentSpec];
const item = (availableAtMs: number, score: number, asset = 'BTC'): SentimentItem => ({ asset, score, confidence: 0.8, availableAtMs });
const someNews = Array.from({ length: 40 }, (_, i) => item(i * 7 * INTERVAL_MS + 1234, Math.sin(i), i % 3 === 0 ? 'market' : 'BTC'));

/** Rows as text, so that NaN equals NaN and −0 differs from 0. */
const rowText = (values: Float64Array) => Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join(' ');

describe('the feature pipeline', { timeout: 30_000 }, () => {
  const bars = momentumBars(300, 0.3);

  it('gives live, bar by bar and with texts as they come, what training computed from history', () => {
    const history = computeFeatures(everyFeature, bars, INTERVAL_MS, { sentiment: someNews });
    const live = new FeaturePipeline(everyFeature);
    const arriving = [...someNews];
    for (let i = 0; i < bars.length; i++) {
      const closeMs = bars.openTimeMs[i]! + INTERVAL_MS;
      while (arriving.length > 0 && arriving[0]!.availableAtMs <= closeMs) live.observe(arriving.shift()!);
      const row = rowText(live.update(barAt(bars, i), closeMs));
      expect(row).toBe(rowText(history.values.subarray(i * history.names.length, (i + 1) * history.names.length)));
    }
  });

  it('looks at nothing that was not known: changing all that comes after a time changes no row up to it', () => {
    const rows = (columns: BarColumns, news: readonly SentimentItem[], count: number) =>
      rowText(computeFeatures(everyFeature, columns, INTERVAL_MS, { sentiment: news }).values.subarray(0, count * everyFeature.length));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 299 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (cut, factor) => {
        const altered = momentumBars(300, 0.3);
        for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) for (let i = cut; i < altered.length; i++) altered[name][i]! *= factor;
        const knownUntilMs = bars.openTimeMs[cut - 1]! + INTERVAL_MS;
        const otherNews = someNews.map((each) => (each.availableAtMs > knownUntilMs ? { ...each, score: -each.score, confidence: 1 } : each));
        expect(rows(altered, otherNews, cut)).toBe(rows(bars, someNews, cut));
      }),
      { numRuns: 25 },
    );
  });

  it('has no row for a bar that came after a later one, and that bar changes no other row', () => {
    const availableAtMs = bars.openTimeMs.map((openTimeMs, i) => openTimeMs + INTERVAL_MS + (i === 200 ? 90 * INTERVAL_MS : 0));
    const matrix = computeFeatures(DEFAULT_FEATURES, bars, INTERVAL_MS, { availableAtMs });
    expect(matrix.rowCount).toBe(bars.length - 1);
    expect(matrix.barIndex).not.toContain(200);
    const changed = momentumBars(300, 0.3);
    changed.close[200]! *= 1.5;
    changed.high[200]! *= 2;
    expect(rowText(computeFeatures(DEFAULT_FEATURES, changed, INTERVAL_MS, { availableAtMs }).values)).toBe(rowText(matrix.values));
  });

  it('goes on from a snapshot, through JSON, at any bar without a difference', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 250 }), (at) => {
        const straight = new FeaturePipeline(everyFeature);
        for (const each of someNews) straight.observe(each);
        for (let i = 0; i < at; i++) straight.update(barAt(bars, i), bars.openTimeMs[i]! + INTERVAL_MS);
        const resumed = new FeaturePipeline(everyFeature);
        resumed.restore(JSON.parse(JSON.stringify(straight.snapshot())));
        for (let i = at; i < at + 30; i++) {
          const bar = barAt(bars, i);
          expect(rowText(resumed.update(bar, bar.openTimeMs + INTERVAL_MS))).toBe(rowText(straight.update(bar, bar.openTimeMs + INTERVAL_MS)));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is NaN while warming up, then finite; and does not depend on the level of prices', () => {
    const matrix = computeFeatures(everyFeature, bars, INTERVAL_MS);
    const columns = matrix.names.length;
    matrix.names.forEach((name, column) => {
      const values = Array.from({ length: matrix.rowCount }, (_, row) => matrix.values[row * columns + column]!);
      const definition = FEATURES.find((feature) => feature.name === name.split('_')[0]);
      const indicator = definition?.indicator === undefined ? undefined : findIndicator(definition.indicator);
      const defaults = Object.fromEntries(Object.entries(indicator?.parameters ?? {}).map(([key, spec]) => [key, spec.default]));
      const warmup = indicator?.warmupBars(defaults) ?? 0;
      expect([name, values.findIndex(Number.isFinite), values.slice(warmup).every(Number.isFinite)]).toEqual([name, warmup, true]);
    });
    const dear = momentumBars(300, 0.3);
    for (const price of ['open', 'high', 'low', 'close'] as const) for (let i = 0; i < dear.length; i++) dear[price][i]! *= 1024;
    const scaled = computeFeatures(everyFeature, dear, INTERVAL_MS);
    const last = (values: Float64Array) => Array.from(values.subarray(-columns));
    last(scaled.values).forEach((value, column) => {
      expect(value).toBeCloseTo(last(matrix.values)[column]!, 9);
    });
  });

  it('is finite in a market that does not move or trade', () => {
    const flat: BarColumns = {
      ...bars,
      open: bars.open.map(() => 5),
      high: bars.open.map(() => 5),
      low: bars.open.map(() => 5),
      close: bars.open.map(() => 5),
      volume: bars.open.map(() => 0),
    };
    const matrix = computeFeatures(everyFeature, flat, INTERVAL_MS);
    const last = matrix.values.subarray(-matrix.names.length);
    const undefinedOnes = matrix.names.filter((_, column) => !Number.isFinite(last[column]!));
    // Nothing traded has no average price: that bar makes no sample.
    expect(undefinedOnes).toEqual(['vwapDistance_20']);
  });

  it('has one identity for one meaning, and another when a column, its order or its parameters differ', () => {
    expect(featureHash([{ feature: 'rsi' }])).toBe(featureHash([{ feature: 'rsi', parameters: { period: 14 } }]));
    const hashes = [
      featureHash([{ feature: 'rsi' }]),
      featureHash([{ feature: 'rsi', parameters: { period: 15 } }]),
      featureHash([{ feature: 'rsi' }, { feature: 'barRange' }]),
      featureHash([{ feature: 'barRange' }, { feature: 'rsi' }]),
      featureHash([sentimentSpec]),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('has a new code version whenever its arithmetic changes', () => {
    const rounded = Array.from(computeFeatures(everyFeature, bars, INTERVAL_MS, { sentiment: someNews }).values, (value) => value.toPrecision(9));
    // When this fails because a feature's meaning was changed: raise FEATURE_CODE_VERSION, then take the new checksum.
    expect([FEATURE_CODE_VERSION, sha256(rounded.join(' ')).slice(0, 16)]).toEqual([1, 'b9f4abfa27eb2e71']);
  });

  it('refuses features that are not there, listed twice, or wrongly parameterised', () => {
    const make =
      (...specs: FeatureSpec[]) =>
      () =>
        new FeaturePipeline(specs);
    expect(make({ feature: 'moonPhase' })).toThrow(expect.objectContaining({ code: 'UNKNOWN_FEATURE' }));
    expect(make({ feature: 'rsi' }, { feature: 'rsi', parameters: { period: 14 } })).toThrow(expect.objectContaining({ code: 'BAD_FEATURES' }));
    expect(make({ feature: 'rsi', parameters: { length: 3 } })).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(make()).toThrow(expect.objectContaining({ code: 'BAD_FEATURES' }));
  });
});

describe('sentiment as of a time', () => {
  const MINUTE = 60_000;

  it('is neutral in silence, leans with what was read, and halves with its half-life', () => {
    const feature = new SentimentFeature('BTC', 10 * MINUTE);
    expect(feature.valueAt(0)).toBe(0);
    feature.observe(item(1 * MINUTE, 1));
    expect(feature.valueAt(1 * MINUTE)).toBeCloseTo(0.8 / 1.8, 12);
    expect(feature.valueAt(11 * MINUTE)).toBeCloseTo(0.4 / 1.4, 12);
    expect(feature.valueAt(1e9)).toBeCloseTo(0, 12);
  });

  it('does not know an item before its time, however early it arrives, nor one of another asset', () => {
    const feature = new SentimentFeature('BTC', 10 * MINUTE);
    feature.observe(item(5 * MINUTE, -1));
    feature.observe(item(1 * MINUTE, 1, 'ETH'));
    expect(feature.valueAt(5 * MINUTE - 1)).toBe(0);
    expect(feature.valueAt(5 * MINUTE)).toBeLessThan(0);
  });

  it('does not depend on the order in which items of different times arrive', () => {
    const times = fc.uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })), (availableAt, scores) => {
        const items = availableAt.map((time) => item(time, scores.next().value!));
        const read = (ordered: readonly SentimentItem[]) => {
          const feature = new SentimentFeature('BTC', MINUTE);
          for (const each of ordered) feature.observe(each);
          return [50_000, 200_000].map((time) => feature.valueAt(time));
        };
        expect(read(items)).toEqual(read([...items].sort((a, b) => b.availableAtMs - a.availableAtMs)));
      }),
    );
  });
});
