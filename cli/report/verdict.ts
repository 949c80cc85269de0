import { type Assessment, DAYS_MIN, DAYS_PER_YEAR } from '../../core/engine/assessment.ts';
import type { RunSummary } from '../../core/engine/run-metrics.ts';
import { minute, number, percent } from './format.ts';

/** What of a result the verdict is about. */
export type JudgedRun = Pick<RunSummary, 'instrument' | 'initialCashQuote' | 'liquidatedTimeMs'> & {
  readonly metrics: Pick<RunSummary['metrics'], 'trades' | 'totalReturn' | 'buyAndHoldReturn' | 'feesQuote' | 'maxDrawdown' | 'winRate' | 'turnover'>;
};

export interface Verdict {
  readonly headline: string;
  /** Whether the headline is good news, bad news or neither. */
  readonly tone: 'gain' | 'fall' | 'muted';
  readonly sentences: readonly string[];
}

/** Fewer closed trades than this are an anecdote. */
const TRADES_MIN = 30;
const CONFIDENCE = 0.95;

/** A backtest in plain words, for somebody who must decide whether it is worth another look. It never promises. */
export function verdictOf(result: JudgedRun, assessment: Assessment): Verdict {
  return { ...headlineOf(result, assessment), sentences: [...ruin(result), money(result), ...evidence(assessment), ...costs(result), ...risk(result)] };
}

function headlineOf({ metrics, liquidatedTimeMs }: JudgedRun, { sharpe, benchmark, days }: Assessment): Omit<Verdict, 'sentences'> {
  if (liquidatedTimeMs !== undefined) return { headline: 'It was liquidated and lost everything.', tone: 'fall' };
  if (metrics.turnover === 0) return { headline: 'It did not trade.', tone: 'muted' };
  if (metrics.trades === 0) return { headline: 'It closed no position: too little to judge it by.', tone: 'muted' };
  if (metrics.totalReturn <= 0) return { headline: 'It lost money.', tone: 'fall' };
  if (metrics.trades < TRADES_MIN) return { headline: `${metrics.trades} trades are too few to judge it by.`, tone: 'muted' };
  if (!sharpe) return { headline: `${days} days are too few to judge it by.`, tone: 'muted' };
  if (sharpe.probabilityAboveZero < CONFIDENCE) return { headline: 'It made money, which luck explains well enough: no evidence of skill.', tone: 'muted' };
  if (sharpe.deflated < CONFIDENCE)
    return { headline: `It looks good, as the best of ${sharpe.trials.toLocaleString('en')} tries would without any skill.`, tone: 'muted' };
  if (!benchmark?.excess || benchmark.excess.low <= 0) return { headline: 'It made money, but is not shown to be better than holding.', tone: 'muted' };
  return { headline: 'On this data it shows skill. Only data that it was not chosen on can confirm that.', tone: 'gain' };
}

function ruin({ liquidatedTimeMs }: JudgedRun): string[] {
  if (liquidatedTimeMs === undefined) return [];
  return [`In the bar of ${minute(liquidatedTimeMs)} UTC its position was closed by force, and nothing was left to trade with.`];
}

function money({ metrics, instrument }: JudgedRun): string {
  const { totalReturn, buyAndHoldReturn } = metrics;
  const against = totalReturn < buyAndHoldReturn ? 'less' : 'more';
  const held = instrument.includes(' + ') ? `${instrument} held in equal parts` : `${instrument} itself`;
  return `It ${moved(totalReturn)}; ${held} ${moved(buyAndHoldReturn)}, so it made ${percent(Math.abs(totalReturn - buyAndHoldReturn), 2)} of the first cash ${against} than holding with all of it.`;
}

function moved(value: number): string {
  return value < 0 ? `lost ${percent(-value, 2)}` : `gained ${percent(value, 2)}`;
}

function evidence({ sharpe, benchmark, days }: Assessment): string[] {
  if (!sharpe) return [days < DAYS_MIN ? `With ${days} days of returns nothing can be said of a yearly Sharpe ratio.` : 'Its equity never moved.'];
  const span = `With 95 % confidence its yearly Sharpe ratio lies between ${number(sharpe.low)} and ${number(sharpe.high)}`;
  const meaning = sharpe.low > 0 ? 'above 0' : sharpe.high < 0 ? 'below 0: it loses by more than chance' : 'which holds 0, so chance alone could have done it';
  const sentences = [`${span}, ${meaning}.`];
  if (sharpe.daysNeeded !== undefined && sharpe.daysNeeded > days) {
    sentences.push(
      `As good as it was, it would take ${Math.ceil(sharpe.daysNeeded).toLocaleString('en')} days to tell it from chance; there are ${days.toLocaleString('en')}.`,
    );
  }
  if (benchmark?.excess) {
    const { low, high } = benchmark.excess;
    const word = low > 0 ? 'better than' : high < 0 ? 'worse than' : 'not to be told from';
    sentences.push(`Day by day it was ${word} holding (${percent(low / DAYS_PER_YEAR, 2)} to ${percent(high / DAYS_PER_YEAR, 2)} a day, 95 % confidence).`);
  }
  return sentences;
}

function costs({ metrics, initialCashQuote, liquidatedTimeMs }: JudgedRun): string[] {
  const share = metrics.feesQuote / initialCashQuote;
  // What a liquidation takes is no price of trading.
  if (!(share > 0.001) || liquidatedTimeMs !== undefined) return [];
  const before = metrics.totalReturn + share;
  return [`Fees took ${percent(share, 2)} of the first cash; without them it would have ${moved(before)}.`];
}

function risk({ metrics }: JudgedRun): string[] {
  return metrics.trades === 0
    ? []
    : [
        `At worst it stood ${percent(-metrics.maxDrawdown, 2)} below an earlier high, and it won ${percent(metrics.winRate, 0)} of ${metrics.trades.toLocaleString('en')} trades.`,
      ];
}
