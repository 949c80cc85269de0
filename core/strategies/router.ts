import { errorMessage, TouchstoneError } from '../errors.ts';
import type { FundingEvent, LiquidationEvent, MarkEvent, Ohlcv, OpenInterestEvent, TradeEvent } from '../market/events.ts';
import { RegimeDetector, type RegimeDetectorState, type RegimeReading } from '../regime/regime-detector.ts';
import { type Allocation, cashWeight, DEFAULT_STRATEGY_MATRIX, requireStrategyMatrix, SCENARIOS, type StrategyMatrix } from '../regime/strategy-matrix.ts';
import { adaptiveThreshold } from './adaptive-threshold.ts';
import { frequencyAllocation, SWING_SHARE } from './allocation.ts';
import { allottedFraction } from './combine.ts';
import { type Direction, confidenceScore } from './confidence.ts';
import { ConfidenceGauge } from './confidence-gauge.ts';
import { LongerBar } from './longer-bar.ts';
import { type FindStrategy, type Member, type ResolvedMember, resolveMembers } from './members.ts';
import { SignalRate } from './signal-rate.ts';
import type { ParameterSpec, Strategy, StrategyDefinition, StrategyMember, StrategyOutput, Why } from './strategy.ts';
import { reduced } from './target-tracker.ts';

/** A member in its place: what it wants, made smaller the more often it wants something else. */
class Seat {
  readonly name: string;
  /** NaN while the member has nothing to say. */
  fraction = Number.NaN;
  private heard = Number.NaN;
  private readonly member: Member;
  private readonly rate: SignalRate | undefined;

  constructor(name: string, member: Member, isSizedByRate: boolean) {
    this.name = name;
    this.member = member;
    this.rate = isSizedByRate ? new SignalRate() : undefined;
  }

  onBar(bar: Ohlcv): void {
    const { member, rate } = this;
    member.onBar(bar);
    rate?.watch(bar.openTimeMs);
    if (Object.is(member.fraction, this.heard)) return;
    // A size stays as it was when it was wanted: one that followed the rate would trade by itself.
    if (!Number.isNaN(this.heard)) rate?.signal(bar.openTimeMs);
    this.heard = member.fraction;
    this.fraction = rate === undefined ? member.fraction : member.fraction * (frequencyAllocation(rate.rates).share / SWING_SHARE);
  }

  onEvent(event: FundingEvent | MarkEvent | OpenInterestEvent | LiquidationEvent): void {
    this.member.onEvent(event);
  }

  snapshot(): unknown {
    const orNull = (value: number) => (Number.isNaN(value) ? null : value);
    return { fraction: orNull(this.fraction), heard: orNull(this.heard), member: this.member.snapshot(), rate: this.rate?.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { fraction: number | null; heard: number | null; member: unknown; rate?: unknown };
    this.fraction = saved.fraction ?? Number.NaN;
    this.heard = saved.heard ?? Number.NaN;
    this.member.restore(saved.member);
    this.rate?.restore(saved.rate);
  }
}

/**
 * Which strategies trade is decided by the regime: each member has a share of the size in each of the eight scenarios, and the rest is cash. What they want
 * together is netted to one position. It grows, or turns, only while the confidence score is at least a threshold that rises with volatility;
 * it shrinks whatever the score. Before the first regime is known nothing is held.
 */
class Router implements Strategy {
  private readonly seats: readonly Seat[];
  private readonly matrix: StrategyMatrix;
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly detector: RegimeDetector;
  private readonly regimeBar: LongerBar;
  private readonly gauge: ConfidenceGauge;
  private reading: Pick<RegimeReading, 'scenario' | 'vixRatio'> | undefined;
  private said = 0;

  constructor(parameters: Readonly<Record<string, number>>, matrix: StrategyMatrix, members: readonly (readonly [name: string, member: Member])[]) {
    const { trainingBars, refitBars, surpriseRatio, trendBars, regimeBars } = parameters;
    this.parameters = parameters;
    this.matrix = matrix;
    this.seats = members.map(([name, member]) => new Seat(name, member, parameters.sizeByRate === 1));
    this.detector = new RegimeDetector({ trainingBars: trainingBars!, refitBars: refitBars!, surpriseRatio: surpriseRatio!, trendBars: trendBars! });
    this.regimeBar = new LongerBar(regimeBars!);
    const { fast, slow, longBars, volumePeriod, whaleBars, sharpeBars, costBps } = parameters;
    this.gauge = new ConfidenceGauge({
      fast: fast!,
      slow: slow!,
      longBars: longBars!,
      volumePeriod: volumePeriod!,
      whaleBars: whaleBars!,
      sharpeBars: sharpeBars!,
      costBps: costBps!,
    });
  }

  onTrade(trade: TradeEvent): void {
    this.gauge.onTrade(trade);
  }

  onOpenInterest(event: OpenInterestEvent): void {
    this.gauge.onOpenInterest(event.openInterest);
    for (const seat of this.seats) seat.onEvent(event);
  }

  onFunding(event: FundingEvent): void {
    for (const seat of this.seats) seat.onEvent(event);
  }

  onMark(event: MarkEvent): void {
    for (const seat of this.seats) seat.onEvent(event);
  }

  onLiquidation(event: LiquidationEvent): void {
    for (const seat of this.seats) seat.onEvent(event);
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const { gauge, seats } = this;
    for (const seat of seats) seat.onBar(bar);
    gauge.onBar(bar);
    const regimeBar = this.regimeBar.push(bar);
    if (regimeBar) this.reading = this.detector.update(regimeBar.close);
    const wanted = this.wanted();
    const { said } = this;
    const isGrowing = reduced(said, wanted) !== wanted;
    if (wanted !== said && (wanted === 0 || Math.abs(wanted - said) >= this.parameters.minChange!)) {
      const judged = isGrowing ? this.judge(Math.sign(wanted) as Direction) : undefined;
      const target = judged && !judged.isSure ? reduced(said, wanted) : wanted;
      if (target !== said) {
        this.said = target;
        out.target(target, { ...this.why(wanted, target), ...judged?.why });
      }
    }
    // The record is of what was wanted: one of what the score let through would judge the score by itself.
    gauge.want(wanted);
  }

  private wanted(): number {
    if (this.reading === undefined) return 0;
    const shares = this.matrix[this.reading.scenario];
    return allottedFraction(this.seats.map(({ name, fraction }) => ({ fraction, share: shares[name] ?? 0 })));
  }

  /** Whether the signal is good enough to add to a position, and the numbers that say so. */
  private judge(direction: Direction): { isSure: boolean; why: Why } | undefined {
    const { minConfidence, volatilitySensitivity, minCoverage } = this.parameters;
    if (minConfidence === 0) return undefined;
    const evidence = this.gauge.evidence(direction);
    const { value, coverage, unknown } = confidenceScore(evidence);
    const settings = { base: minConfidence!, sensitivity: volatilitySensitivity!, least: minConfidence! / 2, most: 1 };
    const threshold = adaptiveThreshold(settings, this.reading?.vixRatio);
    const isSure = value !== undefined && threshold !== undefined && coverage >= minCoverage! && value >= threshold;
    const known = Object.entries(evidence).filter((entry): entry is [string, number] => entry[1] !== undefined);
    const numbers = { ...(value !== undefined && { confidence: value }), ...(threshold !== undefined && { threshold }), coverage };
    return { isSure, why: { ...numbers, unknown: unknown.join(', ') || 'none', ...Object.fromEntries(known) } };
  }

  private why(wanted: number, target: number): Why {
    const { reading } = this;
    if (reading === undefined) return { rule: 'regime unknown', wanted };
    const { scenario, vixRatio } = reading;
    const voices = this.seats.flatMap(({ name, fraction }) => (Number.isNaN(fraction) ? [] : [[name, fraction] as const]));
    const rule = target === wanted ? 'shares of the regime' : 'shares of the regime, as far as they reduce: confidence is too low';
    return { rule, scenario, vixRatio, cash: cashWeight(this.matrix[scenario]), wanted, ...Object.fromEntries(voices) };
  }

  snapshot(): unknown {
    const { seats, detector, regimeBar, gauge, reading, said } = this;
    return {
      seats: seats.map((seat) => seat.snapshot()),
      detector: detector.snapshot(),
      regimeBar: regimeBar.snapshot(),
      gauge: gauge.snapshot(),
      reading: reading ? { scenario: reading.scenario, vixRatio: reading.vixRatio } : null,
      said,
    };
  }

  restore(state: unknown): void {
    const saved = state as { seats: unknown[]; detector: RegimeDetectorState; regimeBar: unknown; gauge: unknown; reading: RegimeReading | null; said: number };
    for (const [i, seat] of this.seats.entries()) seat.restore(saved.seats[i]);
    this.detector.restore(saved.detector);
    this.regimeBar.restore(saved.regimeBar);
    this.gauge.restore(saved.gauge);
    this.reading = saved.reading ?? undefined;
    this.said = saved.said;
  }
}

const bars = (value: number, min: number, max: number, description: string): ParameterSpec => ({ default: value, min, max, integer: true, description });

/** The regime's settings are those of its detector for bars of one hour. */
const PARAMETERS: Readonly<Record<string, ParameterSpec>> = {
  regimeBars: bars(1, 1, 86_400, 'bars that make one of the regime'),
  trainingBars: bars(1_000, 100, 20_000, 'bars of the regime that each fit of its model sees; at least 50 more than trendBars'),
  refitBars: bars(168, 1, 100_000, 'bars of the regime from one fit to the next'),
  surpriseRatio: { default: 2, min: 1.1, max: 1_000, description: 'squared returns over those expected from which a fit comes early' },
  trendBars: bars(48, 2, 1_000, 'bars of the regime over which a trend is measured'),
  minConfidence: { default: 0.4, min: 0, max: 1, description: 'confidence from which a position grows, at usual volatility; 0 = whatever the confidence' },
  volatilitySensitivity: { default: 1, min: 0, max: 4, description: 'power of the volatility ratio by which that threshold follows; 0 = it is fixed' },
  minCoverage: { default: 0.5, min: 0, max: 1, description: 'share of the confidence weights that must be known for a position to grow' },
  sizeByRate: bars(1, 0, 1, '1 = the more often a member signals the smaller it trades; 0 = as it says'),
  minChange: { default: 0.05, min: 0, max: 1, description: 'change of the target below which nothing is said, but for going flat' },
  fast: bars(12, 2, 500, 'period of the fast EMA of each timeframe, its bars'),
  slow: bars(26, 3, 1_000, 'period of the slow EMA of each timeframe, its bars'),
  longBars: bars(24, 2, 86_400, 'bars that make one of the longer timeframe'),
  volumePeriod: bars(20, 1, 1_000, 'period of the average volume, bars before the current one'),
  whaleBars: bars(12, 1, 1_000, 'bars over which open interest and large takers are watched'),
  sharpeBars: bars(200, 20, 10_000, 'bars of the record on paper that the Sharpe ratio is of'),
  costBps: { default: 10, min: 0, max: 1_000, description: 'cost of trading the whole size in that record, basis points' },
};

/** The members' shares, turned to allocations by scenario. */
function matrixOf(owner: string, resolved: readonly ResolvedMember[]): StrategyMatrix {
  const shares = resolved.map(({ config }, i) => {
    if (config.shares === undefined || config.weight !== undefined) {
      throw new TouchstoneError('BAD_CONFIG', `${owner}: members.${i}: a member of a router has shares by scenario, and no weight`);
    }
    return config.shares;
  });
  const scenarios = new Set([...SCENARIOS, ...shares.flatMap((own) => Object.keys(own))]);
  const allocation = (scenario: string): Allocation => Object.fromEntries(resolved.map(({ name }, i) => [name, shares[i]![scenario] ?? 0]));
  try {
    return requireStrategyMatrix(Object.fromEntries([...scenarios].map((scenario) => [scenario, allocation(scenario)])));
  } catch (cause) {
    throw new TouchstoneError('BAD_CONFIG', `${owner}: members: ${errorMessage(cause)}`, { cause });
  }
}

/** The strategies of a matrix that can be members, with their shares; those of several instruments cannot, and their shares stay in cash. */
export function membersOf(matrix: StrategyMatrix, find: FindStrategy): StrategyMember[] {
  const types = new Set(SCENARIOS.flatMap((scenario) => Object.keys(matrix[scenario])));
  return [...types]
    .filter((type) => find(type).scope !== 'group')
    .map((type) => ({ type, bars: 1, shares: Object.fromEntries(SCENARIOS.map((scenario) => [scenario, matrix[scenario][type] ?? 0])) }));
}

function routerDefinition(owner: string, members: readonly StrategyMember[], find: FindStrategy): StrategyDefinition {
  const resolved = resolveMembers(owner, members, find);
  const matrix = matrixOf(owner, resolved);
  return {
    type: 'router',
    codeVersion: 1,
    description: 'Members traded by regime, as far as confidence goes',
    parameters: PARAMETERS,
    warmupBars: ({ regimeBars, trainingBars }) => Math.max(regimeBars! * (trainingBars! + 1), ...resolved.map(({ warmupBars }) => warmupBars)),
    create: (parameters, instrument) =>
      new Router(
        parameters,
        matrix,
        resolved.map((member) => [member.name, member.create(instrument)] as const),
      ),
  };
}

/** Without members of its own: those of the default matrix. `find` looks other strategies up: the registry gives its own, since it lists this one too. */
export function createRouter(find: FindStrategy): StrategyDefinition {
  const defaults = membersOf(DEFAULT_STRATEGY_MATRIX, find);
  return {
    ...routerDefinition('router', defaults, find),
    configure: ({ name, members }) => routerDefinition(name, members ?? defaults, find),
  };
}
