import { BODY_BARS, type CandlePattern, signed } from './candle-pattern.ts';
import type { CandleWindow } from './candle-window.ts';

/** A small body on top of a lower shadow longer than it, and hardly an upper one. */
function isHammerShape(c: CandleWindow): boolean {
  return c.hasShortBody(0) && c.lowerShadow(0) > c.body(0) && c.hasNoUpperShadow(0);
}

/** The same upside down. */
function isInvertedHammerShape(c: CandleWindow): boolean {
  return c.hasShortBody(0) && c.upperShadow(0) > c.body(0) && c.hasNoLowerShadow(0);
}

/** Patterns of the newest candle alone, a few with a look at where the one before it stood. */
export const ONE_CANDLE_PATTERNS: readonly CandlePattern[] = [
  {
    name: 'doji',
    taLibName: 'CDLDOJI',
    description: 'Open and close all but equal',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.isDoji(0), 100),
  },
  {
    name: 'dragonflyDoji',
    taLibName: 'CDLDRAGONFLYDOJI',
    description: 'Doji at the top of its range',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.isDoji(0) && c.hasNoUpperShadow(0) && c.lowerShadow(0) > c.tenthOfRange(0), 100),
  },
  {
    name: 'gravestoneDoji',
    taLibName: 'CDLGRAVESTONEDOJI',
    description: 'Doji at the bottom of its range',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.isDoji(0) && c.hasNoLowerShadow(0) && c.upperShadow(0) > c.tenthOfRange(0), 100),
  },
  {
    name: 'longLeggedDoji',
    taLibName: 'CDLLONGLEGGEDDOJI',
    description: 'Doji with a long shadow',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.isDoji(0) && (c.lowerShadow(0) > c.body(0) || c.upperShadow(0) > c.body(0)), 100),
  },
  {
    name: 'rickshawMan',
    taLibName: 'CDLRICKSHAWMAN',
    description: 'Doji with two long shadows and its body near the middle of the range',
    warmupBars: BODY_BARS,
    detect: (c) => {
      const middle = c.low(0) + (c.high(0) - c.low(0)) / 2;
      const hasLongShadows = c.lowerShadow(0) > c.body(0) && c.upperShadow(0) > c.body(0);
      return signed(c.isDoji(0) && hasLongShadows && c.bottom(0) <= middle + c.near(0) && c.top(0) >= middle - c.near(0), 100);
    },
  },
  {
    name: 'takuri',
    taLibName: 'CDLTAKURI',
    description: 'Dragonfly doji with a very long lower shadow',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.isDoji(0) && c.hasNoUpperShadow(0) && c.lowerShadow(0) > 2 * c.body(0), 100),
  },
  {
    name: 'highWave',
    taLibName: 'CDLHIGHWAVE',
    description: 'Short body between two very long shadows; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasShortBody(0) && c.upperShadow(0) > 2 * c.body(0) && c.lowerShadow(0) > 2 * c.body(0), 100 * c.colour(0)),
  },
  {
    name: 'spinningTop',
    taLibName: 'CDLSPINNINGTOP',
    description: 'Short body between two longer shadows; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasShortBody(0) && c.upperShadow(0) > c.body(0) && c.lowerShadow(0) > c.body(0), 100 * c.colour(0)),
  },
  {
    name: 'longLine',
    taLibName: 'CDLLONGLINE',
    description: 'Long body with short shadows; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasLongBody(0) && c.upperShadow(0) < c.usualShadow(0) && c.lowerShadow(0) < c.usualShadow(0), 100 * c.colour(0)),
  },
  {
    name: 'shortLine',
    taLibName: 'CDLSHORTLINE',
    description: 'Short body with short shadows; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasShortBody(0) && c.upperShadow(0) < c.usualShadow(0) && c.lowerShadow(0) < c.usualShadow(0), 100 * c.colour(0)),
  },
  {
    name: 'marubozu',
    taLibName: 'CDLMARUBOZU',
    description: 'Long body with hardly a shadow; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasLongBody(0) && c.hasNoUpperShadow(0) && c.hasNoLowerShadow(0), 100 * c.colour(0)),
  },
  {
    name: 'closingMarubozu',
    taLibName: 'CDLCLOSINGMARUBOZU',
    description: 'Long body that closes at its extreme; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasLongBody(0) && (c.isWhite(0) ? c.hasNoUpperShadow(0) : c.hasNoLowerShadow(0)), 100 * c.colour(0)),
  },
  {
    name: 'beltHold',
    taLibName: 'CDLBELTHOLD',
    description: 'Long body that opens at its extreme; the sign is its colour',
    warmupBars: BODY_BARS,
    detect: (c) => signed(c.hasLongBody(0) && (c.isWhite(0) ? c.hasNoLowerShadow(0) : c.hasNoUpperShadow(0)), 100 * c.colour(0)),
  },
  {
    name: 'hammer',
    taLibName: 'CDLHAMMER',
    description: 'Small body over a long lower shadow, near or below the low before',
    warmupBars: BODY_BARS + 1,
    detect: (c) => signed(isHammerShape(c) && c.bottom(0) <= c.low(1) + c.near(1), 100),
  },
  {
    name: 'hangingMan',
    taLibName: 'CDLHANGINGMAN',
    description: 'Hammer near or above the high before: bearish',
    warmupBars: BODY_BARS + 1,
    detect: (c) => signed(isHammerShape(c) && c.bottom(0) >= c.high(1) - c.near(1), -100),
  },
  {
    name: 'invertedHammer',
    taLibName: 'CDLINVERTEDHAMMER',
    description: 'Small body under a long upper shadow, gapping down',
    warmupBars: BODY_BARS + 1,
    detect: (c) => signed(isInvertedHammerShape(c) && c.bodyGapsDown(0, 1), 100),
  },
  {
    name: 'shootingStar',
    taLibName: 'CDLSHOOTINGSTAR',
    description: 'Small body under a long upper shadow, gapping up: bearish',
    warmupBars: BODY_BARS + 1,
    detect: (c) => signed(isInvertedHammerShape(c) && c.bodyGapsUp(0, 1), -100),
  },
];
