import { type Decimal, decimalFromNumber, formatDecimal, multiply, parseDecimal } from '../../../core/market/decimal.ts';
import type { RejectCode, SubmitOrder } from '../../../core/venue/orders.ts';
import type { InstrumentSpec } from './specs.ts';

/** An answer that is not a result: HTTP status, Binance's code, and its words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const CLIENT_ORDER_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const MAX_OPEN_ORDERS = 200;
const MIN_NOTIONAL = parseDecimal('5');
const MAX_NOTIONAL = parseDecimal('9000000');
const MAX_QTY = parseDecimal('9000000');
const MAX_PRICE = parseDecimal('1000000');
/** PERCENT_PRICE_BY_SIDE: a price may be this many times the five-minute average. */
const HIGHEST_MULTIPLIER = 5n;
const LOWEST_DIVISOR = 5n;
const MAX_ICEBERG_PARTS = 10n;
const MIN_TRAILING_BPS = 10;
const MAX_TRAILING_BPS = 2_000;

/** Order types by Binance's names; what they wait for is a trigger here. */
const ORDER_TYPES: Readonly<Record<string, Pick<SubmitOrder, 'type' | 'triggerType'>>> = {
  LIMIT: { type: 'limit' },
  LIMIT_MAKER: { type: 'limit_maker' },
  MARKET: { type: 'market' },
  STOP_LOSS: { type: 'market', triggerType: 'stop' },
  STOP_LOSS_LIMIT: { type: 'stop_loss_limit' },
  TAKE_PROFIT: { type: 'market', triggerType: 'takeProfit' },
  TAKE_PROFIT_LIMIT: { type: 'limit', triggerType: 'takeProfit' },
};
export const ORDER_TYPE_NAMES: readonly string[] = Object.keys(ORDER_TYPES);

/** Binance's name of an order's type. */
export function orderTypeName({ type, triggerType }: SubmitOrder): string {
  if (triggerType === undefined) return type.toUpperCase();
  const waits = triggerType === 'takeProfit' ? 'TAKE_PROFIT' : 'STOP_LOSS';
  return type === 'market' ? waits : `${waits}_LIMIT`;
}

/** Filters as `exchangeInfo` states them; `checkFilters` enforces the same numbers. */
export function filtersOf(spec: InstrumentSpec): object[] {
  return [
    { filterType: 'PRICE_FILTER', minPrice: tick(spec), maxPrice: text8(MAX_PRICE), tickSize: tick(spec) },
    { filterType: 'LOT_SIZE', minQty: step(spec), maxQty: text8(MAX_QTY), stepSize: step(spec) },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: String(HIGHEST_MULTIPLIER),
      bidMultiplierDown: String(1 / Number(LOWEST_DIVISOR)),
      askMultiplierUp: String(HIGHEST_MULTIPLIER),
      askMultiplierDown: String(1 / Number(LOWEST_DIVISOR)),
      avgPriceMins: 5,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: text8(MIN_NOTIONAL),
      applyMinToMarket: true,
      maxNotional: text8(MAX_NOTIONAL),
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    { filterType: 'ICEBERG_PARTS', limit: Number(MAX_ICEBERG_PARTS) },
    {
      filterType: 'TRAILING_DELTA',
      minTrailingAboveDelta: MIN_TRAILING_BPS,
      maxTrailingAboveDelta: MAX_TRAILING_BPS,
      minTrailingBelowDelta: MIN_TRAILING_BPS,
      maxTrailingBelowDelta: MAX_TRAILING_BPS,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: MAX_OPEN_ORDERS },
  ];
}

/**
 * Reads `POST /api/v3/order`. @throws ApiError -1102, -1100, -1106, -1111, -1115, -1116, -1117 as Binance
 */
export function parseOrder(params: URLSearchParams, spec: InstrumentSpec, generatedId: string): SubmitOrder {
  const side = params.get('side')?.toLowerCase();
  if (side !== 'buy' && side !== 'sell') throw new ApiError(400, -1117, 'Invalid side.');
  const typeName = params.get('type')?.toUpperCase() ?? '';
  const named = Object.hasOwn(ORDER_TYPES, typeName) ? ORDER_TYPES[typeName] : undefined;
  if (named === undefined) throw new ApiError(400, -1116, 'Invalid orderType.');
  const { type } = named;
  const callbackBps = trailingParam(params, named);
  const waits = type === 'stop_loss_limit' || named.triggerType !== undefined;
  const needsTimeInForce = type === 'limit' || type === 'stop_loss_limit';
  const timeInForce = params.get('timeInForce') ?? (needsTimeInForce ? missing('timeInForce') : 'GTC');
  if (timeInForce !== 'GTC' && timeInForce !== 'IOC' && timeInForce !== 'FOK') throw new ApiError(400, -1115, 'Invalid timeInForce.');
  const clientOrderId = params.get('newClientOrderId') || generatedId;
  if (!CLIENT_ORDER_ID.test(clientOrderId))
    throw new ApiError(400, -1100, "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.");
  const displayQty = decimalParam(params, 'icebergQty', false);
  const trailing = { type: type === 'market' ? type : 'limit', triggerType: 'trailing', callbackBps } as const;
  return {
    clientOrderId,
    instrument: spec.instrument,
    side,
    ...(callbackBps === undefined ? named : trailing),
    timeInForce,
    qty: decimalParam(params, 'quantity', true)!,
    price: decimalParam(params, 'price', type !== 'market'),
    stopPrice: decimalParam(params, 'stopPrice', waits && callbackBps === undefined),
    ...(displayQty !== undefined && displayQty > 0n && { displayQty }),
  };
}

/** In basis points, of stop orders only. */
function trailingParam(params: URLSearchParams, { type, triggerType }: Pick<SubmitOrder, 'type' | 'triggerType'>): number | undefined {
  const text = params.get('trailingDelta');
  if (text === null || text === '') return undefined;
  if (type !== 'stop_loss_limit' && triggerType !== 'stop') throw new ApiError(400, -1106, "Parameter 'trailingDelta' sent when not required.");
  if (!/^\d{1,9}$/.test(text)) throw new ApiError(400, -1100, "Illegal characters found in parameter 'trailingDelta'; legal range is '^[0-9]{1,20}$'.");
  return Number(text);
}

function missing(name: string): never {
  throw new ApiError(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

function decimalParam(params: URLSearchParams, name: string, isNeeded: boolean): Decimal | undefined {
  const text = params.get(name);
  if (text === null || text === '') return isNeeded ? missing(name) : undefined;
  if (!/^\d{1,20}(\.\d+)?$/.test(text))
    throw new ApiError(400, -1100, `Illegal characters found in parameter '${name}'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.`);
  try {
    return parseDecimal(text);
  } catch {
    throw new ApiError(400, -1111, `Parameter '${name}' has too much precision.`);
  }
}

/** @throws ApiError -1013 naming the filter that failed */
export function checkFilters(order: SubmitOrder, spec: InstrumentSpec, averagePrice: number, openOrders: number): void {
  const fail = (filter: string): never => {
    throw new ApiError(400, -1013, `Filter failure: ${filter}`);
  };
  const tickSize = parseDecimal(tick(spec));
  const stepSize = parseDecimal(step(spec));
  for (const price of [order.price, order.stopPrice]) {
    if (price !== undefined && (price < tickSize || price > MAX_PRICE || price % tickSize !== 0n)) fail('PRICE_FILTER');
  }
  if (order.qty < stepSize || order.qty > MAX_QTY || order.qty % stepSize !== 0n) fail('LOT_SIZE');
  if (order.displayQty !== undefined && (order.displayQty % stepSize !== 0n || order.qty > order.displayQty * MAX_ICEBERG_PARTS)) fail('ICEBERG_PARTS');
  if (order.callbackBps !== undefined && (order.callbackBps < MIN_TRAILING_BPS || order.callbackBps > MAX_TRAILING_BPS)) fail('TRAILING_DELTA');
  const average = decimalFromNumber(averagePrice);
  if (order.price !== undefined && (order.price > average * HIGHEST_MULTIPLIER || order.price < average / LOWEST_DIVISOR)) fail('PERCENT_PRICE_BY_SIDE');
  const notional = multiply(order.price ?? average, order.qty);
  if (notional < MIN_NOTIONAL || (order.type !== 'market' && notional > MAX_NOTIONAL)) fail('NOTIONAL');
  if (openOrders >= MAX_OPEN_ORDERS) fail('MAX_NUM_ORDERS');
}

const REJECTIONS: Readonly<Record<RejectCode, readonly [code: number, message: string]>> = {
  UNKNOWN_INSTRUMENT: [-1121, 'Invalid symbol.'],
  BAD_ORDER: [-1106, 'Parameter was sent when not required, or is not positive.'],
  DUPLICATE_CLIENT_ORDER_ID: [-2010, 'Duplicate order sent.'],
  INSUFFICIENT_BALANCE: [-2010, 'Account has insufficient balance for requested action.'],
  WOULD_TAKE: [-2010, 'Order would immediately match and take.'],
  STOP_WOULD_TRIGGER: [-2010, 'Stop price would trigger immediately.'],
  NO_MARKET: [-2010, 'Market is closed.'],
  REDUCE_ONLY: [-2022, 'ReduceOnly Order is rejected.'],
  LEVERAGE: [-2027, 'Exceeded the maximum allowable position at current leverage.'],
  UNKNOWN_ORDER: [-2011, 'Unknown order sent.'],
};

export function rejection(code: RejectCode): ApiError {
  const [number, message] = REJECTIONS[code];
  return new ApiError(400, number, message);
}

/** Eight places, always, as Binance prints numbers. */
export function text8(value: Decimal | number): string {
  if (typeof value === 'number') return value.toFixed(8);
  const text = formatDecimal(value);
  const point = text.indexOf('.');
  return point < 0 ? `${text}.00000000` : text.padEnd(point + 9, '0');
}

function tick(spec: InstrumentSpec): string {
  return (10 ** -spec.priceDecimals).toFixed(8);
}

function step(spec: InstrumentSpec): string {
  return (10 ** -spec.qtyDecimals).toFixed(8);
}
