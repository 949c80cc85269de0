import { beforeAll, describe, expect, it } from 'vitest';
import { Replay } from '../../../core/engine/replay.ts';
import type { MarketEvent, Ohlcv } from '../../../core/market/events.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import { createStrategyRunner, type StrategyRunner } from '../../../core/strategies/runner.ts';
import type { StrategyDefinition, StrategyOutput } from '../../../core/strategies/strategy.ts';
import { INSTRUMENT, PARITY_STRATEGIES, recordedMarket, REPLAY_CONFIG, strategyConfigs, syntheticMarket, venue } from './recorded.ts';
import { type Outcome, StreamSide } from './streams.ts';

/** Event by event: what the engine decides, and what trades. */
function* replayed(events: readonly MarketEvent[], runners: readonly StrategyRunner[], latencyMs: number): Generator<Outcome> {
  const replay = new Replay(runners, venue(latencyMs), REPLAY_CONFIG);
  let [decided, filled] = [0, 0];
  for (const event of events) {
    replay.process(event);
    const { decisions, fills } = replay.result();
    yield {
      decisions: decisions.slice(decided).map(({ signal, intent, code }) => {
        return { signalId: signal.signalId, strategy: signal.strategy, outcome: intent ? `${intent.side} ${intent.qty} at ${intent.price}` : code! };
      }),
      fills: fills.slice(filled).map(({ venueOrderId: _, ...fill }) => fill),
    };
    [decided, filled] = [decisions.length, fills.length];
  }
}

/** Runs both sides over the same messages. Throws at the first message on which they differ, and says which strategy. */
async function compare(
  events: readonly MarketEvent[],
  definitions: readonly StrategyDefinition[],
  latencyMs = 0,
): Promise<{ decisions: number; fills: Outcome['fills'] }> {
  const configs = strategyConfigs();
  const runners = configs.map((config, i) => createStrategyRunner(config, definitions[i]!, [INSTRUMENT]));
  const streams = new StreamSide(venue(latencyMs), configs, REPLAY_CONFIG);
  const counts: { decisions: number; fills: Outcome['fills'][number][] } = { decisions: 0, fills: [] };
  try {
    let i = 0;
    for (const expected of replayed(events, runners, latencyMs)) {
      const event = events[i++]!;
      const actual = await streams.process(event);
      expect(actual, `message ${i} (${event.id}): ${culprits(expected, actual)} differs`).toEqual(expected);
      counts.decisions += actual.decisions.length;
      counts.fills.push(...actual.fills);
    }
  } finally {
    streams.close();
  }
  return counts;
}

/** The strategies that decided differently. */
function culprits(expected: Outcome, actual: Outcome): string {
  const decisionsOf = ({ decisions }: Outcome, name: string) => JSON.stringify(decisions.filter(({ strategy }) => strategy === name));
  return PARITY_STRATEGIES.map(({ type }) => type)
    .filter((name) => decisionsOf(expected, name) !== decisionsOf(actual, name))
    .join(', ');
}

/** Recordings are quieter than what is made up. */
const [RECORDED_MAX, SYNTHETIC_MAX] = [5_000, 2_000];
let events: readonly MarketEvent[];
beforeAll(async () => {
  events = (await recordedMarket())?.slice(0, RECORDED_MAX) ?? syntheticMarket().slice(0, SYNTHETIC_MAX);
});

describe('the backtest and the live streams over one recorded market', () => {
  it('decide and trade the same, message by message', async () => {
    const { decisions, fills } = await compare(events, PARITY_STRATEGIES);
    expect(decisions).toBeGreaterThan(80);
    expect(fills.length).toBeGreaterThan(40);
    const quoted = fills.filter(({ strategy, liquidity }) => strategy === 'market-making' && liquidity === 'maker');
    for (const side of ['buy', 'sell']) expect(quoted.filter((fill) => fill.side === side).length).toBeGreaterThan(10);
  }, 60_000);

  it.each([80, 900])(
    'decide and trade the same when orders and cancels take %i ms to the venue',
    async (latencyMs) => {
      const { decisions, fills } = await compare(events, PARITY_STRATEGIES, latencyMs);
      expect(decisions).toBeGreaterThan(80);
      expect(fills.length).toBeGreaterThan(40);
    },
    60_000,
  );

  it('are caught, and the strategy named, when one line of it differs', async () => {
    const changed = findStrategy('mean-reversion');
    const create: StrategyDefinition['create'] = (parameters, name) => {
      const strategy = changed.create(parameters, name);
      const onBar = strategy.onBar!.bind(strategy);
      return Object.assign(strategy, { onBar: (bar: Ohlcv, out: StrategyOutput) => onBar({ ...bar, close: bar.high }, out) });
    };
    const mutant: StrategyDefinition = { ...changed, create };
    const definitions = PARITY_STRATEGIES.map((definition) => (definition.type === changed.type ? mutant : definition));
    // Its version was not raised, so every id is the same: only what is decided tells.
    await expect(compare(events, definitions)).rejects.toThrow(/^message \d+ .*: mean-reversion differs/);
  }, 60_000);
});
