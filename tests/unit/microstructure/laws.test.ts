import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlippageControl } from '../../../core/execution/slippage-control.ts';
import type { BookLevels } from '../../../core/market/book.ts';
import type { Side } from '../../../core/market/events.ts';
import { Amihud } from '../../../core/microstructure/amihud.ts';
import { CorwinSchultz } from '../../../core/microstructure/corwin-schultz.ts';
import { ImpactModel } from '../../../core/microstructure/impact-model.ts';
import { InformationBarBuilder } from '../../../core/microstructure/information-bars.ts';
import { RollingKyleLambda } from '../../../core/microstructure/kyle-lambda.ts';
import { LiquidityForecast } from '../../../core/microstructure/liquidity-forecast.ts';
import { LiquidityProfile } from '../../../core/microstructure/liquidity-profile.ts';
import { LiquidityScore } from '../../../core/microstructure/liquidity-score.ts';
import { OrderBookAnalyzer } from '../../../core/microstructure/order-book-analyzer.ts';
import { OrderFlowImbalance } from '../../../core/microstructure/order-flow-imbalance.ts';
import { RollSpread } from '../../../core/microstructure/roll-spread.ts';
import { SpreadAnalysis } from '../../../core/microstructure/spread.ts';
import { TickDataAnalyzer } from '../../../core/microstructure/tick-data-analyzer.ts';
import { TickRule } from '../../../core/microstructure/tick-rule.ts';
import { TimedTradeFlowImbalance, TradeFlowImbalance } from '../../../core/microstructure/trade-flow-imbalance.ts';
import { RollingBulkClassifier, Vpin } from '../../../core/microstructure/vpin.ts';

/** A moment of a market: a book and a trade in it. */
interface Moment {
  readonly timeMs: number;
  readonly book: BookLevels;
  readonly price: number;
  readonly qty: number;
  readonly side: Side;
}

interface Stateful {
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** A streaming measure: how to make one, feed it a moment, and what is seen of it then. */
interface Subject<T extends Stateful> {
  readonly create: () => T;
  readonly see: (measure: T, moment: Moment) => unknown;
}

function subject<T extends Stateful>(create: () => T, see: (measure: T, moment: Moment) => unknown): Subject<Stateful> {
  return { create, see: (measure, moment) => see(measure as T, moment) };
}

const signOf = (side: Side) => (side === 'buy' ? 1 : -1);
const TICK_DATA = { bucketVolume: 3, vpinWindow: 4, toxicityWindow: 3, flowWindow: 5, shortMs: 500, longMs: 4_000, burstScore: 3 };

const SUBJECTS: Record<string, Subject<Stateful>> = {
  OrderFlowImbalance: subject(
    () => new OrderFlowImbalance(3),
    (flow, { book: { bids, asks } }) => flow.update(bids[0]![0], bids[0]![1], asks[0]![0], asks[0]![1]),
  ),
  TradeFlowImbalance: subject(
    () => new TradeFlowImbalance(4),
    (flow, { qty, side }) => flow.update(qty, signOf(side)),
  ),
  TimedTradeFlowImbalance: subject(
    () => new TimedTradeFlowImbalance(2_000),
    (flow, { timeMs, qty, side }) => [flow.update(timeMs, qty, signOf(side)), flow.forming()],
  ),
  TickRule: subject(
    () => new TickRule(),
    (rule, { price }) => rule.update(price),
  ),
  InformationBarBuilder: subject(
    () => new InformationBarBuilder('volume', 5),
    (bars, { price, qty }) => bars.update(price, qty),
  ),
  Vpin: subject(
    () => new Vpin(2.5, 4),
    (vpin, { qty, side }) => [vpin.update(qty, side === 'buy' ? 1 : 0), vpin.value],
  ),
  RollingBulkClassifier: subject(
    () => new RollingBulkClassifier(4),
    (classifier, { price }) => classifier.update(price),
  ),
  RollingKyleLambda: subject(
    () => new RollingKyleLambda(5),
    (lambda, { price, qty, side }) => lambda.update(price, qty * signOf(side)),
  ),
  Amihud: subject(
    () => new Amihud(4),
    (measure, { price, qty }) => [measure.update(price, qty), measure.bars],
  ),
  RollSpread: subject(
    () => new RollSpread(5),
    (roll, { price }) => [roll.update(price), roll.autocovariance],
  ),
  CorwinSchultz: subject(
    () => new CorwinSchultz(),
    (measure, { price, qty }) => measure.update(price + qty, price),
  ),
  SpreadAnalysis: subject(
    () => new SpreadAnalysis({ horizonMs: 1_500, halfLifeMs: 5_000 }),
    (spread, { timeMs, book: { bids, asks }, price, qty, side }) => {
      spread.onQuote(timeMs, bids[0]![0], asks[0]![0]);
      spread.onTrade(timeMs, price, qty, side);
      return [spread.quotedBps, spread.effectiveBps, spread.realisedBps, spread.impactBps];
    },
  ),
  LiquidityScore: subject(
    () => new LiquidityScore({ window: 5, depthBps: 100 }),
    (score, { book }) => [score.sample(book), score.spreadRank, score.depthRank, score.resilience],
  ),
  LiquidityProfile: subject(
    () => new LiquidityProfile(),
    (profile, { timeMs, qty }) => {
      profile.observe(timeMs * 1_000, { spreadBps: qty, depth: qty + 1, volume: qty, volatility: 0 });
      return [profile.expectedAt(timeMs * 1_000, 'volume'), profile.expectedAt(timeMs * 1_000, 'depth')];
    },
  ),
  LiquidityForecast: subject(
    () => new LiquidityForecast({ horizonMs: 1_000, levels: 3, halfLifeSamples: 5, referenceQtys: [1, 3] }),
    (forecast, { timeMs, book }) => {
      forecast.onBook(timeMs, book);
      return [forecast.decayPerSecond, forecast.errors, forecast.forecast(book, 'buy', 2)];
    },
  ),
  ImpactModel: subject(
    () => new ImpactModel('mix'),
    (model, { qty, price }) => {
      for (let i = 1; i <= 4; i++) model.observe(qty / (100 + i), price / 1_000);
      return [model.fit(), model.predict(0.01), model.rejected];
    },
  ),
  OrderBookAnalyzer: subject(
    () =>
      new OrderBookAnalyzer({ depths: [1, 3], decay: 0.5, flowWindow: 3, depthBps: 100, scoreWindow: 4, sampleMs: 1_000, horizonMs: 1_500, halfLifeMs: 9_000 }),
    (analyzer, { timeMs, book, price, qty, side }) => {
      analyzer.onBook(timeMs, book);
      analyzer.onTrade(timeMs, price, qty, side);
      return analyzer.features;
    },
  ),
  TickDataAnalyzer: subject(
    () => new TickDataAnalyzer(TICK_DATA),
    (analyzer, { timeMs, price, qty, side }) => {
      analyzer.onTrade(timeMs, price, qty, side);
      return analyzer.features;
    },
  ),
  SlippageControl: subject(
    () => new SlippageControl(undefined, 30),
    (control, { price, qty }) => {
      for (let i = 0; i < 3; i++) control.record(qty * 10 + i, price / 4);
      return [control.errorShare, control.isReliable, control.surprises, control.judge(qty)];
    },
  ),
};

const level = fc.record({ step: fc.integer({ min: 1, max: 3 }), qty: fc.integer({ min: 1, max: 9 }) });
const ladder = (mid: number, levels: readonly { step: number; qty: number }[], direction: 1 | -1) => {
  let price = mid;
  return levels.map(({ step, qty }) => {
    price += direction * step;
    return [price, qty] as const;
  });
};
const moments = fc
  .array(
    fc.record({
      waitMs: fc.integer({ min: 0, max: 2_500 }),
      move: fc.integer({ min: -2, max: 2 }),
      bids: fc.array(level, { minLength: 3, maxLength: 3 }),
      asks: fc.array(level, { minLength: 3, maxLength: 3 }),
      qty: fc.constantFrom(0, 0.5, 1, 2, 7),
      side: fc.constantFrom<Side>('buy', 'sell'),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let timeMs = 1_000_000;
    let mid = 200;
    return steps.map(({ waitMs, move, bids, asks, qty, side }): Moment => {
      timeMs += waitMs;
      mid += move;
      const book = { bids: ladder(mid, bids, -1), asks: ladder(mid, asks, 1) };
      return { timeMs, book, price: side === 'buy' ? book.asks[0]![0] : book.bids[0]![0], qty, side };
    });
  });

/** Paths and values; null where nothing is defined yet. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe.each(Object.entries(SUBJECTS))('%s', (_name, { create, see }) => {
  const feed = (measure: Stateful, history: readonly Moment[]) => history.map((moment) => plain({ seen: see(measure, moment) }));

  it('goes on from a snapshot through JSON as if nothing had happened', () => {
    fc.assert(
      fc.property(moments, fc.nat(), (history, cut) => {
        const at = cut % history.length;
        const first = create();
        feed(first, history.slice(0, at));
        const second = create();
        second.restore(plain(first.snapshot()));
        expect(feed(second, history.slice(at))).toEqual(feed(first, history.slice(at)));
        expect(plain(second.snapshot())).toEqual(plain(first.snapshot()));
      }),
      { numRuns: 25 },
    );
  });

  it('knows nothing of the future: a prefix gives the same', () => {
    fc.assert(
      fc.property(moments, fc.nat(), (history, cut) => {
        const length = 1 + (cut % history.length);
        expect(feed(create(), history.slice(0, length))).toEqual(feed(create(), history).slice(0, length));
      }),
      { numRuns: 15 },
    );
  });

  it('is defined in the end: the laws are about something', () => {
    const history = Array.from({ length: 60 }, (_, i): Moment => {
      const mid = 200 + ((i * 7) % 11) - ((i * 5) % 7);
      const book: BookLevels = {
        bids: [
          [mid - 1, 1 + (i % 4)],
          [mid - 2, 5],
          [mid - 3, 20],
        ],
        asks: [
          [mid + 1 + (i % 2), 2 + (i % 3)],
          [mid + 3, 5],
          [mid + 4, 20],
        ],
      };
      const side = i % 3 === 0 ? 'sell' : 'buy';
      return { timeMs: 1_000_000 + i * 700, book, price: side === 'buy' ? book.asks[0]![0] : book.bids[0]![0], qty: 1 + (i % 3), side };
    });
    const defined = new Set<string>();
    const all = new Set<string>();
    for (const seen of feed(create(), history)) {
      for (const [path, value] of leaves(seen)) {
        all.add(path);
        if (value !== null) defined.add(path);
      }
    }
    expect([...all].filter((path) => !defined.has(path) && ![...all].some((other) => other.startsWith(`${path}.`)))).toEqual([]);
  });
});
