import type { BookLevels } from '../../../core/market/book.ts';
import { Amihud } from '../../../core/microstructure/amihud.ts';
import { orderBookImbalance, weightedBookImbalance } from '../../../core/microstructure/book-imbalance.ts';
import { CorwinSchultz } from '../../../core/microstructure/corwin-schultz.ts';
import { InformationBarBuilder, type InformationBarKind } from '../../../core/microstructure/information-bars.ts';
import { kyleLambda, RollingKyleLambda } from '../../../core/microstructure/kyle-lambda.ts';
import { microprice, midPrice } from '../../../core/microstructure/microprice.ts';
import { OrderFlowImbalance } from '../../../core/microstructure/order-flow-imbalance.ts';
import { quotedSpreadBps } from '../../../core/microstructure/spread.ts';
import { rollSpread } from '../../../core/microstructure/roll-spread.ts';
import { TickRule } from '../../../core/microstructure/tick-rule.ts';
import { TimedTradeFlowImbalance, TradeFlowImbalance } from '../../../core/microstructure/trade-flow-imbalance.ts';
import { bulkBuyShare, RollingBulkClassifier, takerBuyShare, vpinOfBars } from '../../../core/microstructure/vpin.ts';
import type { Adapter } from '../cases.ts';

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly number[])[];
}

/** Rows with columns bid0, bidQty0, ask0, askQty0, bid1 … as books. */
function booksOf(inputs: Readonly<Record<string, unknown>>): BookLevels[] {
  const { columns, rows } = inputs.book as Table;
  const depth = columns.filter((name) => /^bid\d+$/.test(name)).length;
  const side = (row: readonly number[], name: 'bid' | 'ask') =>
    Array.from({ length: depth }, (_, level): [number, number] => [row[columns.indexOf(`${name}${level}`)]!, row[columns.indexOf(`${name}Qty${level}`)]!]);
  return rows.map((row) => ({ bids: side(row, 'bid'), asks: side(row, 'ask') }));
}

const numbers = (values: unknown) => values as number[];
const signOf = (side: unknown) => (side === 'buy' ? 1 : -1);
const changesOf = (closes: readonly number[]) => closes.slice(1).map((close, i) => close - closes[i]!);
const signedVolumes = (inputs: Readonly<Record<string, unknown>>) =>
  numbers(inputs.takerBuyVolume).map((takerBuy, i) => 2 * takerBuy - numbers(inputs.volume)[i]!);

function buyShares(params: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, unknown>>): number[] {
  const closes = numbers(inputs.close);
  if (params.classification === 'taker') return numbers(inputs.takerBuyVolume).map((takerBuy, i) => takerBuyShare(takerBuy, numbers(inputs.volume)[i]!));
  if (params.classification === 'bvc') return [0, ...changesOf(closes)].map((change) => bulkBuyShare(change, params.sigma as number));
  const classifier = new RollingBulkClassifier(params.sigmaWindow as number);
  return closes.map((close) => classifier.update(close));
}

export const microstructureAdapters: Readonly<Record<string, Adapter>> = {
  orderBookImbalance: ({ levels }, inputs) => ({ imbalance: booksOf(inputs).map((book) => orderBookImbalance(book, levels!)) }),
  weightedBookImbalance: ({ levels, decay }, inputs) => ({ imbalance: booksOf(inputs).map((book) => weightedBookImbalance(book, levels!, decay!)) }),
  microprice: (_params, inputs) => {
    const books = booksOf(inputs);
    return { microprice: books.map(microprice), mid: books.map(midPrice), spreadBps: books.map(quotedSpreadBps) };
  },
  orderFlowImbalance: (_params, inputs) => {
    const flow = new OrderFlowImbalance();
    return { ofi: booksOf(inputs).map(({ bids: [bid], asks: [ask] }) => flow.update(bid![0], bid![1], ask![0], ask![1])) };
  },
  tradeFlowImbalance: ({ window }, { qty, side }) => {
    const flow = new TradeFlowImbalance(window!);
    return { tfi: numbers(qty).map((size, i) => flow.update(size, signOf((side as unknown[])[i]))) };
  },
  tradeFlowImbalanceTime: ({ bucketMs }, { ts, qty, side }) => {
    const flow = new TimedTradeFlowImbalance(bucketMs!);
    const closed = numbers(ts).map((timeMs, i) => flow.update(timeMs, numbers(qty)[i]!, signOf((side as unknown[])[i])));
    const buckets = [...closed, flow.forming()].filter((bucket) => bucket !== undefined);
    return { bucketStart: buckets.map((bucket) => bucket.startMs), tfi: buckets.map((bucket) => bucket.imbalance) };
  },
  tickRule: (_params, { price }) => {
    const rule = new TickRule();
    return { sign: numbers(price).map((value) => rule.update(value)) };
  },
  informationBars: (params, { price, qty }) => {
    const builder = new InformationBarBuilder(params.kind as unknown as InformationBarKind, params.threshold!);
    const bars = numbers(price).map((value, i) => builder.update(value, numbers(qty)[i]!));
    return {
      bars: bars.filter((bar) => bar !== undefined).map((bar) => [bar.firstIndex, bar.lastIndex, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap]),
    };
  },
  vpin: (params, inputs) => ({ ...vpinOfBars(numbers(inputs.volume), buyShares(params, inputs), params.bucketVolume!, params.window!) }),
  kyleLambda: (_params, inputs) => ({ ...kyleLambda(changesOf(numbers(inputs.close)), signedVolumes(inputs).slice(1)) }),
  kyleLambdaRolling: ({ period }, inputs) => {
    const lambda = new RollingKyleLambda(period!);
    const flows = signedVolumes(inputs);
    return { lambda: numbers(inputs.close).map((close, i) => lambda.update(close, flows[i]!)) };
  },
  amihud: (_params, { close, volume }) => {
    const measure = new Amihud();
    numbers(close).forEach((value, i) => {
      measure.update(value, numbers(volume)[i]!);
    });
    return { illiq: measure.value, bars: measure.bars };
  },
  rollSpread: (_params, { price }) => ({ ...rollSpread(numbers(price)) }),
  corwinSchultz: (_params, { high, low }) => {
    const measure = new CorwinSchultz();
    return { spread: numbers(high).map((value, i) => measure.update(value, numbers(low)[i]!)) };
  },
};
