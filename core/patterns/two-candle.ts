import { BODY_BARS, type CandlePattern, DISTANCE_BARS, isWithin, signed } from './candle-pattern.ts';
import type { CandleWindow } from './candle-window.ts';

const WARMUP = BODY_BARS + 1;

/** A long black candle, then a white one that opens under its low. */
function opensUnderLongBlack(c: CandleWindow): boolean {
  return c.isBlack(1) && c.hasLongBody(1) && c.isWhite(0) && c.open(0) < c.low(1);
}

/** The newest body within the one before it: 100, or 80 when an end is shared; against the first one's colour. */
function contained(c: CandleWindow): number {
  if (c.top(0) < c.top(1) && c.bottom(0) > c.bottom(1)) return -100 * c.colour(1);
  if (c.top(0) <= c.top(1) && c.bottom(0) >= c.bottom(1)) return -80 * c.colour(1);
  return 0;
}

function isEngulfing(c: CandleWindow): boolean {
  if (c.colour(0) === c.colour(1)) return false;
  const above = c.top(0) - c.top(1);
  const below = c.bottom(1) - c.bottom(0);
  return above >= 0 && below >= 0 && (above > 0 || below > 0);
}

function isMarubozu(c: CandleWindow, ago: number): boolean {
  return c.hasLongBody(ago) && c.hasNoUpperShadow(ago) && c.hasNoLowerShadow(ago);
}

/** Two marubozu of opposite colour with a gap between them, away from the first. */
function isKicking(c: CandleWindow): boolean {
  if (c.colour(0) === c.colour(1) || !isMarubozu(c, 1) || !isMarubozu(c, 0)) return false;
  return c.isBlack(1) ? c.gapsUp(0, 1) : c.gapsDown(0, 1);
}

export const TWO_CANDLE_PATTERNS: readonly CandlePattern[] = [
  {
    name: 'engulfing',
    taLibName: 'CDLENGULFING',
    description: 'Body that covers the opposite one before it; 80 when one pair of ends is equal',
    warmupBars: 2,
    detect: (c) => signed(isEngulfing(c), (c.open(0) !== c.close(1) && c.close(0) !== c.open(1) ? 100 : 80) * c.colour(0)),
  },
  {
    name: 'harami',
    taLibName: 'CDLHARAMI',
    description: 'Short body within the long one before it, against its colour; 80 when an end is shared',
    warmupBars: WARMUP,
    detect: (c) => signed(c.hasLongBody(1) && c.body(0) <= c.usualBody(0), contained(c)),
  },
  {
    name: 'haramiCross',
    taLibName: 'CDLHARAMICROSS',
    description: 'Doji within the long body before it, against its colour; 80 when an end is shared',
    warmupBars: WARMUP,
    detect: (c) => signed(c.hasLongBody(1) && c.isDoji(0), contained(c)),
  },
  {
    name: 'darkCloudCover',
    taLibName: 'CDLDARKCLOUDCOVER',
    description: 'Black candle from above the high of a long white one deep into its body: bearish',
    warmupBars: WARMUP,
    penetration: 0.5,
    detect: (c, penetration) => {
      const isDeep = c.close(0) > c.open(1) && c.close(0) < c.close(1) - c.body(1) * penetration;
      return signed(c.isWhite(1) && c.hasLongBody(1) && c.isBlack(0) && c.open(0) > c.high(1) && isDeep, -100);
    },
  },
  {
    name: 'piercing',
    taLibName: 'CDLPIERCING',
    description: 'Long white candle from under the low of a long black one past the middle of its body',
    warmupBars: WARMUP,
    detect: (c) => signed(opensUnderLongBlack(c) && c.hasLongBody(0) && c.close(0) < c.open(1) && c.close(0) > c.close(1) + c.body(1) * 0.5, 100),
  },
  {
    name: 'inNeck',
    taLibName: 'CDLINNECK',
    description: 'White candle from under the low of a long black one up to just its close: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(opensUnderLongBlack(c) && c.close(0) <= c.close(1) + c.equal(1) && c.close(0) >= c.close(1), -100),
  },
  {
    name: 'onNeck',
    taLibName: 'CDLONNECK',
    description: 'White candle from under the low of a long black one up to just its low: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(opensUnderLongBlack(c) && isWithin(c.close(0), c.low(1), c.equal(1)), -100),
  },
  {
    name: 'thrusting',
    taLibName: 'CDLTHRUSTING',
    description: 'White candle from under the low of a long black one into the lower half of its body: bearish',
    warmupBars: WARMUP,
    detect: (c) => signed(opensUnderLongBlack(c) && c.close(0) > c.close(1) + c.equal(1) && c.close(0) <= c.close(1) + c.body(1) * 0.5, -100),
  },
  {
    name: 'dojiStar',
    taLibName: 'CDLDOJISTAR',
    description: 'Doji that gaps away from a long body in its direction; against that direction',
    warmupBars: WARMUP,
    detect: (c) => signed(c.hasLongBody(1) && c.isDoji(0) && (c.isWhite(1) ? c.bodyGapsUp(0, 1) : c.bodyGapsDown(0, 1)), -100 * c.colour(1)),
  },
  {
    name: 'counterattack',
    taLibName: 'CDLCOUNTERATTACK',
    description: 'Two long candles of opposite colour with equal closes; the sign is the second colour',
    warmupBars: WARMUP,
    detect: (c) => {
      const areLongOpposites = c.colour(1) === -c.colour(0) && c.hasLongBody(1) && c.hasLongBody(0);
      return signed(areLongOpposites && isWithin(c.close(0), c.close(1), c.equal(1)), 100 * c.colour(0));
    },
  },
  {
    name: 'separatingLines',
    taLibName: 'CDLSEPARATINGLINES',
    description: 'Belt hold from the open of the opposite candle before it; the sign is its colour',
    warmupBars: WARMUP,
    detect: (c) => {
      const opensEqual = c.colour(1) === -c.colour(0) && isWithin(c.open(0), c.open(1), c.equal(1));
      return signed(opensEqual && c.hasLongBody(0) && (c.isWhite(0) ? c.hasNoLowerShadow(0) : c.hasNoUpperShadow(0)), 100 * c.colour(0));
    },
  },
  {
    name: 'homingPigeon',
    taLibName: 'CDLHOMINGPIGEON',
    description: 'Short black body within a long black one',
    warmupBars: WARMUP,
    detect: (c) => {
      const isInside = c.open(0) < c.open(1) && c.close(0) > c.close(1);
      return signed(c.isBlack(1) && c.isBlack(0) && c.hasLongBody(1) && c.body(0) <= c.usualBody(0) && isInside, 100);
    },
  },
  {
    name: 'matchingLow',
    taLibName: 'CDLMATCHINGLOW',
    description: 'Two black candles with equal closes',
    warmupBars: DISTANCE_BARS + 1,
    detect: (c) => signed(c.isBlack(1) && c.isBlack(0) && isWithin(c.close(0), c.close(1), c.equal(1)), 100),
  },
  {
    name: 'kicking',
    taLibName: 'CDLKICKING',
    description: 'Two opposite marubozu with a gap between; the sign is the second colour',
    warmupBars: WARMUP,
    detect: (c) => signed(isKicking(c), 100 * c.colour(0)),
  },
  {
    name: 'kickingByLength',
    taLibName: 'CDLKICKINGBYLENGTH',
    description: 'Two opposite marubozu with a gap between; the sign is the colour of the longer',
    warmupBars: WARMUP,
    detect: (c) => signed(isKicking(c), 100 * c.colour(c.body(0) > c.body(1) ? 0 : 1)),
  },
];
