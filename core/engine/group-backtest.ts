import { TouchstoneError } from '../errors.ts';
import { parseRules } from '../execution/round.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import type { BarColumns } from '../market/bars.ts';
import { decimalToNumber } from '../market/decimal.ts';
import { INTERVAL_MS } from '../market/events.ts';
import type { Instrument } from '../market/instrument.ts';
import { GroupTracker } from '../strategies/group-tracker.ts';
import { definitionOf } from '../strategies/registry.ts';
import { strategyVersion } from '../strategies/runner.ts';
import type { StrategyConfig } from '../strategies/strategy.ts';
import { toTick } from './bar-orders.ts';
import { FillLog } from './fill-log.ts';
import type { FundingPayment } from './funding.ts';
import { exactLedger } from './round-trips.ts';
import { runMetrics, type RunSummary } from './run-metrics.ts';

/** One instrument of a group, with its history. */
export interface GroupLeg {
  readonly instrument: Instrument;
  readonly bars: BarColumns;
  readonly takerFeeBps: number;
  /** Of a perpetual, oldest first: at each time a long position pays `rate` of its worth, and a short one is paid it. */
  readonly funding?: readonly { readonly timeMs: number; readonly rate: number }[];
}

export interface GroupBacktestConfig {
  readonly strategy: StrategyConfig;
  /** In the order of the strategy's instruments. */
  readonly legs: readonly GroupLeg[];
  readonly slippageBps: number;
  readonly initialCashQuote: number;
}

export interface GroupBacktestResult extends RunSummary {
  /** One a leg. */
  readonly fills: readonly FillLog[];
  /** Size of a fill's lot, base currency, one a leg. */
  readonly lotSizes: readonly number[];
  /** Every open time at which some leg has a bar, and the equity after it, quote currency. */
  readonly timesMs: Float64Array;
  readonly equity: Float64Array;
  /** What 1 became that was put into all legs in equal parts at their first opens; one each time. */
  readonly holding: Float64Array;
}

interface Lane {
  readonly leg: GroupLeg;
  readonly fills: FillLog;
  readonly lotSize: number;
  readonly tickSize: number;
  /** Next bar and next funding that were not seen yet. */
  barAt: number;
  fundingAt: number;
  lots: number;
  readonly funding: FundingPayment[];
  /** Lots to buy (above 0) or sell at the leg's next open. */
  pendingLots: number;
  lastClose: number;
}

/**
 * A strategy of several instruments over closed bars, on one account: a fold through the tracker that trades live. What is wanted at a close is
 * traded at the leg's next open, worsened by the slippage. Positions may be below 0: the account is one of margin, and what a short costs
 * is its funding; on spot a strategy that never wants less than nothing is held as it would be there. Money is floats; there is no limit on
 * risk and no liquidation here.
 * @throws TouchstoneError BAD_LEGS, NO_DATA, BAD_PARAMETER, UNKNOWN_STRATEGY
 */
export function runGroupBacktest(config: GroupBacktestConfig): GroupBacktestResult {
  return new GroupBacktest(config).run();
}

class GroupBacktest {
  private readonly config: GroupBacktestConfig;
  private readonly tracker: GroupTracker;
  private readonly lanes: readonly Lane[];
  private cash: number;
  private fees = 0;
  private fundingQuote = 0;
  private readonly bar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };

  constructor(config: GroupBacktestConfig) {
    const { strategy, legs } = config;
    const definition = definitionOf(strategy);
    const names = legs.map(({ instrument }) => instrument.name);
    const [least, most] = definition.legs ?? [1, Number.POSITIVE_INFINITY];
    const isMeant = names.length === strategy.instruments.length && names.every((name, i) => name === strategy.instruments[i]);
    if (definition.scope !== 'group' || names.length < least || names.length > most || !isMeant)
      throw new TouchstoneError('BAD_LEGS', `${strategy.name}: the data is of ${names.join(', ')}; the strategy trades ${strategy.instruments.join(', ')}`);
    if (legs.some(({ bars }) => bars.length < 2)) throw new TouchstoneError('NO_DATA', `${strategy.name}: a leg has no bars`);
    const parameters = resolveParameters(strategy.name, definition.parameters, strategy.parameters);
    this.config = config;
    this.tracker = new GroupTracker(definition.create(parameters, names[0]!, names), names, definition.warmupBars(parameters));
    this.cash = config.initialCashQuote;
    this.lanes = legs.map((leg) => {
      const { stepSize, tickSize } = parseRules(leg.instrument);
      const sizes = { lotSize: decimalToNumber(stepSize > 0n ? stepSize : 1n), tickSize: decimalToNumber(tickSize) };
      return { leg, fills: new FillLog(), ...sizes, barAt: 0, fundingAt: 0, lots: 0, funding: [], pendingLots: 0, lastClose: Number.NaN };
    });
  }

  run(): GroupBacktestResult {
    const times: number[] = [];
    const equity: number[] = [];
    const holding: number[] = [];
    let barsInPosition = 0;
    for (let timeMs = this.nextTime(); timeMs !== Number.POSITIVE_INFINITY; timeMs = this.nextTime()) {
      for (const lane of this.lanes) this.settleFunding(lane, timeMs);
      const present = this.lanes.filter((lane) => openTime(lane) === timeMs);
      for (const lane of present) this.fillAtOpen(lane, timeMs);
      for (const lane of present) this.readBar(lane);
      this.takeTargets();
      times.push(timeMs);
      equity.push(this.equity());
      holding.push(this.holding());
      if (this.lanes.some(({ lots }) => lots !== 0)) barsInPosition++;
    }
    return this.summarise({ timesMs: Float64Array.from(times), equity: Float64Array.from(equity), holding: Float64Array.from(holding), barsInPosition });
  }

  private summarise(run: Pick<GroupBacktestResult, 'timesMs' | 'equity' | 'holding'> & { readonly barsInPosition: number }): GroupBacktestResult {
    const { timesMs, equity, holding, barsInPosition } = run;
    const { strategy, initialCashQuote } = this.config;
    const intervalMs = INTERVAL_MS[strategy.interval];
    const toMs = timesMs.at(-1)! + intervalMs;
    const ledgers = this.lanes.map(({ fills, lotSize, funding }) => exactLedger(fills, lotSize, funding));
    const roundTrips = ledgers.flatMap((ledger) => ledger.roundTrips).sort((a, b) => a.exitTimeMs - b.exitTimeMs);
    const finalEquityQuote = equity.at(-1)!;
    return {
      strategy: strategy.name,
      type: strategy.type,
      version: strategyVersion(strategy, definitionOf(strategy)),
      instrument: this.config.legs.map(({ instrument }) => instrument.name).join(' + '),
      interval: strategy.interval,
      fromMs: timesMs[0]!,
      toMs,
      bars: timesMs.length,
      missingBars: Math.round((toMs - timesMs[0]!) / intervalMs) - timesMs.length,
      initialCashQuote,
      finalEquityQuote,
      orders: this.lanes.reduce((sum, { fills }) => sum + fills.length, 0),
      denials: {},
      metrics: runMetrics({
        equity,
        initialCashQuote,
        finalEquityQuote,
        intervalMs,
        roundTrips,
        barsInPosition,
        turnoverQuote: ledgers.reduce((sum, { turnoverQuote }) => sum + turnoverQuote, 0),
        feesQuote: this.fees,
        fundingQuote: this.fundingQuote,
        buyAndHoldReturn: holding.at(-1)! - 1,
      }),
      roundTrips,
      fills: this.lanes.map(({ fills }) => fills),
      lotSizes: this.lanes.map(({ lotSize }) => lotSize),
      timesMs,
      equity,
      holding,
    };
  }

  private nextTime(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) next = Math.min(next, openTime(lane));
    return next;
  }

  /** Funding up to a bar's open falls on what was held before that open's fills. */
  private settleFunding(lane: Lane, timeMs: number): void {
    const { funding = [], instrument } = lane.leg;
    for (; lane.fundingAt < funding.length && funding[lane.fundingAt]!.timeMs <= timeMs; lane.fundingAt++) {
      const { timeMs: eventTimeMs, rate } = funding[lane.fundingAt]!;
      const paid = lane.lots === 0 ? 0 : lane.lots * lane.lotSize * lane.lastClose * rate;
      const settlement = { timeMs: eventTimeMs, signedLots: lane.lots, markPrice: lane.lastClose, rate, receivedQuote: -paid };
      if (lane.lots !== 0) lane.funding.push({ ...settlement, fillsBefore: lane.fills.length });
      this.cash -= paid;
      this.fundingQuote -= paid;
      this.tracker.onFunding({
        type: 'funding',
        id: `${instrument.name} ${eventTimeMs}`,
        instrument: instrument.name,
        eventTimeMs,
        receivedTimeMs: eventTimeMs,
        rate,
      });
    }
  }

  private fillAtOpen(lane: Lane, timeMs: number): void {
    const { pendingLots, tickSize, lotSize, leg } = lane;
    if (pendingLots === 0) return;
    lane.pendingLots = 0;
    const slippage = (Math.sign(pendingLots) * this.config.slippageBps) / 10_000;
    const price = toTick(leg.bars.open[lane.barAt]! * (1 + slippage), tickSize, pendingLots > 0 ? Math.ceil : Math.floor, pendingLots > 0 ? -1e-9 : 1e-9);
    const notional = pendingLots * lotSize * price;
    const fee = (Math.abs(notional) * leg.takerFeeBps) / 10_000;
    lane.lots += pendingLots;
    this.cash -= notional + fee;
    this.fees += fee;
    lane.fills.push(timeMs, pendingLots, price, fee);
    const side = pendingLots > 0 ? 'buy' : 'sell';
    this.tracker.onFill({ instrument: leg.instrument.name, side, price, qty: Math.abs(pendingLots) * lotSize, eventTimeMs: timeMs });
  }

  private readBar(lane: Lane): void {
    const { bars } = lane.leg;
    const { bar } = this;
    const i = lane.barAt++;
    bar.openTimeMs = bars.openTimeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    lane.lastClose = bar.close;
    this.tracker.onBar(this.lanes.indexOf(lane), bar);
  }

  private takeTargets(): void {
    // As in the runner: without every leg's price some leg could not be sized, and the others would be entered alone.
    const mayEnter = this.tracker.mayEnter && this.lanes.every(({ lastClose }) => lastClose > 0);
    const size = Number(this.config.strategy.sizeQuote);
    for (const [i, lane] of this.lanes.entries()) {
      const leg = this.tracker.legs[i]!;
      if (!(lane.lastClose > 0 && leg.isDueWhen(mayEnter))) continue;
      const fraction = leg.sayable(mayEnter);
      leg.markSaid(fraction);
      const lots = Math.floor((Math.abs(fraction) * size) / lane.lastClose / lane.lotSize + 1e-9);
      lane.pendingLots = Math.sign(fraction) * lots - lane.lots;
    }
  }

  /** A leg without a bar yet is still cash. */
  private holding(): number {
    const grown = this.lanes.map(({ leg, lastClose, barAt }) => (barAt === 0 ? 1 : lastClose / leg.bars.open[0]!));
    return grown.reduce((sum, worth) => sum + worth, 0) / grown.length;
  }

  private equity(): number {
    return this.lanes.reduce((sum, { lots, lotSize, lastClose }) => (lots === 0 ? sum : sum + lots * lotSize * lastClose), this.cash);
  }
}

function openTime({ leg, barAt }: Lane): number {
  return barAt < leg.bars.length ? leg.bars.openTimeMs[barAt]! : Number.POSITIVE_INFINITY;
}
