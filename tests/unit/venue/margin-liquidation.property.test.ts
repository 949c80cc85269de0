import fc from 'fast-check';
import { expect, test } from 'vitest';
import { abs, type Decimal, decimalFromNumber, decimalToNumber, multiply, ONE, parseDecimal } from '../../../core/market/decimal.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import { bracketedLiquidationPrice, type MarginTier, marginBrackets } from '../../../core/portfolio/margin.ts';
import { MarginAccount, type MarginConfig } from '../../../core/venue/margin-account.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import type { ExchangeFill, SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';
import { BTC, book, funding, mark, order, trade } from './venue-tools.ts';

/** Random markets, orders, marks and funding, recounted beside the account from the venue's fills alone, as cash and quantities without entries, where it meets liquidation. */
const ETH = 'sim:ETH/USDT';
const NAMES = [BTC, ETH];
const DEPOSIT = '800';
const LEVERAGE = parseDecimal('8');
const rate = (text: string) => parseDecimal(text);
const TIERS: MarginTier[] = [
  { floorQuote: 0n, capQuote: rate('500'), maintenanceRate: rate('0.01'), maxLeverage: rate('20') },
  { floorQuote: rate('500'), capQuote: rate('2000'), maintenanceRate: rate('0.025'), maxLeverage: rate('10') },
  { floorQuote: rate('2000'), capQuote: undefined, maintenanceRate: rate('0.06'), maxLeverage: rate('5') },
];

type Step = { do: 'market'; event: MarketEvent } | { do: 'submit'; order: SubmitOrder } | { do: 'cancel'; id: string; instrument: string };

const instrument = fc.constantFrom(...NAMES);
const cents = fc.integer({ min: 7_000, max: 13_000 });
const nearCents = fc.integer({ min: 9_500, max: 10_500 });
const lots = fc.integer({ min: 1, max: 4_000 }).map((n) => n / 1_000);
const side = fc.constantFrom('buy' as const, 'sell' as const);
const market = (event: MarketEvent, name: string): Step => ({ do: 'market', event: { ...event, instrument: name } });

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(nearCents, lots, side, instrument).map(([price, qty, taker, name]) => market(trade(taker, qty, price / 100), name)) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(nearCents, fc.array(lots, { minLength: 1, maxLength: 5 }), instrument)
        .map(([middle, sizes, name]) =>
          market(
            book(...([-1, 1].map((sign) => sizes.map((qty, i) => [(middle + sign * (i * 11 + 2)) / 100, qty] as const)) as unknown as Parameters<typeof book>)),
            name,
          ),
        ),
    },
    { weight: 2, arbitrary: fc.tuple(cents, instrument).map(([price, name]) => market(mark(price / 100), name)) },
    { weight: 1, arbitrary: fc.tuple(fc.integer({ min: -300, max: 300 }), instrument).map(([bps, name]) => market(funding(bps / 10_000), name)) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 30 }), side, lots, fc.option(nearCents), fc.option(nearCents, { freq: 6 }), fc.boolean(), instrument)
        .map(([id, way, qty, price, stop, reduceOnly, name]): Step => {
          const more = { instrument: name, ...(reduceOnly && id % 3 === 0 && { reduceOnly }) };
          const trigger = stop === null ? {} : { triggerType: 'stop' as const, triggerBy: 'mark' as const, stopPrice: decimalFromNumber(stop / 100) };
          return { do: 'submit', order: order(`o${id}`, way, String(qty), price === null ? undefined : String(price / 100), { ...more, ...trigger }) };
        }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 30 }), instrument).map(([id, name]): Step => ({ do: 'cancel', id: `o${id}`, instrument: name })),
    },
  ),
  { minLength: 10, maxLength: 80, size: 'max' },
);
const config = fc.record({
  mode: fc.constantFrom('isolated' as const, 'cross' as const),
  liquidationFeeRate: fc.constantFrom(undefined, rate('0.004')),
});

function open({ mode, liquidationFeeRate }: Pick<MarginConfig, 'mode' | 'liquidationFeeRate'>): { account: MarginAccount; venue: SimulatedVenue } {
  const instruments = NAMES.map((name) => ({ name, leverage: LEVERAGE, brackets: marginBrackets(TIERS) }));
  const account = new MarginAccount({ mode, walletQuote: DEPOSIT, instruments, ...(liquidationFeeRate !== undefined && { liquidationFeeRate }) });
  return { account, venue: createVenue({ instruments: NAMES, makerFeeBps: -0.5, takerFeeBps: 4.5, latencyMs: 0, balances: {} }, account) };
}

function act(venue: SimulatedVenue, step: Step, nowMs: number): VenueOutput[] {
  if (step.do === 'market') return venue.onMarketEvent(step.event);
  return step.do === 'submit' ? venue.submit(step.order, nowMs) : venue.cancel({ instrument: step.instrument, clientOrderId: step.id }, nowMs);
}

/** What is known without the account: quantity, cash and mark of each instrument. */
class Recount {
  cash = parseDecimal(DEPOSIT);
  readonly qty = new Map<string, Decimal>(NAMES.map((name) => [name, 0n]));
  readonly mark = new Map<string, Decimal>();
  readonly #marked = new Set<string>();
  readonly #tradeIds = new Set<number>();

  /** Before the venue acts: the mark that the event brings, and the funding on what is held. */
  onEvent(event: MarketEvent): void {
    if (event.type === 'mark') this.#marked.add(event.instrument);
    if (event.type === 'mark' || (event.type === 'trade' && !this.#marked.has(event.instrument)))
      this.mark.set(event.instrument, decimalFromNumber(event.price));
    const qty = this.qty.get(event.instrument)!;
    if (event.type === 'funding' && qty !== 0n) {
      const exact = qty * this.mark.get(event.instrument)! * decimalFromNumber(event.rate);
      this.cash -= exact / (ONE * ONE);
    }
  }

  onFill(fill: ExchangeFill): void {
    expect(this.#tradeIds.has(fill.tradeId)).toBe(false);
    expect(fill.commissionAsset).toBe('USDT');
    this.#tradeIds.add(fill.tradeId);
    const sign = fill.side === 'buy' ? 1n : -1n;
    this.qty.set(fill.instrument, this.qty.get(fill.instrument)! + sign * fill.qty);
    this.cash -= sign * multiply(fill.price, fill.qty) + fill.commission;
    if (!this.mark.has(fill.instrument)) this.mark.set(fill.instrument, fill.price);
  }

  worth(name: string): Decimal {
    const qty = this.qty.get(name)!;
    return qty === 0n ? 0n : multiply(qty, this.mark.get(name)!);
  }
}

/** Each tier's rate on the part of the notional that lies in it: the brackets' amounts spelled out. */
function maintenanceOf(notional: Decimal): Decimal {
  let sum = 0n;
  for (const { floorQuote, capQuote, maintenanceRate } of TIERS) {
    const top = capQuote !== undefined && notional > capQuote ? capQuote : notional;
    if (top > floorQuote) sum += (top - floorQuote) * maintenanceRate;
  }
  return sum / ONE;
}

function fillsOf(outputs: readonly VenueOutput[]): ExchangeFill[] {
  return outputs.flatMap((output) => (output.type === 'order' && output.fill ? [output.fill] : []));
}

const reached = { liquidations: 0, insured: 0, funded: 0, turned: 0, fills: 0 };

test('wallet = deposit + realised − fees + funding + insurance, equity = wallet + unrealised = cash of the fills at their marks; insurance pays only beyond the margin', () => {
  fc.assert(
    fc.property(steps, config, (history, settings) => {
      const { account, venue } = open(settings);
      const recount = new Recount();
      history.forEach((step, nowMs) => {
        const before = { insurance: account.insuranceQuote, wallet: account.walletQuote, margin: NAMES.map((name) => account.marginQuote(name)) };
        if (step.do === 'market') {
          if (step.event.type === 'funding' && recount.qty.get(step.event.instrument) !== 0n) reached.funded++;
          recount.onEvent(step.event);
        }
        const fills = fillsOf(act(venue, step, nowMs));
        for (const fill of fills) {
          const held = recount.qty.get(fill.instrument)!;
          recount.onFill(fill);
          if (held !== 0n && recount.qty.get(fill.instrument)! * held < 0n) reached.turned++;
        }
        const forced = fills.filter(({ clientOrderId }) => clientOrderId.startsWith('liquidation-'));
        reached.fills += fills.length;
        reached.liquidations += forced.length;

        let booked = 0n;
        let unrealised = 0n;
        for (const name of NAMES) {
          const position = account.position(name);
          expect(position.qty).toBe(recount.qty.get(name));
          booked += position.realisedPnlQuote - position.feesQuote + position.fundingQuote;
          unrealised += recount.worth(name) - position.entryNotionalQuote;
        }
        expect(account.walletQuote).toBe(parseDecimal(DEPOSIT) + booked + account.insuranceQuote);
        expect(account.equityQuote).toBe(account.walletQuote + unrealised);
        expect(account.equityQuote).toBe(recount.cash + recount.worth(BTC) + recount.worth(ETH) + account.insuranceQuote);

        // The insurance pays only where a position was closed by force or nothing is held any more, and never takes back.
        const isFlat = NAMES.every((name) => recount.qty.get(name) === 0n);
        if (account.insuranceQuote !== before.insurance) {
          reached.insured++;
          expect(account.insuranceQuote > before.insurance && (forced.length > 0 || isFlat)).toBe(true);
        }
        if (isFlat) expect(account.walletQuote >= 0n).toBe(true);
        // Isolated: a forced close costs its margin at most.
        if (settings.mode === 'isolated' && step.do === 'market' && step.event.type === 'mark' && forced.length === fills.length) {
          const atStake = forced.reduce((sum, fill) => sum + before.margin[NAMES.indexOf(fill.instrument)]!, 0n);
          expect(account.walletQuote >= before.wallet - atStake).toBe(true);
        }
      });
    }),
    { numRuns: 100 },
  );
  // The histories go where money could be lost.
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(5);
});

test('no position outlives its maintenance margin, and nothing is set aside without a position or an order', () => {
  fc.assert(
    fc.property(steps, config, (history, settings) => {
      const { account, venue } = open(settings);
      const recount = new Recount();
      history.forEach((step, nowMs) => {
        if (step.do === 'market') recount.onEvent(step.event);
        for (const fill of fillsOf(act(venue, step, nowMs))) recount.onFill(fill);
        const held = NAMES.filter((name) => recount.qty.get(name) !== 0n);
        const maintenance = (name: string) => maintenanceOf(abs(recount.worth(name)));
        const gain = (name: string) => recount.worth(name) - account.position(name).entryNotionalQuote;
        const sum = (of: (name: string) => Decimal) => held.reduce((total, name) => total + of(name), 0n);
        if (settings.mode === 'isolated') for (const name of held) expect(account.marginQuote(name) + gain(name) > maintenance(name)).toBe(true);
        else if (held.length > 0) expect(account.walletQuote + sum(gain) > sum(maintenance)).toBe(true);
        for (const name of NAMES) if (!held.includes(name) || settings.mode === 'cross') expect(account.marginQuote(name)).toBe(0n);
        if (venue.openOrders().length > 0) return;
        const free =
          settings.mode === 'isolated'
            ? account.walletQuote - sum((name) => account.marginQuote(name))
            : account.walletQuote + sum((name) => gain(name) - (abs(recount.worth(name)) * ONE) / LEVERAGE);
        expect(account.availableQuote).toBe(free);
      });
    }),
    { numRuns: 60 },
  );
});

test('written out and read back between any two steps, venue and account say the same and hold the same', () => {
  fc.assert(
    fc.property(steps, config, (history, settings) => {
      const straight = open(settings);
      const broken = open(settings);
      history.forEach((step, nowMs) => {
        expect(act(broken.venue, step, nowMs)).toEqual(act(straight.venue, step, nowMs));
        const snapshot = JSON.parse(JSON.stringify(broken.venue.snapshot()));
        broken.venue.restore(snapshot);
        expect(broken.venue.snapshot()).toEqual(snapshot);
      });
      expect(broken.account.snapshot()).toEqual(straight.account.snapshot());
    }),
    { numRuns: 40 },
  );
});

test('positions are closed by force on the far side of the liquidation price of their bracket, and not before', () => {
  fc.assert(
    fc.property(side, fc.integer({ min: 1, max: 35 }), fc.integer({ min: 50, max: 5_000 }), config, (way, qty, entryCents, settings) => {
      const at = (offset: number) => {
        const { account, venue } = open(settings);
        const levels = [[entryCents / 100, 1_000]] as const;
        venue.onMarketEvent(book(levels, levels));
        const [accepted] = venue.submit(order('in', way, String(qty)), 0);
        if (accepted!.type !== 'order') return undefined;
        const { qty: held, entryNotionalQuote } = account.position(BTC);
        const collateralQuote = settings.mode === 'cross' ? account.walletQuote : account.marginQuote(BTC);
        const found = bracketedLiquidationPrice({ collateralQuote, qty: held, entryNotionalQuote }, marginBrackets(TIERS));
        if (found === undefined) return undefined;
        return fillsOf(venue.onMarketEvent(mark(decimalToNumber(found.price) + (way === 'buy' ? 1 : -1) * offset)));
      };
      const safe = at(1e-6);
      if (safe === undefined) return;
      expect(safe).toEqual([]);
      expect(at(-1e-6)).toHaveLength(1);
    }),
    { numRuns: 100 },
  );
});
