import { TouchstoneError } from '../errors.ts';
import { type BarColumns, createBarColumns } from '../market/bars.ts';
import { type BookEvent, INTERVAL_MS, type Interval, type MarketEvent } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { Rng } from '../random.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { commonBars, type MarketHistory } from './analyse-history.ts';

/** Events that have a handler of their own and that files of bars do not hold. */
export type StandInType = 'book' | 'trade' | 'mark' | 'funding' | 'openInterest' | 'liquidation';

const HANDLERS: Readonly<Record<StandInType, keyof Strategy>> = {
  book: 'onBook',
  trade: 'onTrade',
  mark: 'onMark',
  funding: 'onFunding',
  openInterest: 'onOpenInterest',
  liquidation: 'onLiquidation',
};

/** What a strategy reads besides bars. */
export function eventsRead(strategy: Strategy): StandInType[] {
  return (Object.keys(HANDLERS) as StandInType[]).filter((type) => strategy[HANDLERS[type]] !== undefined);
}

/** Whether closed bars are all that a strategy decides by: no other events, nor its fills. */
export function readsOnlyBars(strategy: Strategy): boolean {
  return eventsRead(strategy).length === 0 && strategy.onFill === undefined;
}

/** Mean reversion of a stand-in's distance to its first leg, and its noise a bar: half a percent away at times, and back within some bars. */
const GAP_KEPT = 0.9;
const GAP_NOISE = 0.0015;

const LEVELS = 5;
const LEVEL_BPS = 1;
/** Bars from one funding to the next, and from one height of the rates to the next. */
const FUNDING_BARS = 16;
const FUNDING_CYCLE_BARS = 600;
const FUNDING_HEIGHT = 0.0003;

export interface StandInOptions {
  /** All of a group, or the one. */
  readonly instruments: readonly InstrumentName[];
  readonly interval: Interval;
  /** What is to be made. */
  readonly types: readonly StandInType[];
  readonly seed?: string;
}

/**
 * A whole history around bars, for what a file of bars lacks: instruments that are not given follow the first one and come back to it, and
 * events are made of each bar: books that lean now one way and now the other, forced sales where it fell far, funding that comes and goes.
 * Nothing of a bar's depends on a later bar. Only dependence on the future can be judged by it, never profit.
 * @param legs bars of the instruments, undefined where there are none; brought to their common open times
 * @throws TouchstoneError NO_DATA without bars of the first instrument
 */
export function withStandIns(legs: readonly (BarColumns | undefined)[], options: StandInOptions): MarketHistory {
  const { instruments, interval, types, seed = 'stand-ins' } = options;
  const common = commonBars(legs.filter((bars) => bars !== undefined));
  const first = legs[0] && common[0];
  if (first === undefined || first.length === 0) throw new TouchstoneError('NO_DATA', `there are no common bars of ${instruments.join(', ')}`);
  let known = 0;
  const whole = instruments.map((name, leg) => (legs[leg] ? common[known++]! : follower(first, new Rng(seed).fork(name))));
  const history: MarketHistory = { ...first, ...(whole.length > 1 && { otherLegs: whole.slice(1) }) };
  if (types.length === 0) return history;
  const makers = whole.map((bars, leg) => new EventMaker(instruments[leg]!, bars, INTERVAL_MS[interval], types, new Rng(seed).fork(`events ${leg}`)));
  const events = Array.from({ length: first.length }, (_, i) => makers.flatMap((maker) => maker.at(i)).sort((a, b) => a.eventTimeMs - b.eventTimeMs));
  return { ...history, events };
}

function follower(bars: BarColumns, rng: Rng): BarColumns {
  const made = createBarColumns(bars.length);
  made.openTimeMs.set(bars.openTimeMs);
  let gap = 0;
  for (let i = 0; i < bars.length; i++) {
    const open = bars.open[i]! * Math.exp(gap);
    gap = GAP_KEPT * gap + GAP_NOISE * rng.normal();
    const close = bars.close[i]! * Math.exp(gap);
    made.open[i] = open;
    made.close[i] = close;
    made.high[i] = Math.max(open, close, bars.high[i]!);
    made.low[i] = Math.min(open, close, bars.low[i]!);
    made.volume[i] = bars.volume[i]! * (0.5 + rng.uniform());
  }
  return made;
}

/** Events of one instrument, bar after bar. */
class EventMaker {
  private readonly instrument: InstrumentName;
  private readonly bars: BarColumns;
  private readonly intervalMs: number;
  private readonly types: ReadonlySet<StandInType>;
  private readonly rng: Rng;
  private lean = 0;
  private openInterest = 10_000;
  private usualMove = 0;

  constructor(instrument: InstrumentName, bars: BarColumns, intervalMs: number, types: readonly StandInType[], rng: Rng) {
    this.instrument = instrument;
    this.bars = bars;
    this.intervalMs = intervalMs;
    this.types = new Set(types);
    this.rng = rng;
  }

  /** Of bar `i`, in the order of time; to be asked for every bar once, in order. */
  at(i: number): MarketEvent[] {
    const events: MarketEvent[] = [];
    const { types, instrument } = this;
    const [open, close] = [this.bars.open[i]!, this.bars.close[i]!];
    // The last ones come right before the close, of all legs at once: quotes of two venues have to be of one time.
    const [middleMs, lastMs] = [0.5, 0.999].map((part) => Math.round(this.bars.openTimeMs[i]! + part * this.intervalMs)) as [number, number];
    const at = (eventTimeMs: number, kind: string) => ({
      id: `${instrument}#${kind}-${i}-${eventTimeMs}`,
      instrument,
      eventTimeMs,
      receivedTimeMs: eventTimeMs,
    });
    this.lean = 0.95 * this.lean + 0.4 * this.rng.normal();
    if (types.has('funding') && i % FUNDING_BARS === 0)
      events.push({ ...at(middleMs, 'funding'), type: 'funding', rate: FUNDING_HEIGHT * Math.sin((2 * Math.PI * i) / FUNDING_CYCLE_BARS) });
    if (types.has('book')) {
      events.push(this.book(2 * i, (open + close) / 2, at(middleMs, 'book')));
      events.push(this.book(2 * i + 1, close, at(lastMs, 'book')));
    }
    if (types.has('trade')) {
      const takerSide = close < open ? 'sell' : 'buy';
      events.push({
        ...at(lastMs, 'trade'),
        type: 'trade',
        tradeId: String(i),
        price: close,
        qty: 0.001 + this.bars.volume[i]! / 100,
        takerSide,
        path: 'replay',
      });
    }
    if (types.has('mark')) events.push({ ...at(lastMs, 'mark'), type: 'mark', price: (open + 2 * close) / 3 });
    const fall = 1 - close / open;
    const isForced = fall > 1.5 * this.usualMove;
    if (isForced && types.has('liquidation'))
      events.push({ ...at(lastMs, 'liquidation'), type: 'liquidation', side: 'sell', price: close, qty: 0.01 * this.openInterest });
    this.openInterest *= isForced ? 0.95 : 1.004;
    this.usualMove += 0.05 * (Math.abs(fall) - this.usualMove);
    if (types.has('openInterest')) events.push({ ...at(lastMs, 'openInterest'), type: 'openInterest', openInterest: this.openInterest });
    return events;
  }

  private book(sequence: number, mid: number, base: Pick<BookEvent, 'id' | 'instrument' | 'eventTimeMs' | 'receivedTimeMs'>): BookEvent {
    const share = 1 / (1 + Math.exp(-this.lean));
    const side = (sign: 1 | -1, weight: number) =>
      Array.from({ length: LEVELS }, (_, level) => [mid * (1 + (sign * LEVEL_BPS * (level + 1)) / 10_000), weight * (1 + this.rng.uniform())] as const);
    return { ...base, type: 'book', sequence, bids: side(-1, share), asks: side(1, 1 - share), path: 'replay' };
  }
}
