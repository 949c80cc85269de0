import { closeLocation } from './ad.ts';
import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';
import { RollingSum } from './rolling-sum.ts';

/**
 * Chaikin money flow: Σ(close location · volume)/Σ volume of the last `period` bars. In [−1, 1]; 0 where nothing was traded.
 * M. Chaikin, 1980s.
 */
export class Cmf {
  private readonly flow: RollingSum;
  private readonly volume: RollingSum;

  constructor(period: number) {
    this.flow = new RollingSum(period);
    this.volume = new RollingSum(period);
  }

  update(location: number, volume: number): number {
    const flow = this.flow.update(location * volume);
    const total = this.volume.update(volume);
    return total === 0 ? 0 : flow / total;
  }

  snapshot(): unknown {
    return { flow: this.flow.snapshot(), volume: this.volume.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { flow: unknown; volume: unknown };
    this.flow.restore(saved.flow);
    this.volume.restore(saved.volume);
  }
}

export const cmf: IndicatorDefinition = {
  name: 'cmf',
  description: 'Chaikin money flow',
  formula: 'Σ volume·((c − l) − (h − c))/(h − l) / Σ volume of the last n bars; M. Chaikin',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['cmf'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new Cmf(period!), (index, bar) => index.update(closeLocation(bar), bar.volume)),
};
