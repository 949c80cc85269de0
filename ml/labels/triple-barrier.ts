/** Barriers around the price at an event, in units of the volatility then. Plain JSON: the label's specification, kept with the model. */
export interface TripleBarrierSpec {
  /** Profit barrier in multiples of volatility; 0 = none. */
  readonly profitMultiple: number;
  /** Stop barrier in multiples of volatility; 0 = none. */
  readonly stopMultiple: number;
  /** Bars until the vertical barrier. */
  readonly horizonBars: number;
  /** 1 bets on a rise, −1 on a fall; returns are signed by it. */
  readonly side: 1 | -1;
}

export interface BarrierTouch {
  /** Index of the bar at which the bet is made, at its close. */
  readonly event: number;
  /** Index of the bar whose close ended it: the last bar the label has seen. */
  readonly touch: number;
  readonly barrier: 'profit' | 'stop' | 'vertical';
  /** Simple return of the bet, close to close. */
  readonly return: number;
  /** 1 profit, −1 stop, 0 neither in time. */
  readonly label: 1 | -1 | 0;
}

/**
 * Which barrier is hit first (Lopez de Prado, AFML chapter 3). Closes only: what happens inside a bar is not known to have an order. A barrier is
 * hit by a return strictly beyond it. An event too near the end has its vertical barrier at the last bar; callers that train leave such events out.
 */
export function tripleBarrier(close: ArrayLike<number>, volatility: ArrayLike<number>, events: Iterable<number>, spec: TripleBarrierSpec): BarrierTouch[] {
  const touches: BarrierTouch[] = [];
  for (const event of events) {
    const width = volatility[event]!;
    const profit = spec.profitMultiple > 0 ? spec.profitMultiple * width : Number.POSITIVE_INFINITY;
    const stop = spec.stopMultiple > 0 ? -spec.stopMultiple * width : Number.NEGATIVE_INFINITY;
    const last = Math.min(event + spec.horizonBars, close.length - 1);
    const betReturn = (bar: number) => spec.side * (close[bar]! / close[event]! - 1);
    let touch = event + 1;
    while (touch < last && betReturn(touch) <= profit && betReturn(touch) >= stop) touch++;
    touch = Math.min(touch, last);
    const result = betReturn(touch);
    const barrier = result > profit ? 'profit' : result < stop ? 'stop' : 'vertical';
    touches.push({ event, touch, barrier, return: result, label: barrier === 'profit' ? 1 : barrier === 'stop' ? -1 : 0 });
  }
  return touches;
}
