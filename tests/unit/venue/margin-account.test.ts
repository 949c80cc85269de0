import { beforeEach, describe, expect, test } from 'vitest';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import { type MarginTier, marginBrackets } from '../../../core/portfolio/margin.ts';
import { MarginAccount, type MarginConfig } from '../../../core/venue/margin-account.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import { BTC, book, funding, mark, order, say, trade } from './venue-tools.ts';

const ETH = 'sim:ETH/USDT';
const FLAT_TIER: MarginTier[] = [{ floorQuote: 0n, capQuote: undefined, maintenanceRate: parseDecimal('0.005') }];

let account: MarginAccount;
let venue: SimulatedVenue;

/** Ten-fold leverage, 0.5 % maintenance, no fees; 100 × 10 on both sides of BTC, 1 × 1000 of ETH. */
function open(config: Partial<MarginConfig>, tiers: readonly MarginTier[] = FLAT_TIER, leverage = '10', takerFeeBps = 0): void {
  const legs = [BTC, ETH].map((name) => ({ name, leverage: parseDecimal(leverage), brackets: marginBrackets(tiers) }));
  account = new MarginAccount({ mode: 'isolated', walletQuote: '100', instruments: legs, ...config });
  venue = createVenue({ instruments: [BTC, ETH], makerFeeBps: 0, takerFeeBps, latencyMs: 0, balances: {} }, account);
  venue.onMarketEvent(book([[100, 10]], [[100, 10]]));
  venue.onMarketEvent({ ...book([[1, 1_000]], [[1, 1_000]]), instrument: ETH });
}

const submit = (...args: Parameters<typeof order>) => say(venue.submit(order(...args), 1));
const on = (event: Parameters<SimulatedVenue['onMarketEvent']>[0]) => say(venue.onMarketEvent(event));
const money = () => ({
  wallet: formatDecimal(account.walletQuote),
  available: formatDecimal(account.availableQuote),
  margin: formatDecimal(account.marginQuote(BTC)),
  equity: formatDecimal(account.equityQuote),
  insurance: formatDecimal(account.insuranceQuote),
});

beforeEach(() => open({}));

describe('isolated margin', () => {
  test('an opening fill sets its margin aside; fees and realised gains move the free wallet', () => {
    open({}, FLAT_TIER, '10', 10);
    submit('long', 'buy', '2');
    expect(money()).toEqual({ wallet: '99.8', available: '79.8', margin: '20', equity: '99.8', insurance: '0' });
    on(mark(110));
    expect(money()).toMatchObject({ available: '79.8', equity: '119.8' });
    venue.onMarketEvent(book([[110, 10]], [[111, 10]]));
    submit('half', 'sell', '1');
    // Gains 10, pays 0.11; half of the margin is free again.
    expect(money()).toEqual({ wallet: '109.69', available: '99.69', margin: '10', equity: '119.69', insurance: '0' });
  });

  test('a fill through zero closes all and sets margin aside for the rest', () => {
    submit('long', 'buy', '1');
    submit('flip', 'sell', '3');
    expect(formatDecimal(account.position(BTC).qty)).toBe('-2');
    expect(money()).toMatchObject({ wallet: '100', margin: '20', available: '80' });
  });

  // Margin 10 behind 1 at 100: long (10 + P − 100) = 0.005 P at 90.4523, short (10 + 100 − P) = 0.005 P at 109.4527.
  test.each([
    ['buy', 90.46, 90.45, { wallet: '90', insurance: '0.00225' }],
    ['sell', 109.45, 109.46, { wallet: '90', insurance: '0.0073' }],
  ] as const)(
    '%s: closed by force once the margin balance no longer exceeds the maintenance margin, and loses no more than its margin',
    (side, safe, beyond, after) => {
      submit('in', side, '1');
      expect(on(mark(safe))).toEqual([]);
      expect(on(mark(beyond))).toEqual([`liquidation-2 trade FILLED 1@${beyond}`]);
      expect(money()).toMatchObject({ ...after, margin: '0', available: '90' });
      expect(account.position(BTC).qty).toBe(0n);
    },
  );

  test('a gap beyond the margin is the insurance’s loss', () => {
    submit('long', 'buy', '1');
    on(mark(80));
    // Loses 20 and 0.4 fee, of which 10 was margin.
    expect(money()).toMatchObject({ wallet: '90', insurance: '10.4' });
  });

  test('one position’s liquidation touches neither the other nor its orders', () => {
    submit('long', 'buy', '1');
    submit('eth', 'buy', '100', undefined, { instrument: ETH });
    submit('rest', 'buy', '1', '90');
    submit('rest-eth', 'buy', '1', '0.9', { instrument: ETH });
    expect(on(mark(90))).toEqual(['rest canceled CANCELED', 'liquidation-5 trade FILLED 1@90']);
    expect(formatDecimal(account.position(ETH).qty)).toBe('100');
    expect(venue.openOrders().map(({ clientOrderId }) => clientOrderId)).toEqual(['rest-eth']);
  });

  test('funding moves the margin of its position, and can use it up', () => {
    submit('long', 'buy', '1');
    on(funding(0.001));
    expect(money()).toMatchObject({ wallet: '99.9', margin: '9.9', available: '90' });
    on(funding(-0.001));
    expect(money()).toMatchObject({ wallet: '100', margin: '10', available: '90' });
    // 9.6 of 10 leaves 0.4, below the maintenance margin of 0.5.
    expect(on(funding(0.096))).toEqual(['liquidation-2 trade FILLED 1@100']);
  });
});

describe('cross margin', () => {
  beforeEach(() => open({ mode: 'cross', walletQuote: '20' }));

  test('the whole wallet stands behind a position; gains at the mark can be promised, losses cannot', () => {
    submit('long', 'buy', '1');
    expect(money()).toEqual({ wallet: '20', available: '10', margin: '0', equity: '20', insurance: '0' });
    on(mark(110));
    expect(money()).toMatchObject({ available: '19', equity: '30' });
    on(mark(90));
    expect(money()).toMatchObject({ available: '1', equity: '10' });
    // (20 + P − 100) = 0.005 P at 80.402.
    expect(on(mark(80.41))).toEqual([]);
    expect(on(mark(80.4))).toEqual(['liquidation-2 trade FILLED 1@80.4']);
    expect(money()).toEqual({ wallet: '0', available: '0', margin: '0', equity: '0', insurance: '0.002' });
  });

  test('closes the largest maintenance margin first, and all of it when that margin is the fee', () => {
    submit('long', 'buy', '1');
    submit('eth', 'buy', '10', undefined, { instrument: ETH });
    expect(on(mark(80.4))).toEqual(['liquidation-3 trade FILLED 1@80.4', 'liquidation-4 trade FILLED 10@1']);
    expect(money()).toMatchObject({ wallet: '0', insurance: '0.052' });
  });

  test('with a smaller fee the rest of the account lives on', () => {
    open({ mode: 'cross', walletQuote: '20', liquidationFeeRate: parseDecimal('0.002') });
    submit('long', 'buy', '1');
    submit('eth', 'buy', '10', undefined, { instrument: ETH });
    // 20 − 19.55 = 0.45 is below 0.40225 + 0.05; after a fee of 0.1609 there are 0.2891 behind ETH, which needs 0.05.
    expect(on(mark(80.45))).toEqual(['liquidation-3 trade FILLED 1@80.45']);
    expect(money()).toMatchObject({ wallet: '0.2891', insurance: '0' });
  });
});

describe('what an order needs', () => {
  test('the initial margin of what it adds, at its limit', () => {
    expect(submit('much', 'buy', '11', '99')).toEqual(['much refused INSUFFICIENT_BALANCE']);
    expect(submit('fits', 'buy', '10', '99')).toEqual(['fits new NEW']);
    expect(money()).toMatchObject({ available: '1' });
    say(venue.cancel({ instrument: BTC, clientOrderId: 'fits' }, 2));
    expect(money()).toMatchObject({ available: '100' });
  });

  test('a sell that may fill above its limit counts at the mark', () => {
    on(mark(200));
    // 6 at 200 with ten-fold leverage needs 120.
    expect(submit('short', 'sell', '6', '150')).toEqual(['short refused INSUFFICIENT_BALANCE']);
    expect(submit('less', 'sell', '5', '150')).toEqual(['less new NEW']);
  });

  test('what reduces needs nothing, but only once: a second order of that side opens', () => {
    submit('long', 'buy', '5');
    expect(money()).toMatchObject({ available: '50' });
    submit('out', 'sell', '5', '110');
    expect(money()).toMatchObject({ available: '50' });
    submit('more', 'sell', '3', '110');
    expect(money()).toMatchObject({ available: '17' });
    expect(submit('too-much', 'sell', '3', '110')).toEqual(['too-much refused INSUFFICIENT_BALANCE']);
  });

  // Up to 1000 twenty-fold; beyond that ten-fold at most.
  const tiers: MarginTier[] = [
    { floorQuote: 0n, capQuote: parseDecimal('1000'), maintenanceRate: parseDecimal('0.005'), maxLeverage: parseDecimal('20') },
    { floorQuote: parseDecimal('1000'), capQuote: undefined, maintenanceRate: parseDecimal('0.01'), maxLeverage: parseDecimal('10') },
  ];

  test('a leverage that the tier of the whole position allows, open orders of its side included', () => {
    open({ walletQuote: '1000' }, tiers, '20');
    submit('in', 'buy', '5');
    submit('rest', 'buy', '4', '99');
    expect(submit('over', 'buy', '2', '99')).toEqual(['over refused LEVERAGE']);
    // 500 held, 400 open at the mark of 100, 99 more.
    expect(submit('fits', 'buy', '1', '99')).toEqual(['fits new NEW']);
    expect(submit('out', 'sell', '5', '110')).toEqual(['out new NEW']);
  });

  test('the tier in force at the mark decides when a position is closed', () => {
    open({ mode: 'cross', walletQuote: '140' }, tiers, '10');
    submit('short', 'sell', '10');
    // (140 + 1000 − 10 P) = 10 P × 1 % − 5 at 113.366; the first tier's 0.5 % would hold until 113.43.
    expect(on(mark(113.36))).toEqual([]);
    expect(on(mark(113.37))).toEqual(['liquidation-2 trade FILLED 10@113.37']);
  });
});

test('a restored account goes on to the same unit', () => {
  open({ mode: 'isolated' });
  submit('long', 'buy', '2');
  submit('out', 'sell', '3', '105');
  on(funding(0.0003));
  const before = { ...money(), list: account.list() };
  const snapshot = JSON.parse(JSON.stringify(venue.snapshot()));
  open({ mode: 'isolated', walletQuote: '0' });
  venue.restore(snapshot);
  expect({ ...money(), list: account.list() }).toEqual(before);
  venue.onMarketEvent(book([[104, 1]], [[106, 1]]));
  expect(on(trade('buy', 5, 105.5))).toEqual(['out trade FILLED 3@105']);
  expect(money()).toMatchObject({ wallet: '109.94', margin: '10.5', available: '99.44' });
});

test('needs instruments of one quote currency, and a snapshot of its own kind', () => {
  const instruments = ['sim:BTC/USDT', 'sim:BTC/EUR'].map((name) => ({ name, leverage: parseDecimal('2'), brackets: marginBrackets(FLAT_TIER) }));
  expect(() => new MarginAccount({ mode: 'cross', walletQuote: '1', instruments })).toThrow('one quote currency');
  expect(() => account.restore({ balances: [] })).toThrow('spot account');
});
