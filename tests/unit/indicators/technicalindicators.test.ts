import { describe, expect, it } from 'vitest';
import { computeIndicator, resolveParameters } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { barAt, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { TECHNICAL_INDICATORS } from '../../../infra/technicalindicators.ts';
import { EMA, SMA } from 'technicalindicators';

const rng = new Rng('ti');
const BARS = barColumns(
  Array.from({ length: 200 }, (_, i) => {
    const open = 100 + rng.uniform() * 10;
    const close = 100 + rng.uniform() * 10;
    return {
      openTimeMs: i * 1_000,
      open,
      high: Math.max(open, close) + rng.uniform(),
      low: Math.min(open, close) - rng.uniform(),
      close,
      volume: 1 + rng.uniform(),
    };
  }),
);

describe.each(TECHNICAL_INDICATORS.map((definition) => [definition.name, definition] as const))('%s', (name, definition) => {
  it('is found by name, and defined from its stated warm-up on', () => {
    expect(findIndicator(name, TECHNICAL_INDICATORS)).toBe(definition);
    const warmup = definition.warmupBars(resolveParameters(name, definition.parameters, {}));
    const columns = Object.values(computeIndicator(definition, {}, BARS));
    for (let i = 0; i < BARS.length; i++) expect(columns.every((column) => Number.isFinite(column[i]!))).toBe(i >= warmup);
  });

  it('goes on from a snapshot as if nothing had happened', () => {
    const parameters = resolveParameters(name, definition.parameters, {});
    const first = definition.create(parameters);
    for (let i = 0; i < 120; i++) first.update(barAt(BARS, i));
    const second = definition.create(parameters);
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    for (let i = 120; i < 200; i++) {
      first.update(barAt(BARS, i));
      second.update(barAt(BARS, i));
      expect([...second.values]).toEqual([...first.values]);
    }
  });
});

it('the library and our own arithmetic agree where they define the same', () => {
  const closes = [...BARS.close];
  const ours = computeIndicator(findIndicator('sma'), { period: 7 }, BARS).sma!.slice(6);
  expect(Array.from(ours, (value) => Number(value.toFixed(9)))).toEqual(SMA.calculate({ period: 7, values: closes }).map((value) => Number(value.toFixed(9))));
  const averages = computeIndicator(findIndicator('ema'), { period: 7 }, BARS).ema!.slice(6);
  expect(Array.from(averages, (value) => Number(value.toFixed(9)))).toEqual(
    EMA.calculate({ period: 7, values: closes }).map((value) => Number(value.toFixed(9))),
  );
});
