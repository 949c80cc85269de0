import { DEPTH_ASK, DEPTH_BID, type EventColumns, EventColumnsBuilder, LAST_OF_BATCH, TRADE_BUY, TRADE_SELL } from '../core/market/event-columns.ts';
import { Rng } from '../core/random.ts';

const START_TICKS = 1_000_000;
const START_MS = 1_700_000_000_000;
const LEVELS = 400;

/**
 * A generated market of depth updates and trades: about one message in eight a trade, the others of one to five levels, most within ten
 * ticks of the touch, a third of them removals; the touch takes a tick now and then, and never stays crossed.
 */
export function syntheticDepth(length: number): EventColumns {
  const rng = new Rng('depth');
  const builder = new EventColumnsBuilder(length + LEVELS * 2);
  let timeMs = START_MS;
  let bid = START_TICKS;
  for (let n = 0; n < LEVELS; n++) builder.push(DEPTH_BID, bid - n, 10 + rng.int(90), timeMs);
  for (let n = 0; n < LEVELS; n++) builder.push(DEPTH_ASK, bid + 1 + n, 10 + rng.int(90), timeMs);
  builder.endBatch();
  const away = () => (rng.int(4) === 0 ? rng.int(LEVELS) : rng.int(10));
  while (builder.length < length) {
    timeMs += rng.int(20) / 2;
    const chance = rng.int(8);
    if (chance === 0) {
      const isBuy = rng.int(2) === 0;
      builder.push((isBuy ? TRADE_BUY : TRADE_SELL) | LAST_OF_BATCH, isBuy ? bid + 1 : bid, 1 + rng.int(40), timeMs);
      continue;
    }
    if (chance === 1) {
      // The touch moves one tick: one side's best goes, the other follows.
      if (rng.int(2) === 0) {
        builder.push(DEPTH_ASK, bid + 1, 0, timeMs);
        builder.push(DEPTH_BID, ++bid, 1 + rng.int(60), timeMs);
        builder.push(DEPTH_ASK, bid + 1, 1 + rng.int(60), timeMs);
      } else {
        builder.push(DEPTH_BID, bid, 0, timeMs);
        builder.push(DEPTH_ASK, bid--, 1 + rng.int(60), timeMs);
        builder.push(DEPTH_BID, bid, 1 + rng.int(60), timeMs);
      }
    } else {
      const rows = 1 + rng.int(5);
      for (let row = 0; row < rows; row++) {
        const distance = away();
        const qty = distance > 0 && rng.int(3) === 0 ? 0 : 1 + rng.int(100);
        if (rng.int(2) === 0) builder.push(DEPTH_BID, bid - distance, qty, timeMs);
        else builder.push(DEPTH_ASK, bid + 1 + distance, qty, timeMs);
      }
    }
    builder.endBatch();
  }
  return cut(builder.columns(), length);
}

/** Generated trades: a random walk of one tick a step. */
export function syntheticTrades(length: number): EventColumns {
  const rng = new Rng('trades');
  const builder = new EventColumnsBuilder(length);
  let timeMs = START_MS;
  let priceTicks = START_TICKS;
  for (let i = 0; i < length; i++) {
    timeMs += rng.int(20) / 2;
    const isBuy = rng.int(2) === 0;
    priceTicks += isBuy ? 1 : -1;
    builder.push((isBuy ? TRADE_BUY : TRADE_SELL) | LAST_OF_BATCH, priceTicks, 1 + rng.int(40), timeMs);
  }
  return builder.columns();
}

function cut(columns: EventColumns, length: number): EventColumns {
  return {
    length,
    eventTimeMs: columns.eventTimeMs.subarray(0, length),
    receivedTimeMs: columns.receivedTimeMs.subarray(0, length),
    kind: columns.kind.subarray(0, length),
    priceTicks: columns.priceTicks.subarray(0, length),
    qtyLots: columns.qtyLots.subarray(0, length),
  };
}
