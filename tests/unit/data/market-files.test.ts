import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { MarketEvent } from '../../../core/market/events.ts';
import { findInstrumentFiles, readBars, readBooks, readCapture, readFunding, readInstrumentBars, readTrades } from '../../../infra/market-files.ts';

const dir = mkdtempSync(join(tmpdir(), 'touchstone-files-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function all<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const batch of batches) items.push(...batch);
  return items;
}

const HEADER = 'ts_ms,open,high,low,close,volume';

describe('bars', () => {
  it('are read from CSV and CSV.gz alike, in any order of columns, with further ones, CRLF and no last newline', async () => {
    const plain = await readBars(file('plain.csv', `${HEADER}\n1000,1,3,0.5,2,10\n2000,2,2,2,2,0\n`));
    const packed = await readBars(file('packed.csv.gz', 'close,volume,trades,ts_ms,open,high,low\r\n2,10,7,1000,1,3,0.5\r\n2,0,0,2000,2,2,2'));
    expect(packed).toEqual(plain);
    expect([...plain.close]).toEqual([2, 2]);
  });

  it.each([
    ['a word for a number', '2000,1,x,1,1,1', 'a price is not above 0'],
    ['an empty field', '2000,1,2,,1,1', 'a price is not above 0'],
    ['NaN', '2000,NaN,2,1,1,1', 'open or close outside [low, high]'],
    ['an infinite price', '2000,1,Infinity,1,1,1', 'a price is not above 0'],
    ['a negative volume', '2000,1,2,1,1,-1', 'volume is negative or missing'],
    ['a close above the high', '2000,1,2,1,3,1', 'open or close outside [low, high]'],
    ['a repeated time', '1000,1,2,1,1,1', 'time does not ascend'],
    ['time in seconds with a fraction', '1.5,1,2,1,1,1', 'time is not in milliseconds'],
    ['a missing field', '2000,1,2,1,1', '5 fields, the header has 6'],
  ])('%s ends the reading, naming file and line', async (_what, row, problem) => {
    const path = file('bad.csv', `${HEADER}\n1000,1,2,1,1,1\n${row}\n3000,1,2,1,1,1\n`);
    await expect(readBars(path)).rejects.toThrow(`${path}:3: ${problem}`);
    await expect(readBars(path)).rejects.toMatchObject({ code: 'BAD_DATA_FILE' });
  });

  it.each([
    ['no such file', 'nowhere.csv', undefined, /no such file/],
    ['an empty file', 'empty.csv', '', /:1: the file is empty/],
    ['a header without the columns', 'header.csv', 'time,price\n1,2\n', /:1: the header has no column ts_ms, open, high, low, close, volume/],
    ['a broken archive', 'broken.csv.gz', 'raw', /incorrect header check/],
  ])('%s is one clear error', async (_what, name, text, message) => {
    const path = text === undefined ? join(dir, name) : file(name, text);
    if (text === 'raw') writeFileSync(path, 'this is not gzip');
    await expect(readBars(path)).rejects.toThrow(message);
  });

  it('of an instrument are found by name, merged where files overlap, and cut to the range', async () => {
    file('data/candles/binance-spot/BTCUSDT_5m_2020-01.csv', `${HEADER}\n1000,1,1,1,1,1\n2000,2,2,2,2,1\n`);
    file('data/candles/binance-spot/BTCUSDT_5m_2020-02.csv', `${HEADER}\n2000,9,9,9,9,1\n3000,3,3,3,3,1\n4000,4,4,4,4,1\n`);
    file('data/candles/binance-spot/BTCUSDT_1h_2020-01.csv', `${HEADER}\n1000,7,7,7,7,1\n`);
    const data = join(dir, 'data');
    expect(findInstrumentFiles(data, 'binance:BTC/USDT', 'bars').map(({ interval }) => interval)).toEqual(['1h', '5m', '5m']);
    expect([...(await readInstrumentBars(data, 'binance:BTC/USDT', '5m', 2000, 4000)).close]).toEqual([2, 3]);
    await expect(readInstrumentBars(data, 'binance:ETH/USDT', '5m')).rejects.toMatchObject({ code: 'NO_DATA' });
  });
});

describe('ticks', () => {
  it('trades keep their ids, and rows that are no trades of the market are left out', async () => {
    const path = file('trades.csv', 'ts_ms,trade_id,price,qty,taker_side,order_type\n1000,7,10.5,2,buy,MARKET\n1001,8,11,1,sell,INSURANCE_FUND\n');
    expect(await all(readTrades(path, 'binance:BTC/USDT'))).toEqual([
      {
        type: 'trade',
        id: 'binance:BTC/USDT#t7',
        instrument: 'binance:BTC/USDT',
        eventTimeMs: 1000,
        receivedTimeMs: 1000,
        tradeId: '7',
        price: 10.5,
        qty: 2,
        takerSide: 'buy',
        path: 'replay',
      },
    ]);
  });

  it.each([
    ['1000,0,1,buy', 'price is "0"; want a number above 0'],
    ['1000,1,1,left', 'taker_side is "left"; want buy or sell'],
    [',1,1,buy', 'ts_ms is not a time in milliseconds'],
  ])('a trade %s is refused', async (row, problem) => {
    const path = file('bad-trades.csv', `ts_ms,price,qty,taker_side\n${row}\n`);
    await expect(all(readTrades(path, 'binance:BTC/USDT'))).rejects.toThrow(`${path}:2: ${problem}`);
  });

  it('books have as many levels as the file, and a crossed one is refused', async () => {
    const header = 'event_ms,bid1_px,bid1_qty,ask1_px,ask1_qty,bid2_px,bid2_qty,ask2_px,ask2_qty';
    const [book] = await all(readBooks(file('books.csv', `${header}\n1000,99,1,101,2,98,3,102,4\n`), 'binance:BTC/USDT'));
    expect(book).toMatchObject({
      bids: [
        [99, 1],
        [98, 3],
      ],
      asks: [
        [101, 2],
        [102, 4],
      ],
      sequence: 2,
    });
    await expect(all(readBooks(file('crossed.csv', `${header}\n1000,101,1,101,2,98,3,102,4\n`), 'binance:BTC/USDT'))).rejects.toThrow(
      ':2: bid is not below ask',
    );
  });

  it('funding rates', async () => {
    expect(await all(readFunding(file('funding.csv', 'ts_ms,funding_rate\n1000,-0.0001\n')))).toEqual([{ timeMs: 1000, rate: -0.0001 }]);
  });
});

describe('a raw capture', () => {
  const line = (raw: unknown) => `${JSON.stringify({ recv_ns: 5_000_000_000, raw })}\n`;
  const diff = (U: number, u: number, b: string[][], a: string[][] = []) =>
    line({ stream: 'btcusdt@depth@100ms', data: { e: 'depthUpdate', E: 4_000 + u, U, u, b, a } });
  const snapshot = line({ lastUpdateId: 10, bids: [['99', '1']], asks: [['101', '1']] });

  it('joins diffs to the snapshot, tells trades, and marks a hole in the sequence instead of a book', async () => {
    const trade = line({ stream: 'btcusdt@trade', data: { e: 'trade', t: 3, p: '100.5', q: '2', T: 4_500, m: true } });
    const ticker = line({ stream: 'btcusdt@bookTicker', data: { u: 1 } });
    const first = file('capture-1.jsonl', diff(9, 11, [['99.5', '2']]) + ticker + snapshot + trade);
    const second = file('capture-2.jsonl.gz', diff(12, 12, [['99.5', '0']]) + diff(14, 14, []) + diff(15, 15, []));
    const events: MarketEvent[] = await all(readCapture([first, second], 'binance:BTC/USDT', 5));
    expect(events.map((event) => event.type)).toEqual(['book', 'trade', 'book', 'gap']);
    expect(events[0]).toMatchObject({
      sequence: 11,
      bids: [
        [99.5, 2],
        [99, 1],
      ],
      asks: [[101, 1]],
      eventTimeMs: 4_011,
      receivedTimeMs: 5_000,
    });
    expect(events[1]).toMatchObject({ takerSide: 'sell', price: 100.5, eventTimeMs: 4_500, id: 'binance:BTC/USDT#t3' });
    expect(events[2]).toMatchObject({ sequence: 12, bids: [[99, 1]] });
  });

  it('names the line that is not JSON', async () => {
    const path = file('bad.jsonl', `${snapshot}{"recv_ns":1,\n`);
    await expect(all(readCapture([path], 'binance:BTC/USDT'))).rejects.toThrow(`${path}:2: `);
  });
});
