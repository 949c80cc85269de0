import { BookLadder } from '../core/engine/book-ladder.ts';
import type { TickDesk } from '../core/engine/tick-desk.ts';
import { TickMarketMaker } from '../core/engine/tick-market-maker.ts';
import { TickReplay, type TickReplayConfig, type TickStrategy } from '../core/engine/tick-replay.ts';
import { DEPTH_BID, type EventColumns, KIND_MASK, TRADE_BUY, withFeedLatency } from '../core/market/event-columns.ts';
import { type Bench, meanCpuMs, result } from './bench.ts';
import { syntheticDepth, syntheticTrades } from './synthetic-ticks.ts';

const DEPTH_EVENTS = 6_800_000;
const TRADES = 2_000_000;

const CONFIG: TickReplayConfig = {
  slotCount: 2,
  queue: { type: 'probabilistic', shape: 'power', exponent: 3 },
  orderEntry: { type: 'constant', latencyMs: 5 },
  orderResponse: { type: 'constant', latencyMs: 5 },
};

/** The least that a replay of depth must do: the book of the venue, in the same ladder, from the same columns. */
function ladderOnly({ length, kind, priceTicks, qtyLots }: EventColumns): number {
  const { bids, asks } = new BookLadder();
  let checksum = 0;
  for (let i = 0; i < length; i++) {
    const what = kind[i]! & KIND_MASK;
    if (what >= TRADE_BUY) continue;
    if (what === DEPTH_BID) bids.set(priceTicks[i]!, qtyLots[i]!);
    else asks.set(-priceTicks[i]!, qtyLots[i]!);
    checksum += bids.best;
  }
  return checksum;
}

/** The least that the trades-only strategy must do. */
function averagesOnly({ length, priceTicks }: EventColumns): number {
  let fast = priceTicks[0]!;
  let slow = fast;
  let above = 0;
  for (let i = 0; i < length; i++) {
    fast += (2 / 13) * (priceTicks[i]! - fast);
    slow += (2 / 27) * (priceTicks[i]! - slow);
    if (fast > slow) above++;
  }
  return above;
}

/** Long or short one lot by two averages of trade prices. */
class CrossOfTrades implements TickStrategy {
  #fast = Number.NaN;
  #slow = Number.NaN;

  onTrade(_takerSide: number, priceTicks: number, _lots: number, desk: TickDesk): void {
    if (Number.isNaN(this.#fast)) {
      this.#fast = priceTicks;
      this.#slow = priceTicks;
    }
    this.#fast += (2 / 13) * (priceTicks - this.#fast);
    this.#slow += (2 / 27) * (priceTicks - this.#slow);
    desk.target(this.#fast > this.#slow ? 1 : -1);
  }

  onBatch(): void {}

  onFill(): void {}
}

function replayed(columns: EventColumns, strategy: TickStrategy): number {
  const { fills, cashTickLots } = new TickReplay(CONFIG, strategy).run(columns);
  if (fills.length < 1_000) throw new Error(`only ${fills.length} fills: this is no backtest`);
  return cashTickLots;
}

export const bench: Bench = {
  name: 'venue',
  run() {
    const rate = (events: number, ms: number) => (events / ms) * 1_000;
    const depth = withFeedLatency(syntheticDepth(DEPTH_EVENTS), () => 3);
    const ladder = {
      name: 'ladder updates alone',
      value: rate(
        DEPTH_EVENTS,
        meanCpuMs(() => ladderOnly(depth)),
      ),
    };
    const maker = () => replayed(depth, new TickMarketMaker({ halfSpreadTicks: 0.5, skewTicksPerLot: 0.05, quoteLots: 5, positionLotsMax: 50 }));
    const trades = withFeedLatency(syntheticTrades(TRADES), () => 3);
    const bare = {
      name: 'bare averages',
      value: rate(
        TRADES,
        meanCpuMs(() => averagesOnly(trades)),
      ),
    };
    const shared = { better: 'higher' as const };
    return [
      result({
        ...shared,
        name: 'venue: generated L2 + trades, queue position, order and feed latency, market making',
        unit: 'events/s',
        value: rate(DEPTH_EVENTS, meanCpuMs(maker, 2_000)),
        goal: 6e6,
        baseline: ladder,
      }),
      result({
        ...shared,
        name: 'venue: generated trades, order and feed latency, cross of averages',
        unit: 'ticks/s',
        value: rate(
          TRADES,
          meanCpuMs(() => replayed(trades, new CrossOfTrades())),
        ),
        goal: 10e6,
        baseline: bare,
      }),
    ];
  },
};
