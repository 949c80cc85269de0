/** Assets that texts talk about, by the words people use for them. A ticker that is also an English word counts with `$` or in capitals only. */
const ASSETS: Readonly<Record<string, readonly string[]>> = {
  BTC: ['bitcoin', 'btc', 'xbt', 'sats', 'satoshi'],
  ETH: ['ethereum', 'eth', 'ether'],
  SOL: ['solana'],
  XRP: ['ripple', 'xrp'],
  ADA: ['cardano'],
  DOGE: ['dogecoin', 'doge'],
  LTC: ['litecoin', 'ltc'],
  BNB: ['binance coin', 'bnb'],
  DOT: ['polkadot'],
  AVAX: ['avalanche', 'avax'],
  LINK: ['chainlink'],
  MATIC: ['polygon', 'matic'],
  ALGO: ['algorand'],
  ATOM: ['cosmos'],
  LUNA: ['terra luna', 'luna'],
  UST: ['terrausd'],
  SHIB: ['shiba inu', 'shib'],
  TRX: ['tron', 'trx'],
  XMR: ['monero', 'xmr'],
  XLM: ['stellar lumens', 'xlm'],
  BCH: ['bitcoin cash', 'bch'],
  UNI: ['uniswap'],
  USDT: ['tether', 'usdt'],
  USDC: ['usdc', 'usd coin'],
};

/** A text that names no asset is about the market. */
export const MARKET_ASSET = 'market';

interface Pattern {
  readonly asset: string;
  readonly expression: RegExp;
}

// Longer names first, so that "bitcoin cash" is not also bitcoin.
const NAMES: readonly Pattern[] = Object.entries(ASSETS)
  .flatMap(([asset, names]) => names.map((name) => ({ asset, name })))
  .sort((a, b) => b.name.length - a.name.length)
  .map(({ asset, name }) => ({ asset, expression: new RegExp(`(?<![\\p{L}\\p{N}])${name}s?(?![\\p{L}\\p{N}])`, 'giu') }));

const TICKERS: readonly Pattern[] = Object.keys(ASSETS).map((asset) => ({
  asset,
  expression: new RegExp(`(?<![\\p{L}\\p{N}$])(?:\\$${asset}|\\$${asset.toLowerCase()}|${asset})(?![\\p{L}\\p{N}])`, 'gu'),
}));

/**
 * Assets named in a text, sorted; `['market']` when it names none.
 * @example findAssets('Sold my $sol for Bitcoin Cash') // ['BCH', 'SOL']
 */
export function findAssets(text: string): string[] {
  const found = new Set<string>();
  let rest = text;
  for (const { asset, expression } of [...TICKERS, ...NAMES]) {
    const without = rest.replace(expression, ' ');
    if (without !== rest) found.add(asset);
    rest = without;
  }
  return found.size > 0 ? [...found].sort() : [MARKET_ASSET];
}
