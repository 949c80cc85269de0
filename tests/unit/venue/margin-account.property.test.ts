import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decimal, decimalFromNumber, parseDecimal } from '../../../core/market/decimal.ts';
import type { BookEvent, MarketEvent } from '../../../core/market/events.ts';
import { marginBrackets } from '../../../core/portfolio/margin.ts';
import { MarginAccount } from '../../../core/venue/margin-account.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import type { SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';

/** Random markets, orders, marks and funding on two perpetuals; the money is counted beside the account, from what the venue said. */
const INSTRUMENTS = ['sim:BTC/USDT', 'sim:ETH/USDT'] as const;
const DEPOSIT = '1000';
const UNIT = 100_000_000n;
const TIERS = [
  { floorQuote: 0n, capQuote: parseDecimal('500'), maintenanceRate: parseDecimal('0.01'), maxLeverage: parseDecimal('20') },
  { floorQuote: parseDecimal('500'), capQuote: undefined, maintenanceRate: parseDecimal('0.05'), maxLeverage: parseDecimal('8') },
];

type Step = { do: 'market'; event: MarketEvent } | { do: 'submit'; order: SubmitOrder } | { do: 'cancel'; id: string };

const instrument = fc.constantFrom(...INSTRUMENTS);
const cents = fc.integer({ min: 9_000, max: 11_000 });
const side = fc.constantFrom('buy' as const, 'sell' as const);
const lots = fc.integer({ min: 1, max: 3_000 }).map((n) => n / 100);
const base = { id: '', eventTimeMs: 0, receivedTimeMs: 0, path: 'replay' as const };

const trade = fc
  .record({ instrument, price: cents, qty: lots, takerSide: side })
  .map(({ price, ...rest }): Step => ({ do: 'market', event: { ...base, ...rest, type: 'trade', tradeId: '1', price: price / 100 } }));
const book = fc.record({ instrument, middle: cents, quantities: fc.array(lots, { minLength: 1, maxLength: 5 }) }).map((made): Step => {
  const levels = (sign: number): BookEvent['bids'] => made.quantities.map((qty, i) => [(made.middle + sign * (i * 13 + 3)) / 100, qty] as const);
  return { do: 'market', event: { ...base, instrument: made.instrument, type: 'book', sequence: 1, bids: levels(-1), asks: levels(1) } };
});
/** The second instrument never has a mark of its own. */
const mark = fc
  .integer({ min: 8_000, max: 12_000 })
  .map((price): Step => ({ do: 'market', event: { ...base, instrument: INSTRUMENTS[0], type: 'mark', price: price / 100 } }));
const funding = fc
  .record({ instrument, units: fc.integer({ min: -3_000_000, max: 3_000_000 }) })
  .map((made): Step => ({ do: 'market', event: { ...base, instrument: made.instrument, type: 'funding', rate: made.units / 1e8 } }));
const submit = fc
  .record({
    instrument,
    id: fc.integer({ min: 1, max: 30 }),
    side,
    type: fc.constantFrom('limit' as const, 'market' as const),
    timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const),
    qty: lots,
    price: cents,
    reduceOnly: fc.boolean(),
    trigger: fc.option(fc.constantFrom('stop' as const, 'trailing' as const), { freq: 2 }),
    triggerBy: fc.constantFrom('last' as const, 'mark' as const),
  })
  .map(({ id, qty, price, trigger, triggerBy, ...rest }): Step => {
    const wait = trigger !== null && { triggerType: trigger, triggerBy, callbackBps: 50, stopPrice: decimalFromNumber(price / 100) };
    const priced = rest.type === 'limit' && { price: decimalFromNumber(price / 100) };
    return { do: 'submit', order: { ...rest, clientOrderId: `o${id}`, qty: decimalFromNumber(qty), ...priced, ...wait } };
  });
const cancel = fc.integer({ min: 1, max: 30 }).map((id): Step => ({ do: 'cancel', id: `o${id}` }));
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: trade },
    { weight: 3, arbitrary: book },
    { weight: 6, arbitrary: submit },
    { weight: 2, arbitrary: mark },
    { weight: 1, arbitrary: funding },
    { weight: 1, arbitrary: cancel },
  ),
  { minLength: 30, maxLength: 90, size: 'max' },
);
const history = fc.record({
  steps,
  mode: fc.constantFrom('cross' as const, 'isolated' as const),
  leverage: fc.constantFrom('2', '5', '8'),
  feeRate: fc.constantFrom(undefined, parseDecimal('0.002')),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function openAccount({ mode, leverage, feeRate }: Omit<History, 'steps'>): { account: MarginAccount; venue: SimulatedVenue } {
  const instruments = INSTRUMENTS.map((name) => ({ name, leverage: parseDecimal(leverage), brackets: marginBrackets(TIERS) }));
  const account = new MarginAccount({ mode, walletQuote: DEPOSIT, instruments, ...(feeRate !== undefined && { liquidationFeeRate: feeRate }) });
  return { account, venue: createVenue({ instruments: INSTRUMENTS, makerFeeBps: -1, takerFeeBps: 5, latencyMs: 0, balances: {} }, account) };
}

function apply(venue: SimulatedVenue, step: Step, nowMs: number): VenueOutput[] {
  if (step.do === 'market') return venue.onMarketEvent(step.event);
  if (step.do === 'submit') return venue.submit(step.order, nowMs);
  return INSTRUMENTS.flatMap((name) => venue.cancel({ instrument: name, clientOrderId: step.id }, nowMs));
}

/** What positions, cash, marks and funding must be, from events and outputs alone. */
class Count {
  readonly qty = new Map<string, Decimal>(INSTRUMENTS.map((name) => [name, 0n]));
  readonly marks = new Map<string, Decimal>();
  readonly #ownMark = new Set<string>();
  cash = parseDecimal(DEPOSIT);

  before(step: Step): void {
    if (step.do !== 'market') return;
    const { event } = step;
    if (event.type === 'mark') this.#ownMark.add(event.instrument);
    if (event.type === 'mark' || (event.type === 'trade' && !this.#ownMark.has(event.instrument)))
      this.marks.set(event.instrument, decimalFromNumber(event.price));
    if (event.type === 'funding') {
      const held = this.qty.get(event.instrument)!;
      if (held !== 0n) this.cash -= (held * this.marks.get(event.instrument)! * decimalFromNumber(event.rate)) / (UNIT * UNIT);
    }
  }

  onFill({
    instrument: name,
    side: ofFill,
    qty,
    price,
    commission,
  }: {
    instrument: string;
    side: string;
    qty: Decimal;
    price: Decimal;
    commission: Decimal;
  }): void {
    const sign = ofFill === 'buy' ? 1n : -1n;
    this.qty.set(name, this.qty.get(name)! + sign * qty);
    this.cash -= sign * ((qty * price) / UNIT) + commission;
    if (!this.marks.has(name)) this.marks.set(name, price);
  }

  equity(): Decimal {
    let equity = this.cash;
    for (const [name, qty] of this.qty) if (qty !== 0n) equity += (qty * this.marks.get(name)!) / UNIT;
    return equity;
  }
}

test('I1, I2: positions are the sum of the fills, and equity is deposit + cash of fills − fees + funding + insurance + position × mark, to the last unit', () => {
  const seen = { liquidations: 0, insured: 0, funded: 0 };
  fc.assert(
    fc.property(history, ({ steps: made, ...config }) => {
      const { account, venue } = openAccount(config);
      const count = new Count();
      let insurance = 0n;
      made.forEach((step, nowMs) => {
        const heldCash = count.cash;
        count.before(step);
        if (count.cash !== heldCash) seen.funded++;
        for (const output of apply(venue, step, nowMs)) {
          if (output.type !== 'order' || !output.fill) continue;
          count.onFill(output.fill);
          if (output.order.clientOrderId.startsWith('liquidation')) seen.liquidations++;
        }
        for (const name of INSTRUMENTS) expect(account.position(name).qty).toBe(count.qty.get(name));
        expect(account.insuranceQuote >= insurance).toBe(true);
        if (account.insuranceQuote > insurance) seen.insured++;
        insurance = account.insuranceQuote;
        expect(account.equityQuote).toBe(count.equity() + insurance);
        const isFlat = [...count.qty.values()].every((qty) => qty === 0n);
        if (isFlat) {
          expect(account.walletQuote).toBe(count.cash + insurance);
          expect(account.walletQuote >= 0n).toBe(true);
        }
      });
    }),
    { numRuns: 160 },
  );
  // Random histories that meet none of these would prove nothing.
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
});

test('reduce-only fills never open or turn a position, nothing is left that must be liquidated, and only open orders lock money', () => {
  let reduced = 0;
  fc.assert(
    fc.property(history, ({ steps: made, ...config }) => {
      const { account, venue } = openAccount(config);
      const qty = new Map<string, Decimal>(INSTRUMENTS.map((name) => [name, 0n]));
      made.forEach((step, nowMs) => {
        for (const output of apply(venue, step, nowMs)) {
          if (output.type !== 'order' || !output.fill) continue;
          const before = qty.get(output.fill.instrument)!;
          const after = before + (output.fill.side === 'buy' ? output.fill.qty : -output.fill.qty);
          qty.set(output.fill.instrument, after);
          if (!output.order.reduceOnly) continue;
          reduced++;
          expect(before > 0n ? after >= 0n && after < before : after <= 0n && after > before).toBe(true);
        }
        expect(account.nextLiquidation()).toBeUndefined();
        const { margin } = account.snapshot();
        const open = venue.openOrders();
        if (open.every(({ reduceOnly }) => reduceOnly)) expect(margin!.lockedQuote).toBe('0');
        for (const { instrument: name, openBuyQty, openSellQty } of margin!.positions) {
          const left = (ofSide: string) =>
            open.reduce((sum, o) => (o.instrument === name && o.side === ofSide && !o.reduceOnly ? sum + o.qty - o.filledQty : sum), 0n);
          expect([parseDecimal(openBuyQty!), parseDecimal(openSellQty!)]).toEqual([left('buy'), left('sell')]);
        }
        for (const { reduceOnly, instrument: name, side: ofOrder } of open)
          if (reduceOnly) expect(ofOrder === 'sell' ? qty.get(name)! > 0n : qty.get(name)! < 0n).toBe(true);
      });
    }),
    { numRuns: 100 },
  );
  expect(reduced).toBeGreaterThan(20);
});
