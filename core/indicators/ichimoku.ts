import { type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';
import { Donchian } from './donchian.ts';
import { Window } from './window.ts';

/**
 * Ichimoku Kinko Hyo (G. Hosoda, 1969). `tenkan` and `kijun` are halfway between the highest high and the lowest low of so many bars. The cloud is drawn
 * `kijun` − 1 bars ahead: `senkouA`, the mean of both, and `senkouB`, the middle of the last `senkou` bars, at bar t are those computed at bar t − (kijun − 1).
 * So all four at t are known at t; the cloud over the coming bars, which a chart draws, is of no use to a backtest and not given. Nor is the lagging
 * span, the close drawn backwards: it is the close.
 */
export class Ichimoku {
  tenkan = Number.NaN;
  kijun = Number.NaN;
  senkouA = Number.NaN;
  senkouB = Number.NaN;
  private readonly fast: Donchian;
  private readonly base: Donchian;
  private readonly slow: Donchian;
  private readonly delayA: Window;
  private readonly delayB: Window;

  constructor(tenkan: number, kijun: number, senkou: number) {
    this.fast = new Donchian(tenkan);
    this.base = new Donchian(kijun);
    this.slow = new Donchian(senkou);
    this.delayA = new Window(kijun - 1);
    this.delayB = new Window(kijun - 1);
  }

  update(high: number, low: number): void {
    this.fast.update(high, low);
    this.base.update(high, low);
    this.slow.update(high, low);
    this.tenkan = this.fast.middle;
    this.kijun = this.base.middle;
    const spanA = (this.tenkan + this.kijun) / 2;
    const spanB = this.slow.middle;
    if (!Number.isNaN(spanA)) this.senkouA = this.delayA.push(spanA);
    if (!Number.isNaN(spanB)) this.senkouB = this.delayB.push(spanB);
  }

  /** State without the last outputs, which come again with the next update. */
  snapshot(): unknown {
    return {
      channels: [this.fast.snapshot(), this.base.snapshot(), this.slow.snapshot()],
      delays: [this.delayA.snapshot(), this.delayB.snapshot()],
    };
  }

  restore(state: unknown): void {
    const saved = state as { channels: unknown[]; delays: number[][] };
    this.fast.restore(saved.channels[0]);
    this.base.restore(saved.channels[1]);
    this.slow.restore(saved.channels[2]);
    this.delayA.restore(saved.delays[0]!);
    this.delayB.restore(saved.delays[1]!);
  }
}

export const ichimoku: IndicatorDefinition = {
  name: 'ichimoku',
  description: 'Ichimoku lines and the cloud as known at the bar',
  formula: '(highest high + lowest low)/2 of tenkan, kijun and senkou bars; the cloud as of kijun − 1 bars ago; G. Hosoda, 1969',
  parameters: { tenkan: { ...PERIOD, default: 9 }, kijun: { ...PERIOD, default: 26, min: 2 }, senkou: { ...PERIOD, default: 52 } },
  outputs: ['tenkan', 'kijun', 'senkouA', 'senkouB'],
  neutral: 'close',
  warmupBars: ({ tenkan, kijun, senkou }) => Math.max(tenkan!, kijun!, senkou!) - 1 + (kijun! - 1),
  create: ({ tenkan, kijun, senkou }) =>
    onBars(new Ichimoku(tenkan!, kijun!, senkou!), 4, (cloud, bar, values) => {
      cloud.update(bar.high, bar.low);
      values[0] = cloud.tenkan;
      values[1] = cloud.kijun;
      values[2] = cloud.senkouA;
      values[3] = cloud.senkouB;
    }),
};
