import { expect, it } from 'vitest';
import { type LevelChange, OrderBook } from '../../../core/market/book.ts';
import { dataFile, hasCaptures, linesOf, replayCapture } from './captures.ts';

const CAPTURES = [
  { name: 'spot_btcusdt_20240808', top: 'orderbook/binance-spot/BTCUSDT_book20_500ms_2024-08-08.csv.gz' },
  { name: 'usdm_btcusdt_20230404', top: 'orderbook/binance-usdm/BTCUSDT-PERP_book20_500ms_2023-04-04.csv.gz' },
];

/** Twenty levels a side by update id, rebuilt from the same messages by other means. */
function rebuiltTops(path: string): Map<number, { bids: LevelChange[]; asks: LevelChange[] }> {
  const [header, ...rows] = linesOf(path).map((line) => line.split(','));
  const at = (row: readonly string[], name: string) => Number(row[header!.indexOf(name)]);
  const side = (row: readonly string[], name: string) =>
    Array.from({ length: 20 }, (_, i): LevelChange => [at(row, `${name}${i + 1}_px`), at(row, `${name}${i + 1}_qty`)]);
  return new Map(rows.map((row) => [at(row, 'update_id'), { bids: side(row, 'bid'), asks: side(row, 'ask') }]));
}

it.each(hasCaptures ? CAPTURES : [])(
  'the book of $name is the exchange’s own best quotes and the rebuilt top, wherever their update ids meet',
  ({ name, top }) => {
    const tops = rebuiltTops(dataFile(top));
    const quotes = new Map<number, readonly number[]>();
    const book = new OrderBook();
    const met = { quotes: 0, tops: 0, applied: 0 };
    for (const step of replayCapture(name, book)) {
      if (step.kind === 'quote') quotes.set(step.sequence, step.quote);
      else expect(step.outcome).toBe(book.isValid ? 'applied' : 'waiting');
      if (step.kind !== 'diff' || !book.isValid) continue;
      met.applied++;
      const quote = quotes.get(book.sequence);
      if (quote) {
        met.quotes++;
        expect([book.bidPrice(0), book.bidQty(0), book.askPrice(0), book.askQty(0)]).toEqual(quote);
      }
      const rebuilt = tops.get(book.sequence);
      if (rebuilt) {
        met.tops++;
        expect({ bids: book.bestBids(20), asks: book.bestAsks(20) }).toEqual(rebuilt);
      }
    }
    expect(met.applied).toBeGreaterThan(3_000);
    expect(met.quotes).toBeGreaterThan(300);
    expect(met.tops).toBeGreaterThan(150);
    expect(Math.min(book.bidCount, book.askCount)).toBeGreaterThan(1_000);
  },
);

it('survives a lost diff: no book until the snapshot, and then the one that was never lost', () => {
  // Without recorded messages the rule is shown on made ones.
  const [whole, holed] = [new OrderBook(), new OrderBook()];
  const diffs = Array.from({ length: 200 }, (_, i) => ({
    ...{ firstSequence: i + 1, lastSequence: i + 1 },
    bids: [[99 - ((i * 7) % 30), i % 4] as const],
    asks: [[101 + ((i * 11) % 30), (i + 1) % 4] as const],
  }));
  for (const book of [whole, holed]) book.applySnapshot(0, [], []);
  let asked = 0;
  diffs.forEach((diff, i) => {
    whole.applyDiff(diff);
    if (i !== 90 && holed.applyDiff(diff) === 'invalid') asked++;
    if (i > 90 && i < 120) expect(holed.bestBids(5)).toEqual([]);
    if (i === 120) expect(holed.applySnapshot(whole.sequence, whole.bestBids(99), whole.bestAsks(99))).toBe('applied');
  });
  expect(asked).toBe(1);
  expect(holed.snapshot()).toEqual(whole.snapshot());
});
