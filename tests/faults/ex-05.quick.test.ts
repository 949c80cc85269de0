import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planOrder } from '../../core/execution/plan.ts';
import { parseRules, roundPrice } from '../../core/execution/round.ts';
import { Rng } from '../../core/random.ts';
import { decimalFromNumber, formatDecimal, parseDecimal } from '../../core/market/decimal.ts';
import { systemClock } from '../../infra/clock.ts';
import { DEMO_CREDENTIALS } from '../../infra/dev/exchange/credentials.ts';
import { startExchange } from '../../infra/dev/exchange/server.ts';
import { createVenueAccount } from '../../infra/exchange.ts';
import { silentLog } from '../../infra/log.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';

const INSTRUMENTS = ['sim:BTC/USDT', 'sim:ETH/USDT', 'sim:XRP/USDT', 'sim:DOGE/USDT', 'sim:SOL/USDT'];
const START: Readonly<Record<string, number>> = {
  'sim:BTC/USDT': 61_800,
  'sim:ETH/USDT': 2_680,
  'sim:XRP/USDT': 0.55,
  'sim:DOGE/USDT': 0.105,
  'sim:SOL/USDT': 145,
};
const UNLIMITED = { weightPerMinute: 1_000_000_000, ordersPer10s: 1_000_000_000, ordersPerDay: 1_000_000_000 };

interface Sent {
  readonly params: Readonly<Record<string, string>>;
  readonly path: string;
  readonly method: string;
  readonly code?: number;
}

/** Wanted sizes of any kind through the real formatter to a venue that checks every filter. */
async function filtersHold(isRounding: boolean): Promise<void> {
  const exchange = await startExchange({ port: 0, instruments: INSTRUMENTS, market: { type: 'still' }, limits: UNLIMITED });
  const venueConfig = {
    name: 'sim',
    exchange: 'binance',
    endpoint: 'simulator',
    instruments: INSTRUMENTS,
    intervals: ['1s'],
    makerFeeBps: 10,
    takerFeeBps: 10,
    requestTimeoutMs: 5_000,
    recvWindowMs: 5_000,
    staleAfterMs: 15_000,
  } as const;
  const venue = await createVenueAccount({ ...venueConfig, intervals: ['1s'], instruments: INSTRUMENTS }, DEMO_CREDENTIALS, {
    clock: systemClock,
    rng: new Rng(5),
    log: silentLog,
    exchangeUrl: exchange.url,
  });
  try {
    const rules = new Map((await venue.loadInstruments()).map((instrument) => [instrument.name, parseRules(instrument)]));
    let sent = 0;
    let belowMinimum = 0;
    await fc
      .assert(
        fc.asyncProperty(
          fc.constantFrom(...INSTRUMENTS),
          fc.double({ min: 1e-8, max: 3_000, noNaN: true }),
          fc.double({ min: 0.995, max: 1.0, noNaN: true }),
          async (instrument, notional, offset) => {
            const own = rules.get(instrument)!;
            const price = START[instrument]! * offset;
            const wanted = decimalFromNumber(notional / price);
            const plan = planOrder(wanted, { positionQty: 0n, openBuyQty: 0n, openSellQty: 0n, price: decimalFromNumber(price), rules: own, market: 'spot' });
            const skipped = plan.kind === 'denied';
            if (skipped && isRounding) {
              belowMinimum++;
              return;
            }
            const qty = isRounding && plan.kind === 'order' ? plan.qty : wanted;
            expect(qty).toBeLessThanOrEqual(wanted);
            const limit = isRounding ? roundPrice(decimalFromNumber(price), 'buy', own) : decimalFromNumber(price);
            const clientOrderId = `ex05-${++sent}-${instrument.slice(4, 7)}`;
            await venue
              .placeOrder({ instrument, clientOrderId, side: 'buy', type: 'limit', timeInForce: 'IOC', qty: formatDecimal(qty), price: formatDecimal(limit) })
              .catch((error: unknown) => {
                expect(String(error)).not.toMatch(/-1013|-1111|LOT_SIZE|PRICE_FILTER|NOTIONAL|precision/i);
              });
          },
        ),
        { numRuns: 150 },
      )
      .catch((error: Error) => {
        throw error.cause ?? error;
      });
    const requests = (await (await fetch(`${exchange.url}/_ctl/requests`)).json()) as Sent[];
    const orders = requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/order'));
    for (const { params, code } of orders) {
      expect([-1013, -1111]).not.toContain(code);
      for (const text of [params.quantity, params.price]) expect(text).toMatch(/^\d+(\.\d+)?$/);
    }
    const sizes = orders.map(({ params }) => parseDecimal(params.quantity!));
    if (isRounding)
      faultProven(
        orders.length > 30 && belowMinimum > 0 && sizes.every((size) => size > 0n),
        `${orders.length} orders of generated sizes reached the venue, ${belowMinimum} were refused here as below minimum`,
      );
  } finally {
    await venue.close();
    await exchange.close();
  }
}

it('EX-05: no size and no price of ours breaks a filter of the venue, none is rounded up, none has an exponent', () => filtersHold(true));

it('EX-05: and the test fails when sizes and prices are sent as computed', () => mutantFailed('sizes are not rounded to the step', () => filtersHold(false)));
