import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../../core/errors.ts';
import { loadConfiguration, parseYaml } from '../../../infra/config.ts';
import { riskLimits, strategyConfig } from '../../../schemas/config.ts';

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof TouchstoneError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

const limits = (changes: string) =>
  `maxOrderNotionalQuote: 100\nmaxPositionNotionalQuote: 200\nmaxGrossNotionalQuote: 300\npriceBandBps: 50\nmaxOrdersPerSecond: 5\n${changes}`;

describe('a YAML file', () => {
  it('is taken when it is right, with or without a byte-order mark', () => {
    expect(parseYaml(limits('maxDailyLossQuote: 10'), riskLimits, 'r.yaml').maxDailyLossQuote).toBe(10);
    expect(parseYaml(`\uFEFF${limits('maxDailyLossQuote: 1e3')}`, riskLimits, 'r.yaml').maxDailyLossQuote).toBe(1000);
  });

  const bad: [what: string, text: string, names: RegExp][] = [
    ['broken YAML', limits('maxDailyLossQuote: [1'), /r\.yaml:\d+/],
    ['a duplicate key', limits('maxDailyLossQuote: 1\nmaxDailyLossQuote: 2'), /r\.yaml:7.*unique/],
    ['an unknown key', limits('maxDailyLossQuote: 1\nleverage: 1000'), /leverage/],
    ['a tab', limits('\tmaxDailyLossQuote: 1'), /r\.yaml:6/],
    ['an alias', `x: &a 1\ny: *a\n`, /r\.yaml/],
    ['text for a number', limits('maxDailyLossQuote: "10"'), /maxDailyLossQuote.*number/i],
    ['yes', limits('maxDailyLossQuote: yes'), /maxDailyLossQuote/],
    ['NaN', limits('maxDailyLossQuote: .nan'), /maxDailyLossQuote/],
    ['infinity', limits('maxDailyLossQuote: .inf'), /maxDailyLossQuote/],
    ['a negative size', limits('maxDailyLossQuote: -5'), /maxDailyLossQuote/],
    ['an empty file', '', /r\.yaml/],
    [
      'limits that contradict each other',
      limits('maxDailyLossQuote: 1').replace('maxOrderNotionalQuote: 100', 'maxOrderNotionalQuote: 900'),
      /must not exceed/,
    ],
  ];
  for (const [what, text, names] of bad) {
    it(`is refused with one line that names the place: ${what}`, () => {
      const { code, message } = refusal(() => parseYaml(text, riskLimits, 'r.yaml'));
      expect(code).toBe('BAD_CONFIG');
      expect(message).toMatch(names);
      expect(message).not.toContain('\n');
    });
  }

  it('with hostile names is refused', () => {
    for (const instrument of ["sim:BTCUSDT'; DROP TABLE candles;--", 'sim:../../etc/passwd', `sim:${'A'.repeat(10_000)}/USDT`, 'sim:BTC\u0000/USDT']) {
      const text = JSON.stringify({ name: 'a', type: 'b', account: 'paper', instruments: [instrument], interval: '1s', sizeQuote: '10', maxAgeMs: 1000 });
      expect(refusal(() => parseYaml(text, strategyConfig, 's.yaml')).message).toMatch(/instruments\.0/);
    }
  });
});

describe('the configuration directory', () => {
  let dir: string;
  const strategy = (changes: object) =>
    writeFileSync(
      join(dir, 'strategies/one.yaml'),
      JSON.stringify({
        name: 'one',
        type: 'trend-following',
        account: 'paper',
        instruments: ['sim:BTC/USDT'],
        interval: '1s',
        sizeQuote: '10',
        maxAgeMs: 1000,
        ...changes,
      }),
    );

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'config-'));
    for (const sub of ['strategies', 'risk', 'venues']) mkdirSync(join(dir, sub));
    writeFileSync(join(dir, 'touchstone.yaml'), 'accounts:\n  - { name: paper, venue: sim, risk: paper, quoteCurrency: USDT }\n');
    writeFileSync(join(dir, 'risk/paper.yaml'), limits('maxDailyLossQuote: 10'));
    writeFileSync(
      join(dir, 'venues/sim.yaml'),
      JSON.stringify({
        name: 'sim',
        exchange: 'binance',
        endpoint: 'simulator',
        instruments: ['sim:BTC/USDT'],
        intervals: ['1s'],
        makerFeeBps: 1,
        takerFeeBps: 1,
        requestTimeoutMs: 1000,
        recvWindowMs: 1000,
        staleAfterMs: 1000,
      }),
    );
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('loads, and its hash follows its meaning', () => {
    strategy({});
    const first = loadConfiguration(dir);
    expect(first.strategies.map((s) => s.name)).toEqual(['one']);
    expect(loadConfiguration(dir).hash).toBe(first.hash);
    strategy({ sizeQuote: '11' });
    expect(loadConfiguration(dir).hash).not.toBe(first.hash);
  });

  it('names what does not fit together', () => {
    strategy({ account: 'other' });
    expect(refusal(() => loadConfiguration(dir)).message).toMatch(/one\.yaml: account: no account "other"/);
    strategy({ instruments: ['sim:ETH/USDT'] });
    expect(refusal(() => loadConfiguration(dir))).toMatchObject({ code: 'UNKNOWN_INSTRUMENT' });
    strategy({ name: 'two' });
    expect(refusal(() => loadConfiguration(dir)).message).toMatch(/want "one"/);
    strategy({ interval: '1m' });
    expect(refusal(() => loadConfiguration(dir)).message).toMatch(/does not build 1m/);
    rmSync(join(dir, 'risk/paper.yaml'));
    expect(refusal(() => loadConfiguration(dir)).message).toMatch(/no risk file/);
  });
});

it('the shipped configuration is right', () => {
  const configuration = loadConfiguration('config');
  expect(configuration.system.accounts.map((account) => account.name)).toContain('paper');
});
