import { TouchstoneError } from '../errors.ts';

/** What is counted: trades, base currency, or quote currency. */
export type InformationBarKind = 'tick' | 'volume' | 'dollar';

export interface InformationBar {
  /** Counted from the builder's first trade; both included. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base currency. */
  readonly volume: number;
  /** NaN when nothing of quantity was traded. */
  readonly vwap: number;
}

interface FormingBar {
  firstIndex: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  notional: number;
  /** What is counted towards the threshold. */
  amount: number;
}

/**
 * Bars of equal information instead of equal time: one closes with the trade that brings what is counted to the threshold, whole, and
 * the count begins again at 0. M. López de Prado, Advances in Financial Machine Learning, 2018, section 2.3.1.
 * @throws TouchstoneError BAD_PARAMETER unless the threshold is above 0
 */
export class InformationBarBuilder {
  private readonly kind: InformationBarKind;
  private readonly threshold: number;
  private index = 0;
  private forming: FormingBar | undefined;

  constructor(kind: InformationBarKind, threshold: number) {
    if (!(threshold > 0)) throw new TouchstoneError('BAD_PARAMETER', `information bars: threshold is ${threshold}; want a number above 0`);
    this.kind = kind;
    this.threshold = threshold;
  }

  /** The bar that this trade closes, or undefined. */
  update(price: number, qty: number): InformationBar | undefined {
    const bar = this.forming ?? { firstIndex: this.index, open: price, high: price, low: price, close: price, volume: 0, notional: 0, amount: 0 };
    this.forming = bar;
    bar.high = Math.max(bar.high, price);
    bar.low = Math.min(bar.low, price);
    bar.close = price;
    bar.volume += qty;
    bar.notional += price * qty;
    bar.amount += this.kind === 'tick' ? 1 : this.kind === 'volume' ? qty : price * qty;
    const lastIndex = this.index++;
    if (bar.amount < this.threshold) return undefined;
    this.forming = undefined;
    const { firstIndex, open, high, low, close, volume } = bar;
    return { firstIndex, lastIndex, open, high, low, close, volume, vwap: volume > 0 ? bar.notional / volume : Number.NaN };
  }

  snapshot(): unknown {
    return { index: this.index, forming: this.forming ? { ...this.forming } : null };
  }

  restore(state: unknown): void {
    const saved = state as { index: number; forming: FormingBar | null };
    this.index = saved.index;
    this.forming = saved.forming ? { ...saved.forming } : undefined;
  }
}
