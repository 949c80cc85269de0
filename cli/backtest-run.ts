import { runBacktest } from '../core/engine/backtest.ts';
import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import { assessRun } from '../core/engine/assessment.ts';
import { eventsRead } from '../core/engine/analyse-stand-ins.ts';
import { type Evidence, gatherEvidence } from '../core/engine/evidence.ts';
import { runGroupBacktest } from '../core/engine/group-backtest.ts';
import type { BarMargin } from '../core/engine/bar-margin.ts';
import { bracketIntrabar } from '../core/engine/intrabar.ts';
import { runTickBacktest } from '../core/engine/tick-backtest.ts';
import { TouchstoneError } from '../core/errors.ts';
import { assumedRules } from '../core/market/assumed-rules.ts';
import { withBars } from '../core/market/bar-builder.ts';
import { type BarColumns, barColumns } from '../core/market/bars.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import { definitionOf, strategyParameters } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import { type ReportedRun, reportedBacktest } from './report/backtest-report.ts';
import { money, plain } from './report/format.ts';
import {
  assumptionsOf,
  cashOption,
  dataDirOption,
  EVENT_WORDS,
  executionOptions,
  type HistoryOptions,
  intervalOption,
  limitsOf,
  marginOption,
  marketOption,
  numberOption,
  rangeOption,
  type ResearchDeps,
  type TradingOptions,
} from './research-options.ts';

export interface RunOptions extends HistoryOptions, TradingOptions {
  readonly ticks?: boolean;
  readonly latencyMs: string;
}

/** A finished run with what it rests on. */
export interface FinishedRun {
  readonly run: ReportedRun;
  readonly assumptions: readonly string[];
  /** Reruns it on worse worlds and other parameters; only bars can be rerun so. */
  gatherEvidence?(trials: number, axes: readonly string[] | undefined): Evidence;
}

/** A venue of perpetuals by its name, e.g. `binance-usdm`. */
const isDerivative = (instrument: InstrumentName) => /-(usdm|coinm|linear|perp)$/.test(parseInstrument(instrument).venue);

/**
 * Runs a configured strategy on what it needs: bars of one instrument, bars of each leg of a group, or recorded trades and books for those that
 * read them (and for any with `--ticks`).
 * @throws TouchstoneError BAD_OPTION, NO_DATA, and what the engines throw
 */
export async function runConfigured(configured: StrategyConfig, options: RunOptions, deps: ResearchDeps): Promise<FinishedRun> {
  const definition = definitionOf(configured);
  if (definition.scope === 'group' && (definition.legs?.[0] ?? 1) > 1) {
    if (options.instrument !== undefined)
      throw new TouchstoneError(
        'BAD_OPTION',
        `${configured.name} trades ${configured.instruments.join(' and ')} together; --instrument is for strategies of one`,
      );
    return onGroup({ ...configured, interval: intervalOption(options.interval) ?? configured.interval }, options, deps);
  }
  const strategy = onOneInstrument(configured, options);
  const [instrument] = strategy.instruments as [InstrumentName];
  const probe = definition.create(strategyParameters(strategy), instrument, [instrument]);
  const read = eventsRead(probe);
  const needsTicks = read.includes('book') || (read.includes('trade') && probe.onBar === undefined);
  if (options.ticks || needsTicks) return onTicks(strategy, options, deps);
  const finished = await onBars(strategy, options, deps);
  const missing = read.map((type) => EVENT_WORDS[type]).join(', ');
  return missing === ''
    ? finished
    : { ...finished, assumptions: [...finished.assumptions, `${strategy.name} also reads ${missing}; bars hold none of them, so it decided without.`] };
}

/** A run on bars of one instrument, read and configured. @throws TouchstoneError BAD_OPTION, NO_DATA */
export async function readBarRun(
  configured: StrategyConfig,
  options: HistoryOptions & TradingOptions,
  deps: ResearchDeps,
): Promise<{ readonly config: BarEngineConfig; readonly bars: BarColumns; readonly assumptions: readonly string[] }> {
  const dataDir = dataDirOption(options, deps);
  const { fromMs, toMs } = rangeOption(options);
  const market = marketOption(options);
  const margin = marginOption(options);
  const strategy = onOneInstrument(configured, options);
  const [instrument] = strategy.instruments as [InstrumentName];
  const bars = await deps.readBars(dataDir, instrument, strategy.interval, fromMs, toMs);
  const rates = market === 'perpetual' ? await deps.readFunding(dataDir, instrument) : [];
  const config: BarEngineConfig = {
    strategy,
    instrument: assumedRules(instrument, bars),
    risk: limitsOf(strategy.account, deps.configuration()),
    execution: executionOptions(options),
    initialCashQuote: cashOption(options),
    market,
    ...(margin && { margin }),
    ...(rates.length > 0 && { funding: { timeMs: Float64Array.from(rates, ({ timeMs }) => timeMs), rate: Float64Array.from(rates, ({ rate }) => rate) } }),
  };
  return { config, bars, assumptions: [...assumptionsOf(config), ...(margin ? [perpetualAssumption(rates.length, margin)] : [])] };
}

/** As configured, on the instrument and interval of the options where they are given. @throws TouchstoneError BAD_OPTION, BAD_INSTRUMENT */
function onOneInstrument(configured: StrategyConfig, options: HistoryOptions): StrategyConfig {
  const instrument = options.instrument ?? configured.instruments[0]!;
  parseInstrument(instrument);
  return { ...configured, instruments: [instrument], interval: intervalOption(options.interval) ?? configured.interval };
}

async function onBars(configured: StrategyConfig, options: RunOptions, deps: ResearchDeps): Promise<FinishedRun> {
  const { config, bars, assumptions } = await readBarRun(configured, options, deps);
  const result = runBacktest(config, bars);
  const run = reportedBacktest(result, bars);
  return {
    run,
    assumptions: [...assumptions, ...intrabarAssumption(config, bars)],
    gatherEvidence: (trials, axes) => gatherEvidence(config, bars, result, assessRun(run, trials), axes),
  };
}

/** Only a resting limit and a stop can meet within one bar. */
function intrabarAssumption(config: BarEngineConfig, bars: BarColumns): string[] {
  if (config.execution.intrabar === undefined) return [];
  const { worst, best } = bracketIntrabar(config, bars);
  return [
    `Bars do not tell which came first within them: the extreme nearer to the open is taken to have. Had the worse always come first where a stop and a limit met, the final equity would be ${money(worst)}; had the better, ${money(best)}.`,
  ];
}

function perpetualAssumption(rates: number, { leverage, maintenanceRate }: BarMargin): string {
  const funding = rates > 0 ? 'Funding is settled at the times and rates of the data' : 'The data has no funding rates, so none is paid';
  const kept = `${plain(maintenanceRate * 10_000)} bps`;
  return `${funding}. Cross margin, up to ${plain(leverage)} times the equity; a position that no longer has ${kept} of its worth behind it at a bar's worst price is closed by force, and everything is lost.`;
}

async function onGroup(strategy: StrategyConfig, options: RunOptions, deps: ResearchDeps): Promise<FinishedRun> {
  const dataDir = dataDirOption(options, deps);
  const { fromMs, toMs } = rangeOption(options);
  const { takerFeeBps, slippageBps, orderType, stopLossBps } = executionOptions(options);
  if (orderType !== 'market' || stopLossBps !== undefined)
    throw new TouchstoneError(
      'BAD_OPTION',
      `${strategy.name} trades several instruments, which go at the next open; --order limit and --stop-loss-bps are for strategies of one`,
    );
  const legs = [];
  for (const instrument of strategy.instruments) {
    const bars = await deps.readBars(dataDir, instrument, strategy.interval, fromMs, toMs);
    const funding = isDerivative(instrument) ? await deps.readFunding(dataDir, instrument) : [];
    const inRange = funding.filter(({ timeMs }) => timeMs >= bars.openTimeMs[0]!);
    legs.push({ instrument: assumedRules(instrument, bars), bars, takerFeeBps, funding: inRange });
  }
  const initialCashQuote = cashOption(options);
  const result = runGroupBacktest({ strategy, legs, slippageBps, initialCashQuote });
  const { timesMs, equity, holding } = result;
  return {
    run: {
      summary: result,
      timesMs,
      equity,
      initialCashQuote,
      benchmark: holding,
      benchmarkInitial: 1,
      legs: legs.map(({ instrument, bars }, i) => ({ instrument: instrument.name, bars, fills: result.fills[i]! })),
    },
    assumptions: [
      `Targets are traded at each leg's next open; fees ${takerFeeBps} bps, slippage ${slippageBps} bps, taken in quote currency.`,
      `Legs may be short; ${legs.some(({ funding }) => funding.length > 0) ? 'funding is settled where the data has it' : 'no funding is paid'}. Margin and the account's risk limits are not modelled.`,
      `Holding is all legs in equal parts. Trades are counted leg by leg.`,
    ],
  };
}

async function onTicks(strategy: StrategyConfig, options: RunOptions, deps: ResearchDeps): Promise<FinishedRun> {
  const [instrument] = strategy.instruments as [InstrumentName];
  const { fromMs, toMs } = rangeOption(options);
  const recorded = await deps.readRecording(dataDirOption(options, deps), instrument, fromMs, toMs);
  const { takerFeeBps, makerFeeBps } = executionOptions(options);
  const latencyMs = numberOption('--latency-ms', options.latencyMs, 0, 60_000);
  const prices = barColumns(recorded.flatMap((event) => (event.type === 'trade' ? [{ ...ONE_PRICE, open: event.price, close: event.price }] : [])));
  const rules = assumedRules(instrument, prices);
  const initialCashQuote = cashOption(options);
  const result = runTickBacktest(
    { strategy, instrument: rules, risk: limitsOf(strategy.account, deps.configuration()), makerFeeBps, takerFeeBps, latencyMs, initialCashQuote },
    withBars(recorded, { instrument, intervals: [strategy.interval] }),
  );
  const { closed, equity, fills } = result;
  return {
    run: {
      summary: result,
      timesMs: closed.openTimeMs,
      equity,
      initialCashQuote,
      benchmark: closed.close,
      benchmarkInitial: closed.open[0]!,
      legs: [{ instrument, bars: closed, fills }],
    },
    assumptions: [
      `Recorded trades and books, through risk, orders and the simulated venue as in paper trading: queue position, latency ${latencyMs} ms, fees ${takerFeeBps} bps taking and ${makerFeeBps} bps resting.`,
      `Trading rules are assumed from the data: tick ${rules.tickSize}, step ${rules.stepSize}, least order ${rules.minNotional}.`,
    ],
  };
}

const ONE_PRICE = { openTimeMs: 0, high: 0, low: 0, volume: 0 };
