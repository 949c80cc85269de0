import { Sma } from '../indicators/sma.ts';

/**
 * Order-flow imbalance of the best quotes. Each update contributes
 *   e = [bid ≥ bid′]·bidQty − [bid ≤ bid′]·bidQty′ − [ask ≤ ask′]·askQty + [ask ≥ ask′]·askQty′   (′ = before),
 * in base currency, positive = buyers press; `update` gives the sum over the last `window` contributions. NaN until there are so many.
 * R. Cont, A. Kukanov, S. Stoikov, 2014, equation (4).
 */
export class OrderFlowImbalance {
  private readonly window: number;
  private contributions: Sma;
  private bid = Number.NaN;
  private bidQty = Number.NaN;
  private ask = Number.NaN;
  private askQty = Number.NaN;

  constructor(window = 1) {
    this.window = window;
    this.contributions = new Sma(window);
  }

  /** Prices and quantities of the best bid and ask after a change of the book. */
  update(bid: number, bidQty: number, ask: number, askQty: number): number {
    const isFirst = Number.isNaN(this.bid);
    let contribution = 0;
    if (bid >= this.bid) contribution += bidQty;
    if (bid <= this.bid) contribution -= this.bidQty;
    if (ask <= this.ask) contribution -= askQty;
    if (ask >= this.ask) contribution += this.askQty;
    this.bid = bid;
    this.bidQty = bidQty;
    this.ask = ask;
    this.askQty = askQty;
    return isFirst ? Number.NaN : this.contributions.update(contribution) * this.window;
  }

  /** The book was lost: nothing is known of what changed meanwhile. */
  reset(): void {
    this.bid = Number.NaN;
    this.contributions = new Sma(this.window);
  }

  snapshot(): unknown {
    const last = Number.isNaN(this.bid) ? null : [this.bid, this.bidQty, this.ask, this.askQty];
    return { last, contributions: this.contributions.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { last: number[] | null; contributions: unknown };
    [this.bid, this.bidQty, this.ask, this.askQty] = (saved.last ?? Array(4).fill(Number.NaN)) as [number, number, number, number];
    this.contributions.restore(saved.contributions);
  }
}
