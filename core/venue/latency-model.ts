import { TouchstoneError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';

/**
 * Milliseconds that a message is under way.
 * - `constant`
 * - `lognormal`: exp(ln(medianMs) + sigma·z), added to `floorMs`; the usual shape of network delay.
 * - `empirical`: one of the measured values, each as likely.
 * - `measured`: a recorded series of (time, latency), linear between its points and flat beyond them.
 */
export type LatencyConfig =
  | { readonly type: 'constant'; readonly latencyMs: number }
  | { readonly type: 'lognormal'; readonly medianMs: number; readonly sigma: number; readonly floorMs?: number; readonly seed: number | string }
  | { readonly type: 'empirical'; readonly latenciesMs: readonly number[]; readonly seed: number | string }
  | { readonly type: 'measured'; readonly timesMs: ArrayLike<number>; readonly latenciesMs: ArrayLike<number> };

/** The three ways between us and a venue. */
export interface Latencies {
  /** From our decision to the matching engine. */
  readonly orderEntry: LatencyConfig;
  /** From the matching engine to our knowing. */
  readonly orderResponse: LatencyConfig;
  /** From a change of the market to our seeing it. */
  readonly feed: LatencyConfig;
}

export interface LatencyModel {
  /** Latency in ms, ≥ 0, of a message sent at `timeMs`. Stochastic models draw once a call. */
  sample(timeMs: number): number;
  /** Where the chance stands; undefined for models without any. */
  snapshot(): RngState | undefined;
  restore(state: RngState | undefined): void;
}

/** @throws TouchstoneError BAD_LATENCY for a negative or missing number, or a series that is empty or not ascending in time */
export function createLatencyModel(config: LatencyConfig): LatencyModel {
  switch (config.type) {
    case 'constant': {
      const latencyMs = checked(config.latencyMs);
      return withoutChance(() => latencyMs);
    }
    case 'lognormal': {
      const location = Math.log(checked(config.medianMs));
      const sigma = checked(config.sigma);
      const floorMs = checked(config.floorMs ?? 0);
      return withChance(config.seed, (rng) => floorMs + Math.exp(location + sigma * rng.normal()));
    }
    case 'empirical': {
      const latenciesMs = Float64Array.from(config.latenciesMs, checked);
      if (latenciesMs.length === 0) throw new TouchstoneError('BAD_LATENCY', 'an empirical latency needs at least one measured value');
      return withChance(config.seed, (rng) => latenciesMs[rng.int(latenciesMs.length)]!);
    }
    case 'measured':
      return measured(Float64Array.from(config.timesMs), Float64Array.from(config.latenciesMs, checked));
  }
}

function withoutChance(sample: (timeMs: number) => number): LatencyModel {
  return { sample, snapshot: () => undefined, restore: () => {} };
}

function withChance(seed: number | string, draw: (rng: Rng) => number): LatencyModel {
  let rng = new Rng(seed);
  return {
    sample: () => draw(rng),
    snapshot: () => rng.state(),
    restore(state) {
      if (state !== undefined) rng = Rng.restore(state);
    },
  };
}

/** Lookups go forward in time, as a replay does; a step back searches from the beginning. */
function measured(timesMs: Float64Array, latenciesMs: Float64Array): LatencyModel {
  if (timesMs.length === 0 || timesMs.length !== latenciesMs.length || timesMs.some((time, i) => i > 0 && !(time > timesMs[i - 1]!))) {
    throw new TouchstoneError('BAD_LATENCY', 'a measured latency needs one latency for each of its ascending times');
  }
  let right = 0;
  return withoutChance((timeMs) => {
    if (right > 0 && timeMs < timesMs[right - 1]!) right = 0;
    while (right < timesMs.length && timesMs[right]! <= timeMs) right++;
    if (right === 0) return latenciesMs[0]!;
    if (right === timesMs.length) return latenciesMs[right - 1]!;
    const share = (timeMs - timesMs[right - 1]!) / (timesMs[right]! - timesMs[right - 1]!);
    return latenciesMs[right - 1]! + share * (latenciesMs[right]! - latenciesMs[right - 1]!);
  });
}

function checked(value: number): number {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new TouchstoneError('BAD_LATENCY', `a latency and its parameters must be finite and not negative: ${value}`);
  return value;
}
