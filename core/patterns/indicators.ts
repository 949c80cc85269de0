import type { IndicatorDefinition } from '../indicators/indicator.ts';
import { candleIndicators } from './candles.ts';
import { chartPatterns } from './chart-patterns.ts';
import { fractals } from './fractals.ts';
import { pivotPoints, pivotPointsCamarilla, pivotPointsFibonacci } from './pivot-points.ts';
import { rsiDivergence } from './rsi-divergence.ts';
import { supportResistance } from './support-resistance.ts';
import { volumeProfile } from './volume-profile.ts';

/** Everything in this room that is made from bars alone, for the registry of indicators. */
export const patternIndicators: readonly IndicatorDefinition[] = [
  fractals,
  pivotPoints,
  pivotPointsFibonacci,
  pivotPointsCamarilla,
  supportResistance,
  volumeProfile,
  rsiDivergence,
  chartPatterns,
  ...candleIndicators,
];
