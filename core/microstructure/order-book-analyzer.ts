import type { BookLevels } from '../market/book.ts';
import type { Side } from '../market/events.ts';
import { imbalanceByDepth, weightedBookImbalance } from './book-imbalance.ts';
import { LiquidityScore } from './liquidity-score.ts';
import { microprice, midPrice } from './microprice.ts';
import { OrderFlowImbalance } from './order-flow-imbalance.ts';
import { quotedSpreadBps, SpreadAnalysis } from './spread.ts';

export interface OrderBookAnalyzerOptions {
  /** Depths, in levels, at which imbalance is measured. */
  readonly depths: readonly number[];
  /** Decay by level of the weighted imbalance over the deepest of them. */
  readonly decay: number;
  /** Book changes of the order-flow imbalance. */
  readonly flowWindow: number;
  /** How far from the mid depth counts in the liquidity score, and its history: `scoreWindow` samples, one each `sampleMs`. */
  readonly depthBps: number;
  readonly scoreWindow: number;
  readonly sampleMs: number;
  /** Of the realised spread, and of the fading of mean spreads. */
  readonly horizonMs: number;
  readonly halfLifeMs: number;
}

/** NaN for what is not defined now: a side is empty, or during warm-up. */
export interface BookFeatures {
  readonly mid: number;
  readonly microprice: number;
  /** Now; bps of the mid. */
  readonly spreadBps: number;
  /** Means of the spread analysis, bps. */
  readonly quotedSpreadBps: number;
  readonly effectiveSpreadBps: number;
  readonly realisedSpreadBps: number;
  readonly priceImpactBps: number;
  /** In the order of `depths`, each in [−1, 1]. */
  readonly imbalances: readonly number[];
  readonly weightedImbalance: number;
  /** Base currency. */
  readonly orderFlowImbalance: number;
  /** In [0, 100]. */
  readonly liquidityScore: number;
}

/** Everything that is told of one instrument's book, live, under names: spreads, imbalances, order flow and the liquidity score. */
export class OrderBookAnalyzer {
  private readonly options: OrderBookAnalyzerOptions;
  private readonly spread: SpreadAnalysis;
  private readonly flow: OrderFlowImbalance;
  private readonly score: LiquidityScore;
  private book: BookLevels = { bids: [], asks: [] };
  private orderFlow = Number.NaN;
  private nextSampleMs = Number.NEGATIVE_INFINITY;

  constructor(options: OrderBookAnalyzerOptions) {
    const { horizonMs, halfLifeMs, flowWindow, scoreWindow, depthBps } = options;
    this.options = options;
    this.spread = new SpreadAnalysis({ horizonMs, halfLifeMs });
    this.flow = new OrderFlowImbalance(flowWindow);
    this.score = new LiquidityScore({ window: scoreWindow, depthBps });
  }

  /** A book with an empty side shows nothing and counts as a gap. */
  onBook(timeMs: number, book: BookLevels): void {
    const [bid, ask] = [book.bids[0], book.asks[0]];
    if (!bid || !ask) {
      this.onGap(timeMs);
      return;
    }
    this.book = book;
    this.spread.onQuote(timeMs, bid[0], ask[0]);
    this.orderFlow = this.flow.update(bid[0], bid[1], ask[0], ask[1]);
    if (timeMs < this.nextSampleMs) return;
    this.nextSampleMs = timeMs + this.options.sampleMs;
    this.score.sample(book);
  }

  onTrade(timeMs: number, price: number, qty: number, takerSide: Side): void {
    this.spread.onTrade(timeMs, price, qty, takerSide);
  }

  /** The book was lost: features of the moment are undefined until it is back; order flow begins anew. */
  onGap(timeMs: number): void {
    this.spread.onGap(timeMs);
    this.flow.reset();
    this.orderFlow = Number.NaN;
    this.book = { bids: [], asks: [] };
  }

  get features(): BookFeatures {
    const { book, spread, options } = this;
    return {
      mid: midPrice(book) ?? Number.NaN,
      microprice: microprice(book) ?? Number.NaN,
      spreadBps: quotedSpreadBps(book) ?? Number.NaN,
      quotedSpreadBps: spread.quotedBps,
      effectiveSpreadBps: spread.effectiveBps,
      realisedSpreadBps: spread.realisedBps,
      priceImpactBps: spread.impactBps,
      imbalances: imbalanceByDepth(book, options.depths).map((imbalance) => imbalance ?? Number.NaN),
      weightedImbalance: weightedBookImbalance(book, Math.max(...options.depths), options.decay) ?? Number.NaN,
      orderFlowImbalance: this.orderFlow,
      liquidityScore: this.score.score,
    };
  }

  snapshot(): unknown {
    const { book, orderFlow, nextSampleMs } = this;
    const moment = [orderFlow, nextSampleMs].map((value) => (Number.isFinite(value) ? value : null));
    return { book, moment, spread: this.spread.snapshot(), flow: this.flow.snapshot(), score: this.score.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { book: BookLevels; moment: (number | null)[]; spread: unknown; flow: unknown; score: unknown };
    this.book = saved.book;
    this.orderFlow = saved.moment[0] ?? Number.NaN;
    this.nextSampleMs = saved.moment[1] ?? Number.NEGATIVE_INFINITY;
    this.spread.restore(saved.spread);
    this.flow.restore(saved.flow);
    this.score.restore(saved.score);
  }
}
