import { beforeAll, describe, expect, it } from 'vitest';
import { Replay, replayDecisions } from '../../../core/engine/replay.ts';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import type { StrategyHolding } from '../../../core/strategies/strategy.ts';
import { marketEvent } from '../../../schemas/market.ts';
import { LIMITS, recordedMarket, REPLAY_CONFIG, runners, syntheticMarket, TRADING_TYPES, venue } from './recorded.ts';

let events: readonly MarketEvent[];
beforeAll(async () => {
  events = (await recordedMarket()) ?? syntheticMarket();
});

describe('a recorded market through the whole loop', () => {
  it('trades, and comes to the same decisions, orders and fills every time', () => {
    const once = replayDecisions(events, runners(), venue(), REPLAY_CONFIG);
    expect(once.orders.length).toBeGreaterThan(20);
    const decided = new Set(once.decisions.map(({ signal }) => signal.strategy));
    expect(TRADING_TYPES.filter((type) => !decided.has(type))).toEqual([]);
    expect(replayDecisions(events, runners(), venue(), REPLAY_CONFIG)).toEqual(once);
  });

  it('decides the same on events that went through JSON and their schema, with strategies restored from snapshots on the way', () => {
    const direct = replayDecisions(events, runners(), venue(), REPLAY_CONFIG);
    let live = runners();
    const lanes = live.map(({ config }, k) => ({
      config,
      process: (event: MarketEvent) => live[k]!.process(event),
      hold: (holding: StrategyHolding) => live[k]!.hold(holding),
    }));
    const replay = new Replay(lanes, venue(), REPLAY_CONFIG);
    for (const [i, event] of events.entries()) {
      if (i % 997 === 0) {
        const fresh = runners();
        for (const [k, runner] of fresh.entries()) runner.restore(JSON.parse(JSON.stringify(live[k]!.snapshot())));
        live = fresh;
      }
      replay.process(marketEvent.parse(JSON.parse(JSON.stringify(event))) as MarketEvent);
    }
    expect(replay.result()).toEqual(direct);
  });

  it('knows nothing of the future: what was decided by any time is the same if the recording ends there', () => {
    const whole = replayDecisions(events, runners(), venue(), REPLAY_CONFIG);
    for (const share of [0.2, 0.5, 0.9]) {
      const cut = Math.floor(events.length * share);
      const { decisions } = replayDecisions(events.slice(0, cut), runners(), venue(), REPLAY_CONFIG);
      expect(decisions).toEqual(whole.decisions.slice(0, decisions.length));
    }
  });

  it('has, to the last decimal, the coins and the cash that the venue says', () => {
    const exchange = venue();
    const replay = new Replay(runners(), exchange, REPLAY_CONFIG);
    let cash = parseDecimal(REPLAY_CONFIG.initialCashQuote);
    let coins = 0n;
    for (const event of events) replay.process(event);
    for (const { side, price, qty, commission, commissionAsset } of replay.result().fills) {
      const notional = (parseDecimal(price) * parseDecimal(qty)) / 100_000_000n;
      cash += side === 'buy' ? -notional : notional;
      coins += side === 'buy' ? parseDecimal(qty) : -parseDecimal(qty);
      if (commissionAsset === 'USDT') cash -= parseDecimal(commission);
      else coins -= parseDecimal(commission);
    }
    const held = Object.fromEntries(exchange.balances().map(({ asset, free, locked }) => [asset, formatDecimal(free + locked)]));
    expect({ USDT: formatDecimal(cash), BTC: formatDecimal(coins) }).toEqual({ USDT: held.USDT, BTC: held.BTC });
  });

  it('sends nothing that the limits forbid, with and without latency', () => {
    for (const latencyMs of [0, 80]) {
      const { decisions, orders } = replayDecisions(events, runners(), venue(latencyMs), {
        ...REPLAY_CONFIG,
        limits: { ...LIMITS, maxPositionNotionalQuote: 1_500, maxGrossNotionalQuote: 1_500, maxOrderNotionalQuote: 1_500 },
      });
      expect(decisions.some(({ code }) => code === 'MAX_POSITION_NOTIONAL')).toBe(true);
      for (const order of orders) expect(Number(order.qty) * Number(order.price)).toBeLessThan(1_500 * 1.01);
    }
  });
});
