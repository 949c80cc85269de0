import { avellanedaStoikov } from '../execution/avellaneda-stoikov.ts';
import type { BookEvent } from '../market/events.ts';
import type { Quote, Strategy, StrategyDefinition, StrategyFill, StrategyOutput } from './strategy.ts';

const BPS = 10_000;

/**
 * Makes a market around the mid as Avellaneda and Stoikov do (`core/execution/avellaneda-stoikov.ts`), in units that hold for any price:
 * distances in basis points of the mid, inventory in quotes of `quoteQty` away from `targetQty`, σ in basis points per √second, measured from
 * the mid with a half-life of `halfLifeMs`. The horizon T − t is constant: the market has no closing time.
 * In a storm the model moves far away; no quote stands farther from the mid than `maxDistanceBps`.
 *
 * Inventory is what fills said; on spot nothing is offered that is not held, and no more is bid than `maxQty` allows. A new quote set is said
 * when a quote moved by `requoteBps`, when the sizes changed, and every `refreshMs`, since a set that is not said again goes.
 */
class MarketMaking implements Strategy {
  private readonly parameters: Readonly<Record<string, number>>;
  private inventory = 0;
  private lastTimeMs = -1;
  private lastMid = 0;
  /** Bps² per second; NaN before the second mid. */
  private variance = Number.NaN;
  private saidTimeMs = -1;
  private said: readonly Quote[] = [];

  constructor(parameters: Readonly<Record<string, number>>) {
    this.parameters = parameters;
  }

  onBook(book: BookEvent, out: StrategyOutput): void {
    const bestBid = book.bids[0]?.[0];
    const bestAsk = book.asks[0]?.[0];
    if (bestBid === undefined || bestAsk === undefined) return;
    const mid = (bestBid + bestAsk) / 2;
    this.measure(mid, book.eventTimeMs);
    if (Number.isNaN(this.variance)) return;
    const { gamma, arrivalDecay, horizonSeconds, quoteQty, targetQty, minSpreadBps, maxDistanceBps } = this.parameters;
    const sigma = Math.sqrt(this.variance);
    const inventory = (this.inventory - targetQty!) / quoteQty!;
    const { reservationPrice, spread } = avellanedaStoikov({ mid: 0, inventory, gamma: gamma!, sigma, k: arrivalDecay!, timeLeft: horizonSeconds! });
    const half = Math.max(spread, minSpreadBps!) / 2;
    const near = (distanceBps: number) => mid * (1 + Math.max(-maxDistanceBps!, Math.min(maxDistanceBps!, distanceBps)) / BPS);
    const bid = near(reservationPrice - half);
    const ask = near(reservationPrice + half);
    // A maker's quote never crosses: where the model would, it joins the best of its own side.
    const quotes = this.sized(bid < bestAsk ? bid : bestBid, ask > bestBid ? ask : bestAsk);
    if (!this.isNews(quotes, mid, book.eventTimeMs)) return;
    this.said = quotes;
    this.saidTimeMs = book.eventTimeMs;
    out.quotes(quotes, {
      rule: 'Avellaneda-Stoikov',
      mid,
      inventoryQty: this.inventory,
      sigmaBps: sigma,
      reservationBps: reservationPrice,
      spreadBps: 2 * half,
    });
  }

  onFill(fill: StrategyFill): void {
    this.inventory += fill.side === 'buy' ? fill.qty : -fill.qty;
    // Float noise must not leave a sliver that is offered for ever.
    if (Math.abs(this.inventory) < 1e-9 * this.parameters.quoteQty!) this.inventory = 0;
  }

  /** Variance of the mid: the mean of squared moves and that of the seconds they took, one over the other, both fading alike. */
  private measure(mid: number, timeMs: number): void {
    if (this.lastTimeMs < 0) {
      this.lastTimeMs = timeMs;
      this.lastMid = mid;
      return;
    }
    const elapsedMs = timeMs - this.lastTimeMs;
    if (elapsedMs <= 0) return;
    const move = (Math.log(mid / this.lastMid) * BPS) ** 2 / (elapsedMs / 1_000);
    const kept = 0.5 ** (elapsedMs / this.parameters.halfLifeMs!);
    this.variance = Number.isNaN(this.variance) ? move : kept * this.variance + (1 - kept) * move;
    this.lastTimeMs = timeMs;
    this.lastMid = mid;
  }

  private sized(bid: number, ask: number): Quote[] {
    const { quoteQty, maxQty } = this.parameters;
    const buys = Math.min(quoteQty!, maxQty! - this.inventory);
    const sells = Math.min(quoteQty!, this.inventory);
    const quotes: Quote[] = [];
    if (buys > 0) quotes.push({ side: 'buy', price: bid, qty: buys });
    if (sells > 0) quotes.push({ side: 'sell', price: ask, qty: sells });
    return quotes;
  }

  private isNews(quotes: readonly Quote[], mid: number, timeMs: number): boolean {
    const { refreshMs, requoteBps } = this.parameters;
    if (this.saidTimeMs < 0 || timeMs - this.saidTimeMs >= refreshMs!) return true;
    if (quotes.length !== this.said.length) return true;
    return quotes.some((quote, i) => {
      const said = this.said[i]!;
      return quote.side !== said.side || quote.qty !== said.qty || Math.abs(quote.price - said.price) >= (mid * requoteBps!) / BPS;
    });
  }

  snapshot(): unknown {
    const { inventory, lastTimeMs, lastMid, variance, saidTimeMs, said } = this;
    return { inventory, lastTimeMs, lastMid, variance: Number.isNaN(variance) ? null : variance, saidTimeMs, said };
  }

  restore(state: unknown): void {
    const saved = state as { inventory: number; lastTimeMs: number; lastMid: number; variance: number | null; saidTimeMs: number; said: Quote[] };
    this.inventory = saved.inventory;
    this.lastTimeMs = saved.lastTimeMs;
    this.lastMid = saved.lastMid;
    this.variance = saved.variance ?? Number.NaN;
    this.saidTimeMs = saved.saidTimeMs;
    this.said = saved.said;
  }
}

export const marketMaking: StrategyDefinition = {
  type: 'market-making',
  codeVersion: 1,
  description: 'Quotes both sides of the mid with inventory control (Avellaneda-Stoikov)',
  parameters: {
    gamma: { default: 0.02, min: 1e-6, max: 10, description: 'risk aversion, per basis point and lot of inventory' },
    arrivalDecay: { default: 0.5, min: 0.001, max: 100, description: 'decay of the arrival of takers, per basis point of distance' },
    horizonSeconds: { default: 60, min: 0.1, max: 86_400, description: 'time over which inventory is a risk' },
    halfLifeMs: { default: 30_000, min: 100, max: 3_600_000, description: 'half-life of the measured volatility, event time' },
    quoteQty: { default: 0.001, min: 1e-8, max: 1e9, description: 'size of a quote, base currency' },
    targetQty: { default: 0.002, min: 0, max: 1e9, description: 'inventory that is neutral, base currency' },
    maxQty: { default: 0.005, min: 1e-8, max: 1e9, description: 'inventory beyond which nothing is bid, base currency' },
    minSpreadBps: { default: 1, min: 0, max: 1_000, description: 'narrowest full spread, basis points: twice the maker fee and more' },
    maxDistanceBps: { default: 200, min: 1, max: 5_000, description: 'farthest a quote stands from the mid, basis points' },
    requoteBps: { default: 0.5, min: 0.01, max: 100, description: 'move of a quote that makes it be said anew, basis points' },
    refreshMs: { default: 2_000, min: 100, max: 600_000, description: 'a standing set is said again after so long; less than maxAgeMs' },
  },
  isQuoting: true,
  warmupBars: () => 1,
  create: (parameters) => new MarketMaking(parameters),
};
