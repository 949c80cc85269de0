import { LogReturn, RealisedVolatility } from '../indicators/volatility.ts';
import { Rsi } from '../indicators/rsi.ts';
import type { Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/** A model as this strategy sees it: fed closed bars, pure, and with a state that survives. */
export interface Predictor {
  /** Probability in [0, 1] that the price rises over the model's horizon; NaN while it has none. */
  predict(bar: Ohlcv): number;
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** Where a predictor comes from; `modelId` is kept with every decision. */
export interface PredictorPort {
  readonly modelId: string;
  warmupBars(parameters: Readonly<Record<string, number>>): number;
  create(parameters: Readonly<Record<string, number>>, instrument: InstrumentName): Predictor;
}

/**
 * Follows a model's probability: long above `entry`, out below `exit`. The size is the edge of a bet at even odds, 2p − 1, over
 * `fullEdge`, the edge at which the whole size is held, so that a model that is hardly sure holds hardly anything. It stays as it was at
 * the entry: a size that followed each prediction would be eaten by fees.
 */
class MlSignal implements Strategy {
  private readonly predictor: Predictor;
  private readonly modelId: string;
  private readonly entry: number;
  private readonly exit: number;
  private readonly fullEdge: number;
  private isLong = false;

  constructor(predictor: Predictor, modelId: string, parameters: Readonly<Record<string, number>>) {
    this.predictor = predictor;
    this.modelId = modelId;
    this.entry = parameters.entry!;
    this.exit = parameters.exit!;
    this.fullEdge = parameters.fullEdge!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const probability = this.predictor.predict(bar);
    if (this.isLong ? !(probability < this.exit) : !(probability > this.entry)) return;
    this.isLong = !this.isLong;
    const fraction = this.isLong ? Math.min(1, Math.max(0, 2 * probability - 1) / this.fullEdge) : 0;
    out.target(fraction, { rule: this.isLong ? 'model expects a rise' : 'model expects no rise', probability, close: bar.close, modelId: this.modelId });
  }

  snapshot(): unknown {
    return { isLong: this.isLong, predictor: this.predictor.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; predictor: unknown };
    this.isLong = saved.isLong;
    this.predictor.restore(saved.predictor);
  }
}

/** A logistic score of momentum (in standard deviations) and of the RSI's distance from 50, with the weights of the configuration. */
class LogisticScore implements Predictor {
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly move: LogReturn;
  private readonly volatility: RealisedVolatility;
  private readonly rsi: Rsi;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.parameters = parameters;
    this.move = new LogReturn(parameters.period!);
    this.volatility = new RealisedVolatility(parameters.period!);
    this.rsi = new Rsi(parameters.period!);
  }

  predict({ close }: Ohlcv): number {
    const { period, bias, momentumWeight, rsiWeight } = this.parameters;
    const move = this.move.update(close);
    const volatility = this.volatility.update(close);
    const rsi = this.rsi.update(close);
    const score = volatility > 0 ? move / (volatility * Math.sqrt(period!)) : move === 0 ? 0 : Number.NaN;
    return 1 / (1 + Math.exp(-(bias! + momentumWeight! * score + (rsiWeight! * (rsi - 50)) / 50)));
  }

  snapshot(): unknown {
    return [this.move.snapshot(), this.volatility.snapshot(), this.rsi.snapshot()];
  }

  restore(state: unknown): void {
    const [move, volatility, rsi] = state as unknown[];
    this.move.restore(move);
    this.volatility.restore(volatility);
    this.rsi.restore(rsi);
  }
}

const LOGISTIC: PredictorPort = {
  modelId: 'logistic-score',
  warmupBars: ({ period }) => period! + 1,
  create: (parameters) => new LogisticScore(parameters),
};

/** The strategy over a model. The registry has it over a logistic score whose weights are parameters; who has a model gives its own port. */
export function createMlSignal(port: PredictorPort = LOGISTIC): StrategyDefinition {
  return {
    type: 'ml-signal',
    codeVersion: 1,
    description: "Follows a model's probability of a rise",
    parameters: {
      entry: { default: 0.6, min: 0.5, max: 1, description: 'probability of a rise above which it is entered' },
      exit: { default: 0.5, min: 0, max: 1, description: 'probability of a rise below which it is left' },
      fullEdge: { default: 0.4, min: 0.01, max: 1, description: 'edge, twice the probability less 1, at which the whole size is held' },
      period: { default: 24, min: 3, max: 1_000, integer: true, description: 'bars of the logistic score; of no matter to another model' },
      bias: { default: 0, min: -10, max: 10, description: 'bias of the logistic score' },
      momentumWeight: { default: 0.5, min: -10, max: 10, description: 'weight of the momentum in the logistic score, per standard deviation' },
      rsiWeight: { default: 0.5, min: -10, max: 10, description: "weight of the RSI's distance from 50 in the logistic score, per 50" },
    },
    warmupBars: (parameters) => port.warmupBars(parameters),
    create: (parameters, instrument) => new MlSignal(port.create(parameters, instrument), port.modelId, parameters),
  };
}
