import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instrumentSpec } from '../../../infra/dev/exchange/specs.ts';
import { makeTapes } from '../../../infra/dev/exchange/tapes.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tapes-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function write(folder: string, name: string, text: string): void {
  mkdirSync(join(dataDir, folder), { recursive: true });
  writeFileSync(join(dataDir, folder, name), gzipSync(text));
}

function capture(...messages: object[]): void {
  write('raw-ws/binance-captures', 'spot_btcusdt_20240808.jsonl.gz', messages.map((raw) => JSON.stringify({ recv_ns: 1, raw })).join('\n'));
}

function diff(E: number, U: number, u: number, b: string[][], a: string[][] = []) {
  return { stream: 'btcusdt@depth@100ms', data: { e: 'depthUpdate', E, s: 'BTCUSDT', U, u, b, a } };
}

const snapshot = {
  lastUpdateId: 105,
  bids: [
    ['100.00', '1'],
    ['99.00', '2'],
    ['10.00', '9'],
  ],
  asks: [['101.00', '1']],
};
const trade = { stream: 'btcusdt@trade', data: { e: 'trade', E: 1_150, T: 1_149, s: 'BTCUSDT', t: 1, p: '100.00', q: '0.5', m: true } };
const recorded = () => makeTapes({ type: 'recorded', dataDir }, ['sim:BTC/USDT'], 1)[0]!;

describe('a raw capture', () => {
  test('is joined as Binance prescribes, also when the snapshot stands behind the diff that spans it', () => {
    capture(
      diff(1_000, 90, 99, [['100.00', '7']]),
      diff(1_100, 100, 108, [['100.00', '3']]),
      { stream: 'btcusdt@bookTicker', data: { u: 108 } },
      trade,
      snapshot,
      diff(
        1_200,
        109,
        110,
        [['99.00', '0']],
        [
          ['101.00', '4'],
          ['500.00', '1'],
        ],
      ),
    );
    const tape = recorded();
    expect([tape.kind, tape.lengthMs]).toEqual(['capture', 200]);
    expect([...tape.stepMs]).toEqual([0, 0, 100]);
    // Levels far from the market are left out; quantities and prices keep their meaning in ticks.
    expect([...tape.changeTicks]).toEqual([10_000, 9_900, 10_100, 10_000, 9_900, 10_100]);
    expect([...tape.changeQty]).toEqual([1, 2, 1, 3, 0, 4]);
    expect([tape.tradeMs[0], tape.tradeTicks[0], tape.tradeQty[0], tape.tradeSold[0]]).toEqual([49, 10_000, 0.5, 1]);
  });

  test('with a hole in its sequence is refused, not played', () => {
    capture(snapshot, diff(1_000, 104, 106, []), diff(1_100, 109, 110, []));
    expect(recorded).toThrow(expect.objectContaining({ code: 'BAD_CAPTURE', message: expect.stringContaining('107 to 108') }));
  });

  test('without a snapshot is refused', () => {
    capture(diff(1_000, 1, 2, []));
    expect(recorded).toThrow(expect.objectContaining({ code: 'BAD_CAPTURE' }));
  });
});

describe('without a capture', () => {
  test('trades and books are played together; each book is told as changes', () => {
    write('trades/binance-spot', 'BTCUSDT_trades_2024-01-01.csv.gz', 'ts_ms,price,qty,taker_side\n900,1,1,buy\n1500,100.5,0.2,buy\n1600,100,0.3,sell\n');
    write('orderbook/binance-spot', 'BTCUSDT_book2_2024-01-01.csv.gz', 'event_ms,bid1_px,bid1_qty,ask1_px,ask1_qty\n1000,100,1,101,2\n2000,100,1,100.5,3\n');
    const tape = recorded();
    expect(tape.kind).toBe('trades-and-books');
    expect([...tape.tradeMs]).toEqual([500, 600]);
    expect([...tape.tradeSold]).toEqual([0, 1]);
    expect([...tape.changeTicks]).toEqual([10_000, 10_100, 10_100, 10_050]);
    expect([...tape.changeQty]).toEqual([1, 2, 0, 3]);
  });

  test('candles are made into ticks; a bad line is named', () => {
    write('candles/binance-spot', 'BTCUSDT_5m_2024.csv.gz', 'ts_ms,open,high,low,close,volume\n0,100,103,99,102,5\n300000,102,104,101,103,5\n');
    expect(recorded()).toMatchObject({ kind: 'bars', lengthMs: 600_000 });
    write('candles/binance-spot', 'BTCUSDT_5m_2024.csv.gz', 'ts_ms,open,high,low,close,volume\n0,100,103,99,102,5\n300000,102,oops,101,103,5\n');
    expect(recorded).toThrow(expect.objectContaining({ code: 'BAD_DATA_FILE', message: expect.stringContaining(':3: high') }));
  });

  test('with nothing on file a seeded walk is played, the same for the same seed', () => {
    const [a, b, c] = [recorded(), recorded(), makeTapes({ type: 'recorded', dataDir }, ['sim:BTC/USDT'], 2)[0]!];
    expect(a.kind).toBe('synthetic');
    expect(a).toEqual(b);
    expect(a.tradeTicks).not.toEqual(c.tradeTicks);
  });
});

test('an instrument outside the table gets rules of its own', () => {
  expect(instrumentSpec('sim:ABC/USDC')).toMatchObject({ symbol: 'ABCUSDC', base: 'ABC', quote: 'USDC', priceDecimals: 4, qtyDecimals: 2 });
});
