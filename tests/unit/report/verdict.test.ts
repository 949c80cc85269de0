import { describe, expect, it } from 'vitest';
import { type JudgedRun, verdictOf } from '../../../cli/report/verdict.ts';
import { assessRun } from '../../../core/engine/assessment.ts';
import { Rng } from '../../../core/random.ts';

const DAY_MS = 86_400_000;

/** A year of days with the given mean and deviation, and a market that goes nowhere with the same deviation. */
function run(options: { days?: number; mean: number; deviation?: number; trades?: number; trials?: number; fees?: number; turnover?: number }) {
  const { days = 365, mean, deviation = 0.01, trades = 200, trials, fees = 0, turnover = 1 } = options;
  const rng = new Rng('verdict');
  const curve = (drift: number) => {
    // Antithetic pairs, so that the mean is what it should be.
    const shocks = Array.from({ length: Math.ceil(days / 2) }, () => rng.normal() * deviation).flatMap((shock) => [shock, -shock]);
    let worth = 10_000;
    return Float64Array.from({ length: days }, (_, i) => (worth *= 1 + drift + shocks[i]!));
  };
  const [equity, benchmark] = [curve(mean), curve(0)];
  const timesMs = Float64Array.from({ length: days }, (_, i) => i * DAY_MS);
  const assessment = assessRun({ timesMs, equity, initialCashQuote: 10_000, benchmark, benchmarkInitial: 10_000 }, trials);
  const judged: JudgedRun = {
    instrument: 'sim:BTC/USDT',
    initialCashQuote: 10_000,
    metrics: {
      trades,
      totalReturn: equity.at(-1)! / 10_000 - 1,
      buyAndHoldReturn: benchmark.at(-1)! / 10_000 - 1,
      feesQuote: fees,
      maxDrawdown: -0.1234,
      winRate: 0.5,
      turnover,
    },
  };
  return { assessment, verdict: verdictOf(judged, assessment) };
}

describe('the verdict', () => {
  it.each<[what: string, options: Parameters<typeof run>[0], headline: RegExp, tone: string]>([
    ['a loss', { mean: -0.001 }, /^It lost money\.$/, 'fall'],
    ['no trade', { mean: 0, trades: 0, turnover: 0 }, /^It did not trade\.$/, 'muted'],
    ['a position that is still open', { mean: 0.001, trades: 0 }, /^It closed no position/, 'muted'],
    ['few trades', { mean: 0.002, trades: 12 }, /^12 trades are too few/, 'muted'],
    ['few days', { mean: 0.002, days: 15 }, /^15 days are too few/, 'muted'],
    ['a small gain among large moves', { mean: 0.0003 }, /luck explains well enough/, 'muted'],
    ['a fair gain', { mean: 0.002 }, /^On this data it shows skill\./, 'gain'],
    ['the same gain, the best of many tries', { mean: 0.002, trials: 100_000 }, /^It looks good, as the best of 100,000 tries would/, 'muted'],
  ])('of %s', (_, options, headline, tone) => {
    const { verdict } = run(options);
    expect(verdict.headline).toMatch(headline);
    expect(verdict.tone).toBe(tone);
    expect(verdict.sentences.join(' ')).not.toMatch(/NaN|undefined|Infinity|-/);
  });

  it('says how many days would tell, as the closed form does', () => {
    const { verdict, assessment } = run({ mean: 0.0003 });
    const { daysNeeded } = assessment.sharpe!;
    // Of normal returns: 1 + (1 + SR²/2)(z₀.₉₅/SR)², Bailey and López de Prado (2012); what is drawn here is nearly normal.
    const sharpe = assessment.sharpe!.value / Math.sqrt(365);
    expect(daysNeeded! / (1 + (1 + sharpe ** 2 / 2) * (1.644_853_6 / sharpe) ** 2)).toBeCloseTo(1, 1);
    expect(verdict.sentences.join(' ')).toContain(`it would take ${Math.ceil(daysNeeded!).toLocaleString('en')} days to tell it from chance; there are 365.`);
  });

  it('names the fees where they matter, and what was left without them', () => {
    const { verdict } = run({ mean: 0.002, fees: 5_000 });
    expect(verdict.sentences.join(' ')).toContain('Fees took 50.00 % of the first cash');
    expect(run({ mean: 0.002, fees: 5 }).verdict.sentences.join(' ')).not.toContain('Fees');
  });
});
