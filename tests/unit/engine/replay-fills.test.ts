import { describe, expect, it } from 'vitest';
import { Replay } from '../../../core/engine/replay.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import { createStrategyRunner } from '../../../core/strategies/runner.ts';
import type { Quote, Strategy, StrategyConfig, StrategyDefinition, StrategyFill } from '../../../core/strategies/strategy.ts';
import { INSTRUMENT, REPLAY_CONFIG, syntheticMarket, venue } from '../parity/recorded.ts';

const config = (name: string, type: string, parameters: StrategyConfig['parameters'] = {}): StrategyConfig => ({
  name,
  type,
  account: 'paper',
  instruments: [INSTRUMENT.name],
  interval: '1s',
  sizeQuote: '1000',
  maxAgeMs: 60_000,
  parameters,
});

/** Says one set of quotes with the first book, if it has any, and keeps the fills that it is told of. */
function quoteOnce(quotes: readonly Quote[], told: StrategyFill[]): StrategyDefinition {
  let hasSaid = false;
  const strategy: Strategy = {
    onBook(_book, out) {
      if (!hasSaid && quotes.length > 0) out.quotes(quotes, { rule: 'once' });
      hasSaid = true;
    },
    onFill: (fill) => void told.push(fill),
    snapshot: () => null,
    restore: () => undefined,
  };
  return { type: 'once', codeVersion: 1, description: '', parameters: {}, warmupBars: () => 0, create: () => strategy };
}

const base = (eventTimeMs: number) => ({
  id: String(eventTimeMs),
  instrument: INSTRUMENT.name,
  eventTimeMs,
  receivedTimeMs: eventTimeMs,
  sequence: eventTimeMs,
  path: 'replay' as const,
});
const book = (timeMs: number): MarketEvent => ({ ...base(timeMs), type: 'book', bids: [[60_000, 1]], asks: [[60_010, 1]] });
const trade = (timeMs: number, price: number, qty: number): MarketEvent => ({
  ...base(timeMs),
  type: 'trade',
  tradeId: String(timeMs),
  price,
  qty,
  takerSide: 'sell',
});

describe('fills in a replay', () => {
  it('are told to the strategy whose orders they are, as they come and to no other', () => {
    const [maker, bystander]: [StrategyFill[], StrategyFill[]] = [[], []];
    const runners = [
      createStrategyRunner(config('maker', 'once'), quoteOnce([{ side: 'buy', price: 59_990, qty: 0.02 }], maker), [INSTRUMENT]),
      createStrategyRunner(config('bystander', 'once'), quoteOnce([], bystander), [INSTRUMENT]),
    ];
    const replay = new Replay(runners, venue(), REPLAY_CONFIG);
    for (const one of [trade(900, 60_005, 1), book(1_000), book(1_100), trade(1_200, 59_980, 0.015), trade(1_300, 59_980, 1)]) replay.process(one);
    const fill = (qty: number, eventTimeMs: number) => ({ instrument: INSTRUMENT.name, side: 'buy', price: 59_990, qty, eventTimeMs });
    // Less the ten basis points that the venue takes of the coins.
    expect(maker).toEqual([fill(0.014985, 1_200), fill(0.004995, 1_300)]);
    expect(bystander).toEqual([]);
  });

  it('let a market maker sell what it bought, and never hold more than it may', () => {
    const strategy = config('maker', 'market-making', { quoteQty: 0.001, targetQty: 0.002, maxQty: 0.004, minSpreadBps: 1, gamma: 0.001, arrivalDecay: 5 });
    const runner = createStrategyRunner(strategy, findStrategy('market-making'), [INSTRUMENT]);
    const replay = new Replay([runner], venue(), REPLAY_CONFIG);
    let held = 0;
    let counted = 0;
    for (const one of syntheticMarket()) {
      replay.process(one);
      const { fills } = replay.result();
      for (; counted < fills.length; counted++) {
        const { side, qty, commission, commissionAsset } = fills[counted]!;
        held += (side === 'buy' ? Number(qty) : -Number(qty)) - (commissionAsset === 'BTC' ? Number(commission) : 0);
        expect(held).toBeGreaterThan(-1e-9);
        expect(held).toBeLessThan(0.004 + 1e-9);
      }
    }
    const sides = replay.result().fills.map(({ side }) => side);
    expect(sides.filter((side) => side === 'sell').length).toBeGreaterThan(10);
    expect(sides.filter((side) => side === 'buy').length).toBeGreaterThan(10);
  });
});
