import { BODY_BARS, type CandlePattern, DISTANCE_BARS, isWithin, signed } from './candle-pattern.ts';
import type { CandleWindow } from './candle-window.ts';

const WARMUP = BODY_BARS + 2;

function areAll(c: CandleWindow, colour: 1 | -1, oldest: number, newest: number): boolean {
  for (let ago = oldest; ago >= newest; ago--) if (c.colour(ago) !== colour) return false;
  return true;
}

/** Opens above the open before and not much above its close. */
function opensWithinWhite(c: CandleWindow, ago: number): boolean {
  return c.open(ago) > c.open(ago + 1) && c.open(ago) <= c.close(ago + 1) + c.near(ago + 1);
}

/** Three white candles, each closing above the one before. */
function areRisingWhites(c: CandleWindow): boolean {
  return areAll(c, 1, 2, 0) && c.close(0) > c.close(1) && c.close(1) > c.close(2);
}

/** A long white candle, then something that gaps up from it, then a full black one deep into the first. */
function isEvening(c: CandleWindow, penetration: number): boolean {
  const isTurn = c.body(0) > c.usualBody(0) && c.isBlack(0) && c.close(0) < c.close(2) - c.body(2) * penetration;
  return c.hasLongBody(2) && c.isWhite(2) && c.bodyGapsUp(1, 2) && isTurn;
}

function isMorning(c: CandleWindow, penetration: number): boolean {
  const isTurn = c.body(0) > c.usualBody(0) && c.isWhite(0) && c.close(0) > c.close(2) + c.body(2) * penetration;
  return c.hasLongBody(2) && c.isBlack(2) && c.bodyGapsDown(1, 2) && isTurn;
}

function abandonedBaby(c: CandleWindow, penetration: number): number {
  if (!(c.hasLongBody(2) && c.isDoji(1) && c.body(0) > c.usualBody(0)) || c.colour(0) === c.colour(2)) return 0;
  const depth = c.body(2) * penetration;
  if (c.isBlack(0)) return signed(c.close(0) < c.close(2) - depth && c.gapsUp(1, 2) && c.gapsDown(0, 1), -100);
  return signed(c.close(0) > c.close(2) + depth && c.gapsDown(1, 2) && c.gapsUp(0, 1), 100);
}

/** Rising whites that tire: each way in which the bodies shrink or the shadows grow. */
function isTiring(c: CandleWindow): boolean {
  const shrinksMuchThenStays = c.body(1) < c.body(2) - c.far(2) && c.body(0) < c.body(1) + c.near(1);
  const shrinksMuchAtLast = c.body(0) < c.body(1) - c.far(1);
  const hasShadow = c.upperShadow(0) > c.usualShadow(0) || c.upperShadow(1) > c.usualShadow(1);
  const shrinksUnderShadows = c.body(0) < c.body(1) && c.body(1) < c.body(2) && hasShadow;
  return shrinksMuchThenStays || shrinksMuchAtLast || shrinksUnderShadows || (c.body(0) < c.body(1) && c.upperShadow(0) > c.body(0));
}

function isAdvanceBlock(c: CandleWindow): boolean {
  if (!areRisingWhites(c) || !opensWithinWhite(c, 1) || !opensWithinWhite(c, 0)) return false;
  return c.hasLongBody(2) && c.upperShadow(2) < c.usualShadow(2) && isTiring(c);
}

function isThreeWhiteSoldiers(c: CandleWindow): boolean {
  if (!areRisingWhites(c) || !opensWithinWhite(c, 1) || !opensWithinWhite(c, 0)) return false;
  const noShadows = c.hasNoUpperShadow(2) && c.hasNoUpperShadow(1) && c.hasNoUpperShadow(0);
  return noShadows && c.body(1) > c.body(2) - c.far(2) && c.body(0) > c.body(1) - c.far(1) && c.body(0) > c.usualBody(0);
}

function isStalled(c: CandleWindow): boolean {
  if (!areRisingWhites(c) || !c.hasLongBody(2) || !c.hasLongBody(1) || !c.hasNoUpperShadow(1) || !opensWithinWhite(c, 1)) return false;
  return c.hasShortBody(0) && c.open(0) >= c.close(1) - c.body(0) - c.near(1);
}

function isIdenticalThreeCrows(c: CandleWindow): boolean {
  if (!areAll(c, -1, 2, 0) || !(c.close(2) > c.close(1) && c.close(1) > c.close(0))) return false;
  const noShadows = c.hasNoLowerShadow(2) && c.hasNoLowerShadow(1) && c.hasNoLowerShadow(0);
  return noShadows && isWithin(c.open(1), c.close(2), c.equal(2)) && isWithin(c.open(0), c.close(1), c.equal(1));
}

function isThreeStarsInTheSouth(c: CandleWindow): boolean {
  if (!areAll(c, -1, 2, 0) || !c.hasLongBody(2) || !(c.lowerShadow(2) > c.body(2))) return false;
  const secondOpensInside = c.body(1) < c.body(2) && c.open(1) > c.close(2) && c.open(1) <= c.high(2);
  const secondHoldsLow = c.low(1) < c.close(2) && c.low(1) >= c.low(2) && c.lowerShadow(1) > c.tenthOfRange(1);
  const thirdIsSmall = c.hasShortBody(0) && c.hasNoLowerShadow(0) && c.hasNoUpperShadow(0);
  return secondOpensInside && secondHoldsLow && thirdIsSmall && c.low(0) > c.low(1) && c.high(0) < c.high(1);
}

function tasukiGap(c: CandleWindow): number {
  if (c.colour(1) === c.colour(0) || !(Math.abs(c.body(1) - c.body(0)) < c.near(1))) return 0;
  const opensInBody = c.open(0) < c.top(1) && c.open(0) > c.bottom(1);
  if (c.isWhite(1)) return signed(c.bodyGapsUp(1, 2) && opensInBody && c.close(0) < c.open(1) && c.close(0) > c.top(2), 100);
  return signed(c.bodyGapsDown(1, 2) && opensInBody && c.close(0) > c.open(1) && c.close(0) < c.bottom(2), -100);
}

function gapThreeMethods(c: CandleWindow): number {
  if (c.colour(2) !== c.colour(1) || c.colour(1) === c.colour(0)) return 0;
  const opensInSecond = c.open(0) < c.top(1) && c.open(0) > c.bottom(1);
  const closesInFirst = c.close(0) < c.top(2) && c.close(0) > c.bottom(2);
  return signed(opensInSecond && closesInFirst && (c.isWhite(2) ? c.bodyGapsUp(1, 2) : c.bodyGapsDown(1, 2)), 100 * c.colour(2));
}

function tristar(c: CandleWindow): number {
  const limit = c.tenthOfRange(2);
  if (!(c.body(2) <= limit && c.body(1) <= limit && c.body(0) <= limit)) return 0;
  if (c.bodyGapsUp(1, 2) && c.top(0) < c.top(1)) return -100;
  return signed(c.bodyGapsDown(1, 2) && c.bottom(0) > c.bottom(1), 100);
}

function gapSideBySideWhite(c: CandleWindow): number {
  const isUp = c.bodyGapsUp(1, 2) && c.bodyGapsUp(0, 2);
  const isDown = c.bodyGapsDown(1, 2) && c.bodyGapsDown(0, 2);
  const areAlike = c.isWhite(1) && c.isWhite(0) && isWithin(c.body(0), c.body(1), c.near(1)) && isWithin(c.open(0), c.open(1), c.equal(1));
  return signed((isUp || isDown) && areAlike, isUp ? 100 : -100);
}

function threeInside(c: CandleWindow): number {
  const isHarami = c.hasLongBody(2) && c.body(1) <= c.usualBody(1) && c.top(1) < c.top(2) && c.bottom(1) > c.bottom(2);
  const isConfirmed = c.isWhite(2) ? c.isBlack(0) && c.close(0) < c.open(2) : c.isWhite(0) && c.close(0) > c.open(2);
  return signed(isHarami && isConfirmed, -100 * c.colour(2));
}

function threeOutside(c: CandleWindow): number {
  if (c.colour(1) === c.colour(2)) return 0;
  if (c.isWhite(1)) return signed(c.close(1) > c.open(2) && c.open(1) < c.close(2) && c.close(0) > c.close(1), 100);
  return signed(c.open(1) > c.close(2) && c.close(1) < c.open(2) && c.close(0) < c.close(1), -100);
}

export const THREE_CANDLE_PATTERNS: readonly CandlePattern[] = [
  {
    name: 'twoCrows',
    taLibName: 'CDL2CROWS',
    description: 'Long white, then a black gapping up, then a black from its body into the first: bearish',
    warmupBars: WARMUP,
    detect: (c) => {
      const isFirstCrow = c.isWhite(2) && c.hasLongBody(2) && c.isBlack(1) && c.bodyGapsUp(1, 2);
      const opensInSecond = c.isBlack(0) && c.open(0) < c.open(1) && c.open(0) > c.close(1);
      return signed(isFirstCrow && opensInSecond && c.close(0) > c.open(2) && c.close(0) < c.close(2), -100);
    },
  },
  {
    name: 'upsideGapTwoCrows',
    taLibName: 'CDLUPSIDEGAP2CROWS',
    description: 'Long white, then a short black gapping up, then a black that engulfs it above the first close: bearish',
    warmupBars: WARMUP,
    detect: (c) => {
      const isFirstCrow = c.isWhite(2) && c.hasLongBody(2) && c.isBlack(1) && c.body(1) <= c.usualBody(1) && c.bodyGapsUp(1, 2);
      return signed(isFirstCrow && c.isBlack(0) && c.open(0) > c.open(1) && c.close(0) < c.close(1) && c.close(0) > c.close(2), -100);
    },
  },
  { name: 'threeInside', taLibName: 'CDL3INSIDE', description: 'Harami confirmed by the third close', warmupBars: WARMUP, detect: threeInside },
  { name: 'threeOutside', taLibName: 'CDL3OUTSIDE', description: 'Engulfing confirmed by the third close', warmupBars: 3, detect: threeOutside },
  {
    name: 'threeStarsInTheSouth',
    taLibName: 'CDL3STARSINSOUTH',
    description: 'Three ever smaller black candles, each holding the low before',
    warmupBars: WARMUP,
    detect: (c) => signed(isThreeStarsInTheSouth(c), 100),
  },
  {
    name: 'threeWhiteSoldiers',
    taLibName: 'CDL3WHITESOLDIERS',
    description: 'Three full white candles, each opening in and closing above the one before',
    warmupBars: WARMUP,
    detect: (c) => signed(isThreeWhiteSoldiers(c), 100),
  },
  {
    name: 'identicalThreeCrows',
    taLibName: 'CDLIDENTICAL3CROWS',
    description: 'Three black candles, each from the close before: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(isIdenticalThreeCrows(c), -100),
  },
  {
    name: 'advanceBlock',
    taLibName: 'CDLADVANCEBLOCK',
    description: 'Three rising white candles that tire: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(isAdvanceBlock(c), -100),
  },
  {
    name: 'stalledPattern',
    taLibName: 'CDLSTALLEDPATTERN',
    description: 'Two long white candles, then a short one at their top: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(isStalled(c), -100),
  },
  {
    name: 'abandonedBaby',
    taLibName: 'CDLABANDONEDBABY',
    description: 'Doji with open gaps on both sides between a long candle and its opposite',
    warmupBars: WARMUP,
    penetration: 0.3,
    detect: abandonedBaby,
  },
  {
    name: 'eveningStar',
    taLibName: 'CDLEVENINGSTAR',
    description: 'Long white, a short body gapping up, a full black deep into the first: bearish',
    warmupBars: WARMUP,
    penetration: 0.3,
    detect: (c, penetration) => signed(c.body(1) <= c.usualBody(1) && isEvening(c, penetration), -100),
  },
  {
    name: 'eveningDojiStar',
    taLibName: 'CDLEVENINGDOJISTAR',
    description: 'Evening star whose star is a doji: bearish',
    warmupBars: WARMUP,
    penetration: 0.3,
    detect: (c, penetration) => signed(c.isDoji(1) && isEvening(c, penetration), -100),
  },
  {
    name: 'morningStar',
    taLibName: 'CDLMORNINGSTAR',
    description: 'Long black, a short body gapping down, a full white deep into the first',
    warmupBars: WARMUP,
    penetration: 0.3,
    detect: (c, penetration) => signed(c.body(1) <= c.usualBody(1) && isMorning(c, penetration), 100),
  },
  {
    name: 'morningDojiStar',
    taLibName: 'CDLMORNINGDOJISTAR',
    description: 'Morning star whose star is a doji',
    warmupBars: WARMUP,
    penetration: 0.3,
    detect: (c, penetration) => signed(c.isDoji(1) && isMorning(c, penetration), 100),
  },
  { name: 'tristar', taLibName: 'CDLTRISTAR', description: 'Three doji, the middle one gapping away', warmupBars: WARMUP, detect: tristar },
  {
    name: 'gapSideBySideWhite',
    taLibName: 'CDLGAPSIDESIDEWHITE',
    description: 'Two alike white candles side by side after a gap; the sign is the gap',
    warmupBars: DISTANCE_BARS + 2,
    detect: gapSideBySideWhite,
  },
  {
    name: 'stickSandwich',
    taLibName: 'CDLSTICKSANDWICH',
    description: 'White candle between two black ones with equal closes',
    warmupBars: DISTANCE_BARS + 2,
    detect: (c) => signed(c.isBlack(2) && c.isWhite(1) && c.isBlack(0) && c.low(1) > c.close(2) && isWithin(c.close(0), c.close(2), c.equal(2)), 100),
  },
  {
    name: 'tasukiGap',
    taLibName: 'CDLTASUKIGAP',
    description: 'Gap in a trend, then an opposite candle that does not close it',
    warmupBars: DISTANCE_BARS + 2,
    detect: tasukiGap,
  },
  {
    name: 'uniqueThreeRiver',
    taLibName: 'CDLUNIQUE3RIVER',
    description: 'Long black, a black within it with a new low, a short white above that low',
    warmupBars: WARMUP,
    detect: (c) => {
      const isHarami = c.hasLongBody(2) && c.isBlack(2) && c.isBlack(1) && c.close(1) > c.close(2) && c.open(1) <= c.open(2);
      return signed(isHarami && c.low(1) < c.low(2) && c.hasShortBody(0) && c.isWhite(0) && c.open(0) > c.low(1), 100);
    },
  },
  {
    name: 'gapThreeMethods',
    taLibName: 'CDLXSIDEGAP3METHODS',
    description: 'Gap between two candles of one colour, closed by an opposite one; in their direction',
    warmupBars: 2,
    detect: gapThreeMethods,
  },
];
