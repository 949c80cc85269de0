import { TouchstoneError } from '../errors.ts';
import { parseRules } from '../execution/round.ts';
import { type BarColumns, barColumns } from '../market/bars.ts';
import { type Decimal, decimalToNumber, parseDecimal } from '../market/decimal.ts';
import { type BarEvent, INTERVAL_MS, type MarketEvent } from '../market/events.ts';
import type { Instrument } from '../market/instrument.ts';
import type { RiskLimits } from '../risk/decision.ts';
import { definitionOf } from '../strategies/registry.ts';
import { createStrategyRunner, strategyVersion } from '../strategies/runner.ts';
import type { StrategyConfig } from '../strategies/strategy.ts';
import { createVenue } from '../venue/matching.ts';
import { FillLog } from './fill-log.ts';
import { Replay } from './replay.ts';
import { exactLedger } from './round-trips.ts';
import { runMetrics, type RunSummary } from './run-metrics.ts';

export interface TickBacktestConfig {
  readonly strategy: StrategyConfig;
  readonly instrument: Instrument;
  readonly risk: RiskLimits;
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** From a decision to the venue. */
  readonly latencyMs: number;
  readonly initialCashQuote: number;
}

export interface TickBacktestResult extends RunSummary {
  /** Bars of the strategy's interval, as they closed. */
  readonly closed: BarColumns;
  /** After each of them, quote currency. */
  readonly equity: Float64Array;
  readonly fills: FillLog;
}

/** A price older than this is none, as for the process that trades. */
const MAX_PRICE_AGE_MS = 15_000;
/** What became of a signal that nobody refused: it was met already, or a newer one came before its turn. */
const NO_DENIAL = new Set(['NOTHING_TO_DO', 'SUPERSEDED']);

/**
 * A strategy over recorded trades and books with the bars they close: the fold that trades live (`Replay`) against the simulated venue, with queue
 * position and fees. Slow beside bars, and true where a bar hides what happened within it.
 * @param events in order, with the bars of the strategy's interval among them (`withBars`)
 * @throws TouchstoneError NO_DATA, BAD_PARAMETER, UNKNOWN_STRATEGY, BAD_LEGS
 */
export function runTickBacktest(config: TickBacktestConfig, events: Iterable<MarketEvent>): TickBacktestResult {
  const { strategy, instrument, risk, initialCashQuote, makerFeeBps, takerFeeBps, latencyMs } = config;
  const [base, quote] = instrument.name.split(':')[1]!.split('/') as [string, string];
  const cash = String(initialCashQuote);
  const runner = createStrategyRunner(strategy, definitionOf(strategy), [instrument]);
  const venue = createVenue({ instruments: [instrument.name], makerFeeBps, takerFeeBps, latencyMs, balances: { [quote]: cash, [base]: '0' } });
  const replay = new Replay([runner], venue, {
    account: strategy.account,
    quoteCurrency: quote,
    instruments: [instrument],
    limits: risk,
    timeInForce: 'IOC',
    maxPriceAgeMs: MAX_PRICE_AGE_MS,
    initialCashQuote: cash,
  });
  const { stepSize } = parseRules(instrument);
  const bars: BarEvent[] = [];
  const equity: number[] = [];
  let barsInPosition = 0;
  for (const event of events) {
    replay.process(event);
    if (event.type !== 'bar' || event.interval !== strategy.interval) continue;
    bars.push(event);
    equity.push(decimalToNumber(replay.equity()));
    if (replay.position(instrument.name).qty >= stepSize) barsInPosition++;
  }
  if (bars.length < 2)
    throw new TouchstoneError('NO_DATA', `${strategy.name}: the recording closes ${bars.length} bars of ${strategy.interval}; want at least 2`);
  return summarise(config, { replay, bars, equity: Float64Array.from(equity), barsInPosition });
}

function summarise(
  { strategy, instrument, initialCashQuote }: TickBacktestConfig,
  run: { readonly replay: Replay; readonly bars: readonly BarEvent[]; readonly equity: Float64Array; readonly barsInPosition: number },
): TickBacktestResult {
  const { replay, bars, equity, barsInPosition } = run;
  const { fills, orders, decisions } = replay.result();
  const { stepSize } = parseRules(instrument);
  const log = fillLogOf(fills, stepSize);
  const ledger = exactLedger(log, decimalToNumber(1n));
  const intervalMs = INTERVAL_MS[strategy.interval];
  const [first, last] = [bars[0]!, bars.at(-1)!];
  const toMs = last.openTimeMs + intervalMs;
  const denials: Record<string, number> = {};
  for (const { code } of decisions) if (code !== undefined && !NO_DENIAL.has(code)) denials[code] = (denials[code] ?? 0) + 1;
  const finalEquityQuote = equity.at(-1)!;
  return {
    strategy: strategy.name,
    type: strategy.type,
    version: strategyVersion(strategy, definitionOf(strategy)),
    instrument: instrument.name,
    interval: strategy.interval,
    fromMs: first.openTimeMs,
    toMs,
    bars: bars.length,
    missingBars: Math.round((toMs - first.openTimeMs) / intervalMs) - bars.length,
    initialCashQuote,
    finalEquityQuote,
    orders: orders.length,
    denials,
    metrics: runMetrics({
      equity,
      initialCashQuote,
      finalEquityQuote,
      intervalMs,
      roundTrips: ledger.roundTrips,
      barsInPosition,
      turnoverQuote: ledger.turnoverQuote,
      feesQuote: ledger.feesQuote,
      fundingQuote: 0,
      buyAndHoldReturn: last.close / first.close - 1,
    }),
    roundTrips: ledger.roundTrips,
    closed: barColumns(bars),
    equity,
    fills: log,
  };
}

type VenueFills = ReturnType<Replay['result']>['fills'];

/**
 * Fills in units of the smallest decimal, fees in quote currency. A spot venue takes the fee of a buy in coins: what is left of it is the fill, and the
 * fee its worth. So a position is never sold to the last unit; a rest below one step counts as sold with the last sale.
 */
function fillLogOf(fills: VenueFills, stepSize: Decimal): FillLog {
  const log = new FillLog();
  let held = 0n;
  for (const { side, qty, price, commission, commissionAsset, instrument, eventTimeMs } of fills) {
    const isInCoins = instrument.includes(`:${commissionAsset}/`);
    const traded = parseDecimal(qty);
    const fee = Number(commission) * (isInCoins ? Number(price) : 1);
    if (side === 'buy') {
      const got = traded - (isInCoins ? parseDecimal(commission) : 0n);
      held += got;
      log.push(eventTimeMs, Number(got), Number(price), fee);
      continue;
    }
    const isLast = held - traded < stepSize;
    const sold = isLast ? held : traded;
    held -= sold;
    if (sold > 0n) log.push(eventTimeMs, -Number(sold), Number(price), fee);
  }
  return log;
}
