import { BODY_BARS, type CandlePattern, DISTANCE_BARS, signed } from './candle-pattern.ts';
import type { CandleWindow } from './candle-window.ts';

/** Bars after a hikkake in which it can be confirmed. */
const CONFIRMATION_BARS = 3;

function threeBlackCrows(c: CandleWindow): boolean {
  if (!(c.isWhite(3) && c.isBlack(2) && c.isBlack(1) && c.isBlack(0))) return false;
  const noShadows = c.hasNoLowerShadow(2) && c.hasNoLowerShadow(1) && c.hasNoLowerShadow(0);
  const openInside = c.open(1) < c.open(2) && c.open(1) > c.close(2) && c.open(0) < c.open(1) && c.open(0) > c.close(1);
  return noShadows && openInside && c.high(3) > c.close(2) && c.close(2) > c.close(1) && c.close(1) > c.close(0);
}

/** Three candles of one colour, each opening in or near the body before, undone by the fourth; in their direction. */
function threeLineStrike(c: CandleWindow): number {
  const colour = c.colour(1);
  if (c.colour(3) !== colour || c.colour(2) !== colour || c.colour(0) === colour) return 0;
  const opensNear = (ago: number) => c.open(ago) >= c.bottom(ago + 1) - c.near(ago + 1) && c.open(ago) <= c.top(ago + 1) + c.near(ago + 1);
  if (!opensNear(2) || !opensNear(1)) return 0;
  const goesOn = colour * (c.close(1) - c.close(2)) > 0 && colour * (c.close(2) - c.close(3)) > 0;
  return signed(goesOn && colour * (c.open(0) - c.close(1)) > 0 && colour * (c.close(0) - c.open(3)) < 0, 100 * colour);
}

function concealingBabySwallow(c: CandleWindow): boolean {
  if (!(c.isBlack(3) && c.isBlack(2) && c.isBlack(1) && c.isBlack(0))) return false;
  const areMarubozu = c.hasNoLowerShadow(3) && c.hasNoUpperShadow(3) && c.hasNoLowerShadow(2) && c.hasNoUpperShadow(2);
  const reachesBack = c.bodyGapsDown(1, 2) && c.upperShadow(1) > c.tenthOfRange(1) && c.high(1) > c.close(2);
  return areMarubozu && reachesBack && c.high(0) > c.high(1) && c.low(0) < c.low(1);
}

function breakaway(c: CandleWindow): number {
  const colour = c.colour(4);
  if (!c.hasLongBody(4) || c.colour(3) !== colour || c.colour(1) !== colour || c.colour(0) === colour) return 0;
  if (colour === -1) {
    const falls = c.bodyGapsDown(3, 4) && c.high(2) < c.high(3) && c.low(2) < c.low(3) && c.high(1) < c.high(2) && c.low(1) < c.low(2);
    return signed(falls && c.close(0) > c.open(3) && c.close(0) < c.close(4), 100);
  }
  const rises = c.bodyGapsUp(3, 4) && c.high(2) > c.high(3) && c.low(2) > c.low(3) && c.high(1) > c.high(2) && c.low(1) > c.low(2);
  return signed(rises && c.close(0) < c.open(3) && c.close(0) > c.close(4), -100);
}

function ladderBottom(c: CandleWindow): boolean {
  if (!(c.isBlack(4) && c.isBlack(3) && c.isBlack(2) && c.isBlack(1) && c.isWhite(0))) return false;
  const falls = c.open(4) > c.open(3) && c.open(3) > c.open(2) && c.close(4) > c.close(3) && c.close(3) > c.close(2);
  return falls && c.upperShadow(1) > c.tenthOfRange(1) && c.open(0) > c.open(1) && c.close(0) > c.high(1);
}

/** Three short bodies between two candles. */
function restsOnShortBodies(c: CandleWindow): boolean {
  return c.hasLongBody(4) && c.hasShortBody(3) && c.hasShortBody(2) && c.hasShortBody(1);
}

function matHold(c: CandleWindow, penetration: number): boolean {
  if (!restsOnShortBodies(c) || !(c.isWhite(4) && c.isBlack(3) && c.isWhite(0)) || !c.bodyGapsUp(3, 4)) return false;
  const floor = c.close(4) - c.body(4) * penetration;
  const staysHigh = c.bottom(2) < c.close(4) && c.bottom(1) < c.close(4) && c.bottom(2) > floor && c.bottom(1) > floor;
  const falls = c.top(2) < c.open(3) && c.top(1) < c.top(2);
  return staysHigh && falls && c.open(0) > c.close(1) && c.close(0) > Math.max(c.high(3), c.high(2), c.high(1));
}

function risingFallingThreeMethods(c: CandleWindow): number {
  const colour = c.colour(4);
  const rest = c.colour(3);
  if (rest === colour || c.colour(2) !== rest || c.colour(1) !== rest || c.colour(0) !== colour) return 0;
  if (!restsOnShortBodies(c) || !c.hasLongBody(0)) return 0;
  for (let ago = 3; ago >= 1; ago--) if (!(c.bottom(ago) < c.high(4) && c.top(ago) > c.low(4))) return 0;
  const drifts = colour * (c.close(2) - c.close(3)) < 0 && colour * (c.close(1) - c.close(2)) < 0;
  return signed(drifts && colour * (c.open(0) - c.close(1)) > 0 && colour * (c.close(0) - c.close(4)) > 0, 100 * colour);
}

/** A candle within the one before it, then one that leaves it downwards (1: a fall that is expected to fail) or upwards (−1). */
function hikkakeSetup(c: CandleWindow, ago: number): number {
  if (!(c.high(ago + 1) < c.high(ago + 2) && c.low(ago + 1) > c.low(ago + 2))) return 0;
  if (c.high(ago) < c.high(ago + 1) && c.low(ago) < c.low(ago + 1)) return 1;
  return c.high(ago) > c.high(ago + 1) && c.low(ago) > c.low(ago + 1) ? -1 : 0;
}

/** Two nested inside candles, the first of them closing near its extreme on the side of the false break. */
function modifiedHikkakeSetup(c: CandleWindow, ago: number): number {
  const direction = hikkakeSetup(c, ago);
  if (direction === 0 || !(c.high(ago + 2) < c.high(ago + 3) && c.low(ago + 2) > c.low(ago + 3))) return 0;
  if (direction === 1) return c.close(ago + 2) <= c.low(ago + 2) + c.near(ago + 2) ? 1 : 0;
  return c.close(ago + 2) >= c.high(ago + 2) - c.near(ago + 2) ? -1 : 0;
}

/**
 * ±100 on the setup, ±200 on the first close beyond the inside candle within three bars of the latest setup. The setup is looked
 * for in the window, so the rule needs no memory of its own.
 */
function hikkake(c: CandleWindow, setup: (c: CandleWindow, ago: number) => number): number {
  const now = setup(c, 0);
  if (now !== 0) return 100 * now;
  for (let ago = 1; ago <= CONFIRMATION_BARS; ago++) {
    const direction = setup(c, ago);
    if (direction === 0) continue;
    for (let then = ago - 1; then > 0; then--) if (leaves(c, then, ago, direction)) return 0;
    return leaves(c, 0, ago, direction) ? 200 * direction : 0;
  }
  return 0;
}

function leaves(c: CandleWindow, ago: number, setup: number, direction: number): boolean {
  return direction === 1 ? c.close(ago) > c.high(setup + 1) : c.close(ago) < c.low(setup + 1);
}

/** Patterns of four and five candles, and the hikkakes, which wait for their confirmation. */
export const LONGER_CANDLE_PATTERNS: readonly CandlePattern[] = [
  {
    name: 'threeBlackCrows',
    taLibName: 'CDL3BLACKCROWS',
    description: 'Three full black candles after a white one, each opening in the one before: bearish',
    warmupBars: BODY_BARS + 3,
    detect: (c) => signed(threeBlackCrows(c), -100),
  },
  {
    name: 'threeLineStrike',
    taLibName: 'CDL3LINESTRIKE',
    description: 'Three candles of one colour undone by a fourth; in their direction',
    warmupBars: DISTANCE_BARS + 3,
    detect: threeLineStrike,
  },
  {
    name: 'concealingBabySwallow',
    taLibName: 'CDLCONCEALBABYSWALL',
    description: 'Two black marubozu, a black gapping down with a shadow into them, a black that engulfs it',
    warmupBars: BODY_BARS + 3,
    detect: (c) => signed(concealingBabySwallow(c), 100),
  },
  {
    name: 'breakaway',
    taLibName: 'CDLBREAKAWAY',
    description: 'Gap and drift in a trend, then an opposite close in the gap',
    warmupBars: BODY_BARS + 4,
    detect: breakaway,
  },
  {
    name: 'ladderBottom',
    taLibName: 'CDLLADDERBOTTOM',
    description: 'Four falling black candles, the last with an upper shadow, then a white above it',
    warmupBars: BODY_BARS + 4,
    detect: (c) => signed(ladderBottom(c), 100),
  },
  {
    name: 'matHold',
    taLibName: 'CDLMATHOLD',
    description: 'Long white, three short falling bodies in its upper part, a white above them',
    warmupBars: BODY_BARS + 4,
    penetration: 0.5,
    detect: (c, penetration) => signed(matHold(c, penetration), 100),
  },
  {
    name: 'risingFallingThreeMethods',
    taLibName: 'CDLRISEFALL3METHODS',
    description: 'Long candle, three short opposite ones within its range, a long one onwards; in its direction',
    warmupBars: BODY_BARS + 4,
    detect: risingFallingThreeMethods,
  },
  {
    name: 'hikkake',
    taLibName: 'CDLHIKKAKE',
    description: 'False break of an inside candle; 200 when a close beyond its other side confirms it',
    warmupBars: 5,
    detect: (c) => hikkake(c, hikkakeSetup),
  },
  {
    name: 'modifiedHikkake',
    taLibName: 'CDLHIKKAKEMOD',
    description: 'Hikkake of two nested inside candles; 200 when confirmed',
    warmupBars: DISTANCE_BARS + 5,
    detect: (c) => hikkake(c, modifiedHikkakeSetup),
  },
];
