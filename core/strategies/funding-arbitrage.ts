import type { FundingEvent, Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { Window } from '../indicators/window.ts';
import { legsOf } from './legs.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

const BPS = 10_000;
const YEAR_MS = 365 * 86_400_000;

/**
 * Earns the funding of a perpetual without its price: long the spot, the first leg, and short the perpetual, the second, in equal worth.
 * Entered while the mean of the last `rates` funding rates, a year of them, is at least `entryBps`, and the perpetual stands no more than
 * `maxBasisBps` from the spot, since that gap is given back; left below `exitBps`. Funding that was paid for is what entered it: a rate is read
 * when it is settled.
 */
class FundingArbitrage implements Strategy {
  private readonly names: readonly InstrumentName[];
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly rates: Window;
  private isOn = false;

  constructor(parameters: Readonly<Record<string, number>>, names: readonly InstrumentName[]) {
    this.parameters = parameters;
    this.names = names;
    this.rates = new Window(parameters.rates!);
  }

  onFunding(funding: FundingEvent): void {
    if (funding.instrument === this.names[1]) this.rates.push(funding.rate);
  }

  onBars([spot, perpetual]: readonly Ohlcv[], out: StrategyOutput): void {
    if (!this.rates.isFull) return;
    const { rates, intervalHours, entryBps, exitBps, maxBasisBps } = this.parameters;
    const yearlyBps = ((this.rates.sum() / rates!) * BPS * YEAR_MS) / (intervalHours! * 3_600_000);
    const basisBps = (perpetual!.close / spot!.close - 1) * BPS;
    const isOn = this.isOn ? yearlyBps >= exitBps! : yearlyBps >= entryBps! && Math.abs(basisBps) <= maxBasisBps!;
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    const why = { rule: isOn ? 'funding pays' : 'funding no longer pays', yearlyBps, basisBps };
    out.target(isOn ? 1 : 0, why, this.names[0]!);
    out.target(isOn ? -1 : 0, why, this.names[1]!);
  }

  snapshot(): unknown {
    return { isOn: this.isOn, rates: this.rates.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isOn: boolean; rates: number[] };
    this.isOn = saved.isOn;
    this.rates.restore(saved.rates);
  }
}

export const fundingArbitrage: StrategyDefinition = {
  type: 'funding-arbitrage',
  codeVersion: 1,
  description: 'Long spot, short perpetual while funding pays',
  scope: 'group',
  legs: [2, 2],
  needsShort: true,
  parameters: {
    rates: { default: 9, min: 1, max: 1_000, integer: true, description: 'funding rates that are averaged' },
    intervalHours: { default: 8, min: 0.1, max: 24, description: 'hours from one funding to the next' },
    entryBps: { default: 1_000, min: -10_000, max: 100_000, description: 'mean funding of a year at which it is entered, basis points' },
    exitBps: { default: 300, min: -10_000, max: 100_000, description: 'mean funding of a year below which it is left, basis points' },
    maxBasisBps: { default: 50, min: 1, max: 10_000, description: 'perpetual over spot, either way, beyond which it is not entered, basis points' },
  },
  warmupBars: () => 1,
  create: (parameters, _instrument, instruments) => new FundingArbitrage(parameters, legsOf('funding-arbitrage', instruments, 2)),
};
