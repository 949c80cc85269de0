import { Rng } from '../../../core/random.ts';
import type { InstrumentName } from '../../../core/market/instrument.ts';
import { instrumentSpec } from './specs.ts';
import type { Tape } from './tape.ts';
import { recordedBars, recordedTape } from './tape-files.ts';
import { barsTape, stillTape, walkTape } from './tape-made.ts';

/** What the markets play: recorded data where there is some (the rest is a seeded walk), only seeded walks, or nothing but what a test scripts. */
export type MarketSource =
  | { readonly type: 'recorded'; readonly dataDir: string }
  | { readonly type: 'synthetic' }
  | { readonly type: 'still'; readonly prices?: Readonly<Record<InstrumentName, number>> };

/** Half a day of five-minute candles. */
const BARS = 144;

export function makeTapes(source: MarketSource, instruments: readonly InstrumentName[], seed: number): Tape[] {
  return instruments.map((instrument) => {
    const spec = instrumentSpec(instrument);
    if (source.type === 'still') return stillTape({ ...spec, startPrice: source.prices?.[instrument] ?? spec.startPrice });
    const rng = new Rng(`${seed}/${instrument}`);
    if (source.type === 'synthetic') return walkTape(spec, rng);
    const recorded = recordedTape(source.dataDir, spec);
    if (recorded) return recorded;
    const bars = recordedBars(source.dataDir, spec, BARS);
    return bars ? barsTape(bars, spec, rng) : walkTape(spec, rng);
  });
}
