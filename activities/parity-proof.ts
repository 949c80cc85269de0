import { Context } from '@temporalio/activity';
import { readsOnlyBars } from '../core/engine/analyse-stand-ins.ts';
import { INTERVAL_MS, type MarketEvent } from '../core/market/events.ts';
import type { Instrument } from '../core/market/instrument.ts';
import type { Signal } from '../core/execution/signal.ts';
import { definitionOf, strategyParameters } from '../core/strategies/registry.ts';
import { createStrategyRunner } from '../core/strategies/runner.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { Configuration } from '../infra/config.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type Decision, type ParityCounts, compareDecisions } from './parity-compare.ts';
import { recordRuns } from './run-record.ts';

export interface ParityResult extends ParityCounts {
  readonly equal: boolean;
  readonly strategies: number;
  /** Strategies that read more than bars. Nothing is proven of them: in which order they saw trades, books and fills is not replayed yet. */
  readonly notReplayed: readonly string[];
  /** Artefact with every difference. */
  readonly reportAddress: string;
}

export interface ParityDeps {
  readonly history: Clickhouse;
  readonly artefacts: Artefacts;
  readonly clock: Clock;
  readonly loadConfiguration: () => Configuration;
  /** Trading rules as the venue states them; sizes are rounded by them. */
  readonly loadInstruments: (venue: string) => Promise<readonly Instrument[]>;
}

/** The replay begins this many warm-ups before the range, so that averages have forgotten where they began. */
const WARMUPS = 20;

const FROM_TO = 'fromUnixTimestamp64Milli({fromMs:Int64}) AND event_time < fromUnixTimestamp64Milli({toMs:Int64})';
const SELECT_BARS = `
SELECT event_id AS id, toUnixTimestamp64Milli(open_time) AS openTimeMs, toUnixTimestamp64Milli(event_time) AS eventTimeMs, toUnixTimestamp64Milli(received_time) AS receivedTimeMs,
  toUnixTimestamp64Milli(available_at) AS availableAtMs, source, toFloat64(open) AS open, toFloat64(high) AS high, toFloat64(low) AS low, toFloat64(close) AS close,
  toFloat64(volume) AS volume, trade_count AS tradeCount, log_offset AS logOffset, log_index AS logIndex
FROM bars WHERE instrument = {instrument:String} AND interval = {interval:String} AND log_topic = 'market' AND event_time >= ${FROM_TO}
ORDER BY log_offset, log_index`;
const SELECT_GAPS = `
SELECT event_id AS id, kind, toUnixTimestamp64Milli(event_time) AS eventTimeMs, toUnixTimestamp64Milli(from_time) AS gapFromMs, toUnixTimestamp64Milli(to_time) AS gapToMs,
  reason, log_offset AS logOffset, log_index AS logIndex
FROM gaps WHERE instrument = {instrument:String} AND log_topic = 'market' AND event_time >= ${FROM_TO}
ORDER BY log_offset, log_index`;
const SELECT_SIGNALS = `
SELECT signal_id AS signalId, version, instrument, trigger_event_id AS triggerEventId, toUnixTimestamp64Milli(event_time) AS eventTimeMs, toString(target_qty) AS targetQty
FROM signals WHERE strategy = {strategy:String} AND account = {account:String} AND event_time >= ${FROM_TO}`;
const SELECT_STAGES = `
SELECT toUnixTimestamp64Milli(since) AS sinceMs, toString(size_factor) AS sizeFactor
FROM control_changes WHERE type = 'strategy' AND subject = {strategy:String} AND account = {account:String} AND since < fromUnixTimestamp64Milli({toMs:Int64}) ORDER BY since`;

/** ClickHouse writes 64-bit integers as text. */
type Numbers<K extends string> = Readonly<Record<K, number | string>>;
type BarRow = { id: string; source: 'trades' | 'venue' } & Numbers<
  'openTimeMs' | 'eventTimeMs' | 'receivedTimeMs' | 'availableAtMs' | 'open' | 'high' | 'low' | 'close' | 'volume' | 'tradeCount' | 'logOffset' | 'logIndex'
>;
type GapRow = { id: string; kind: 'gap' | 'stale' | 'fresh'; reason: string } & Numbers<'eventTimeMs' | 'gapFromMs' | 'gapToMs' | 'logOffset' | 'logIndex'>;
type StageRow = Numbers<'sinceMs'> & { readonly sizeFactor: string };
interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export function createActivities(deps: ParityDeps) {
  /** The recorded market of an instrument as the strategy read it: bars, gaps and stale marks in the order of the log. */
  async function recordedEvents(instrument: string, config: StrategyConfig, range: Range): Promise<MarketEvent[]> {
    const params = { instrument, interval: config.interval, ...asText(range) };
    const bars = await deps.history.queryRows<BarRow>(SELECT_BARS, params);
    const gaps = await deps.history.queryRows<GapRow>(SELECT_GAPS, params);
    const placed = [...bars.map((row) => ({ row, event: barOf(row, instrument, config) })), ...gaps.map((row) => ({ row, event: gapOf(row, instrument) }))];
    placed.sort((a, b) => Number(a.row.logOffset) - Number(b.row.logOffset) || Number(a.row.logIndex) - Number(b.row.logIndex));
    return placed.map(({ event }) => event);
  }

  async function replay(
    config: StrategyConfig,
    range: Range,
    instruments: readonly Instrument[],
    stages: readonly StageRow[],
  ): Promise<{ version: string; decisions: Decision[] }> {
    const definition = definitionOf(config);
    const decisions: Decision[] = [];
    let version = '';
    // A group's legs are read together, in event time; across partitions that is the nearest to the order in which they came.
    const lanes = definition.scope === 'group' ? [config.instruments] : config.instruments.map((instrument) => [instrument]);
    for (const lane of lanes) {
      const runner = createStrategyRunner({ ...config, instruments: config.instruments }, definition, instruments);
      version = runner.version;
      const fromMs = range.fromMs - WARMUPS * Math.max(1, runner.warmupBars) * INTERVAL_MS[config.interval];
      let stage = 0;
      let events: readonly MarketEvent[] = [];
      for (const instrument of lane) events = events.concat(await recordedEvents(instrument, config, { fromMs, toMs: range.toMs }));
      if (lane.length > 1) events = events.toSorted((a, b) => a.eventTimeMs - b.eventTimeMs);
      for (const event of events) {
        while (stage < stages.length && Number(stages[stage]!.sinceMs) <= event.eventTimeMs)
          runner.setStage({ sizeFactor: trimZeros(stages[stage++]!.sizeFactor) });
        for (const signal of runner.process(event)) if (signal.eventTimeMs >= range.fromMs) decisions.push(decisionOf(signal));
      }
    }
    return { version, decisions };
  }

  return {
    /** Replays what was recorded through the same runner as live and compares every decision of the range, by id and by target. */
    async proveParity(input: WorkflowInput<'parityProof'>): Promise<ParityResult> {
      const { account, fromMs, toMs } = input;
      const { info } = Context.current();
      const configuration = deps.loadConfiguration();
      const configs = configuration.strategies.filter((strategy) => strategy.account === account);
      const venue = configuration.system.accounts.find(({ name }) => name === account)?.venue;
      return withHeartbeat(async () => {
        const instruments = venue ? await deps.loadInstruments(venue) : [];
        const total = { compared: 0, onlyLive: 0, onlyReplay: 0, different: 0, notComparable: 0 };
        const differences: Record<string, unknown> = {};
        const notReplayed: string[] = [];
        for (const config of configs) {
          const params = { strategy: config.name, account, ...asText(input) };
          if (!readsOnlyBars(definitionOf(config).create(strategyParameters(config), config.instruments[0]!, config.instruments))) {
            notReplayed.push(config.name);
            total.notComparable += (await deps.history.queryRows(SELECT_SIGNALS, params)).length;
            continue;
          }
          const stages = await deps.history.queryRows<StageRow>(SELECT_STAGES, params);
          const live = await deps.history.queryRows<Decision & { version: string }>(SELECT_SIGNALS, params);
          const replayed = await replay(config, input, instruments, stages);
          const compared = compareDecisions(
            live,
            replayed,
            stages.map(({ sinceMs }) => Number(sinceMs)),
          );
          differences[config.name] = compared.differences;
          for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += compared.counts[key];
        }
        const equal = total.onlyLive + total.onlyReplay + total.different === 0;
        const { address } = await deps.artefacts.putJson({ input, total, notReplayed, differences });
        await recordRuns(deps.history, [
          {
            runId: info.workflowExecution!.runId!,
            kind: 'parityProof',
            workflowId: info.workflowExecution!.workflowId!,
            strategy: account,
            strategyType: 'parity',
            instrument: [...new Set(configs.flatMap((config) => config.instruments))].join(','),
            interval: '',
            fromMs,
            toMs,
            configHash: configuration.hash,
            metrics: {},
            reportAddress: address,
            detail: { equal, notReplayed, ...total },
            startedMs: info.scheduledTimestampMs,
            finishedMs: deps.clock.nowMs(),
          },
        ]);
        return { equal, strategies: configs.length, notReplayed, ...total, reportAddress: address };
      });
    },
  };
}

function barOf(row: BarRow, instrument: string, { interval }: StrategyConfig): MarketEvent {
  const { id, source } = row;
  const n = (key: Exclude<keyof BarRow, 'id' | 'source'>) => Number(row[key]);
  return {
    type: 'bar',
    id,
    instrument,
    interval,
    source,
    eventTimeMs: n('eventTimeMs'),
    receivedTimeMs: n('receivedTimeMs'),
    availableAtMs: n('availableAtMs'),
    openTimeMs: n('openTimeMs'),
    open: n('open'),
    high: n('high'),
    low: n('low'),
    close: n('close'),
    volume: n('volume'),
    tradeCount: n('tradeCount'),
  };
}

function gapOf(row: GapRow, instrument: string): MarketEvent {
  const { id, reason } = row;
  const base = { id, instrument, eventTimeMs: Number(row.eventTimeMs), receivedTimeMs: Number(row.eventTimeMs), reason };
  if (row.kind === 'gap') return { type: 'gap', ...base, fromMs: Number(row.gapFromMs), toMs: Number(row.gapToMs) };
  return { type: 'stale', ...base, stale: row.kind === 'stale' };
}

function decisionOf(signal: Signal): Decision {
  const { signalId, instrument, triggerEventId, eventTimeMs, targetQty = '' } = signal;
  return { signalId, instrument, triggerEventId, eventTimeMs, targetQty };
}

function asText({ fromMs, toMs }: Range): { fromMs: string; toMs: string } {
  return { fromMs: String(fromMs), toMs: String(toMs) };
}

/** ClickHouse prints all eight places of a decimal; the stream said it without trailing zeros. */
function trimZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
