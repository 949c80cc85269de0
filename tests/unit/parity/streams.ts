import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TouchstoneError } from '../../../core/errors.ts';
import type { ReplayConfig } from '../../../core/engine/replay.ts';
import type { Fill } from '../../../core/execution/order.ts';
import { PriceBoard } from '../../../core/execution/price-board.ts';
import type { Signal } from '../../../core/execution/signal.ts';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import type { SimulatedVenue } from '../../../core/venue/matching.ts';
import type { ExchangeOrder, VenueOutput } from '../../../core/venue/orders.ts';
import type { Clock } from '../../../infra/clock.ts';
import { createDurable } from '../../../infra/durable.ts';
import type { IncomingRecord, OutgoingMessage } from '../../../infra/kafka.ts';
import { Ledger } from '../../../infra/ledger/ledger.ts';
import type { Lease } from '../../../infra/ledger/lease.ts';
import { silentLog } from '../../../infra/log.ts';
import { compileSchema } from '../../../infra/validate.ts';
import type { PlaceOrder, UserEvent, VenueAccount, VenueOrder } from '../../../infra/venue.ts';
import type { MarketRecord } from '../../../schemas/market.ts';
import type { HoldingEvent } from '../../../schemas/trading.ts';
import { ExecutionLoop } from '../../../streams/execute-loop.ts';
import { Outbox } from '../../../streams/execute-outbox.ts';
import { createDecoder, encode, type Message } from '../../../streams/message.ts';
import { SignalEngine } from '../../../streams/signal.ts';
import type { TopicName } from '../../../streams/topics.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';

/** What one market message led to, in the order in which it happened. */
export interface Outcome {
  readonly decisions: ReadonlyArray<{ readonly signalId: string; readonly strategy: string; readonly outcome: string }>;
  readonly fills: ReadonlyArray<Omit<Fill, 'venueOrderId'>>;
}

const STATUS: Readonly<Record<ExchangeOrder['status'], VenueOrder['status']>> = {
  NEW: 'OPEN',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELED: 'CANCELED',
  EXPIRED: 'EXPIRED',
  EXPIRED_IN_MATCH: 'EXPIRED',
};

interface Asked {
  readonly clientOrderId: string;
  isAnswer(order: VenueOrder): boolean;
  resolve(order: VenueOrder): void;
  reject(error: unknown): void;
}

/** The simulated venue behind the port through which `execute` trades. Answers and user events are the venue's own outputs. */
class VenuePort implements VenueAccount {
  readonly venue: string;
  onEvent: (event: UserEvent) => void = () => {};
  private readonly simulated: SimulatedVenue;
  private readonly config: ReplayConfig;
  private readonly clock: Clock;
  private readonly orders = new Map<string, VenueOrder>();
  /** Requests that the venue has not answered yet. */
  private asked: Asked[] = [];

  constructor(simulated: SimulatedVenue, config: ReplayConfig, clock: Clock) {
    this.simulated = simulated;
    this.config = config;
    this.clock = clock;
    this.venue = config.instruments[0]!.name.split(':')[0]!;
  }

  loadInstruments = async () => this.config.instruments;
  serverTimeMs = async () => this.clock.nowMs();

  async placeOrder({ qty, price, stopPrice: _, ...order }: PlaceOrder): Promise<VenueOrder> {
    const answer = this.answerTo(order.clientOrderId, () => true);
    this.tell(this.simulated.submit({ ...order, qty: parseDecimal(qty), ...(price !== undefined && { price: parseDecimal(price) }) }, this.clock.nowMs()));
    return answer;
  }

  async cancelOrder(instrument: string, clientOrderId: string): Promise<VenueOrder> {
    const answer = this.answerTo(clientOrderId, ({ status }) => status !== 'OPEN' && status !== 'PARTIALLY_FILLED');
    this.tell(this.simulated.cancel({ instrument, clientOrderId }, this.clock.nowMs()));
    return answer;
  }

  /** The venue's next word on an order that is an answer. */
  private answerTo(clientOrderId: string, isAnswer: (order: VenueOrder) => boolean): Promise<VenueOrder> {
    return new Promise((resolve, reject) => this.asked.push({ clientOrderId, isAnswer, resolve, reject }));
  }

  async fetchOrder(_instrument: string, clientOrderId: string): Promise<VenueOrder> {
    const order = this.orders.get(clientOrderId);
    if (!order) throw new TouchstoneError('VENUE_REJECTED', `the venue took no ${clientOrderId}`);
    return order;
  }

  /** The oldest request for an order that this is the answer to. */
  private takeAsked(clientOrderId: string, isAnswered: (request: Asked) => boolean): Asked | undefined {
    const request = this.asked.find((one) => one.clientOrderId === clientOrderId && isAnswered(one));
    this.asked = this.asked.filter((one) => one !== request);
    return request;
  }

  fetchOrderById = async (_: string, venueOrderId: string) => [...this.orders.values()].find((order) => order.venueOrderId === venueOrderId)!;
  fetchOpenOrders = async () => [...this.orders.values()].filter(({ status }) => status === 'OPEN' || status === 'PARTIALLY_FILLED');
  fetchFills = async () => [];
  fetchBalances = async () => this.simulated.balances().map(({ asset, free, locked }) => ({ asset, free: formatDecimal(free), locked: formatDecimal(locked) }));
  watchUser = async () => {};
  close = async () => {};

  tell(outputs: readonly VenueOutput[]): void {
    for (const output of outputs) {
      if (output.type !== 'order') {
        this.takeAsked(output.clientOrderId, () => true)?.reject(new TouchstoneError('VENUE_REJECTED', output.code));
        continue;
      }
      const { orderId, instrument, clientOrderId, side, status, qty, filledQty, price } = output.order;
      const order: VenueOrder = {
        instrument,
        clientOrderId,
        venueOrderId: String(orderId),
        side,
        status: STATUS[status],
        qty: formatDecimal(qty),
        filledQty: formatDecimal(filledQty),
        ...(price !== undefined && { price: formatDecimal(price) }),
        updatedTimeMs: output.timeMs,
      };
      this.orders.set(clientOrderId, order);
      this.takeAsked(clientOrderId, ({ isAnswer }) => isAnswer(order))?.resolve(order);
      const { fill } = output;
      this.onEvent({
        type: 'order',
        order,
        ...(fill && {
          fill: {
            instrument,
            tradeId: String(fill.tradeId),
            venueOrderId: String(orderId),
            side,
            price: formatDecimal(fill.price),
            qty: formatDecimal(fill.qty),
            commission: formatDecimal(fill.commission),
            commissionAsset: fill.commissionAsset,
            liquidity: fill.liquidity,
            eventTimeMs: fill.timeMs,
          },
        }),
      });
    }
  }
}

/**
 * The stream handlers of the live system in one process, with the topics between them as encoded messages: `market` into the
 * signal engine, `signals` into `Execution` with its real ledger, `orders` and `fills` out of its outbox. Nothing but the journey is missing.
 */
export class StreamSide {
  private nowMs = 0;
  private readonly clock: Clock = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs };
  private readonly dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'touchstone-parity-'));
  private readonly venue: SimulatedVenue;
  private readonly port: VenuePort;
  private readonly signals: SignalEngine;
  private readonly prices: PriceBoard;
  private readonly ledger: Ledger;
  private readonly loop: ExecutionLoop;
  private readonly outbox: Outbox;
  private readonly published: Message[] = [];
  /** How many of `published` the strategies have been told. */
  private told = 0;
  private readonly decoders = new Map<TopicName, ReturnType<typeof createDecoder>>();
  private offset = 0;
  private isStarted = false;

  constructor(venue: SimulatedVenue, strategies: readonly StrategyConfig[], config: ReplayConfig) {
    this.venue = venue;
    this.port = new VenuePort(venue, config, this.clock);
    this.signals = new SignalEngine({ strategies, instruments: config.instruments, initialSizeFactor: () => '1' });
    this.prices = new PriceBoard(config.maxPriceAgeMs);
    const durable = createDurable();
    this.ledger = Ledger.open(join(this.dir, 'ledger.db'), durable);
    const taken = this.ledger.acquireLease({ holder: 'execute', pid: process.pid, nowMs: 0, preempt: true, isAlive: () => true });
    if (!('lease' in taken)) throw new Error('the lease is held');
    const { lease }: { lease: Lease } = taken;
    const { account, quoteCurrency, limits, timeInForce } = config;
    const instruments = config.instruments.map(({ name }) => name);
    this.loop = new ExecutionLoop(
      { account, quoteCurrency, instruments, limits, timeInForce, recvWindowMs: 1_000, lookupLagMs: 2_000 },
      {
        venue: this.port,
        ledger: this.ledger,
        lease,
        durable,
        tradingStates: { tradingState: () => ({ state: 'ACTIVE', sinceMs: 0 }) },
        prices: this.prices,
        clock: this.clock,
        log: silentLog,
        watchesStream: true,
        onCommitted: () => {},
        onLeaseLost: () => {
          throw new Error('the lease was lost');
        },
      },
    );
    this.port.onEvent = (event) => this.loop.execution.onUserEvent(event);
    const producer = {
      send: async (topic: string, messages: readonly OutgoingMessage[]) => this.publish(topic as TopicName, messages),
      sendBatch: async (batches: ReadonlyArray<{ readonly topic: string; readonly messages: readonly OutgoingMessage[] }>) => {
        for (const { topic, messages } of batches) this.publish(topic as TopicName, messages);
      },
      close: async () => {},
    };
    this.outbox = new Outbox({ account, ledger: this.ledger, lease, durable, producer, clock: this.clock, log: silentLog, sleep: async () => {} });
  }

  /** Takes one event as a message of topic `market` and runs until nothing moves any more. */
  async process(event: MarketEvent): Promise<Outcome> {
    this.nowMs = event.eventTimeMs;
    if (!this.isStarted) await this.loop.start();
    this.isStarted = true;
    const { events } = this.carry('market', 'market', event.id, { instrument: event.instrument, events: [event] }).data as MarketRecord;
    for (const market of events as readonly MarketEvent[]) {
      this.prices.take(market);
      this.port.tell(this.venue.onMarketEvent(market));
      await this.settle();
      const signals = this.signals.process(market).map((signal) => this.carry('signals', 'signal', signal.signalId, signal).data as Signal);
      if (signals.length > 0) await this.loop.execution.submit(signals);
      await passes();
      // A tick waits for what is on its way to the venue, which may be several events.
      void this.loop.tick();
      this.loop.execution.wake();
      this.loop.execution.cancelUnwanted();
      await this.settle();
    }
    return this.takePublished();
  }

  /** Until nothing moves, and the strategies know what they hold. */
  private async settle(): Promise<void> {
    await passes();
    while ((await this.outbox.publishOnce()) > 0);
    for (const { type, data } of this.published.slice(this.told)) if (type === 'holding') this.signals.hold(data as HoldingEvent);
    this.told = this.published.length;
  }

  close(): void {
    this.loop.execution.stop();
    this.ledger.close();
    rmSync(this.dir, { recursive: true });
  }

  private takePublished(): Outcome {
    const told = this.published.splice(0);
    this.told = 0;
    const decisions = told
      .filter(({ type }) => type === 'riskDecision')
      .map(({ data }) => data as { signalId: string; strategy: string; approved: boolean; code?: string; side?: string; qty?: string; price?: string })
      .map((data) => ({ signalId: data.signalId, strategy: data.strategy, outcome: data.approved ? `${data.side} ${data.qty} at ${data.price}` : data.code! }));
    const fills = told.filter(({ type }) => type === 'fill').map(({ data }) => data as Fill & { sequence: number });
    return { decisions, fills: fills.map(({ sequence: _, venueOrderId: __, ...fill }) => fill) };
  }

  private publish(topic: TopicName, messages: readonly OutgoingMessage[]): void {
    for (const { value } of messages) this.published.push(this.decode(topic, String(value)));
  }

  /** To a topic and back: what a consumer gets is what was parsed from bytes against the schema. */
  private carry(topic: TopicName, type: string, id: string, data: unknown): Message {
    return this.decode(topic, encode(topic, type, id, this.nowMs, data));
  }

  private decode(topic: TopicName, value: string): Message {
    let decoder = this.decoders.get(topic);
    if (!decoder) {
      decoder = createDecoder(topic, compileSchema);
      this.decoders.set(topic, decoder);
    }
    const record: IncomingRecord = {
      topic,
      partition: 0,
      offset: String(this.offset++),
      key: Buffer.from('k'),
      value: Buffer.from(value),
      timestampMs: this.nowMs,
    };
    const decoded = decoder(record);
    if (!('message' in decoded)) throw new Error(`${topic}: ${JSON.stringify(decoded)}`);
    return decoded.message;
  }
}

/** Everything that is due in this process happens; what the venue has not answered stays under way. */
async function passes(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}
