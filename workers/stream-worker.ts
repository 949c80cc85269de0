import { errorMessage } from '../core/errors.ts';
import { systemClock } from '../infra/clock.ts';
import { type Environment, readEnvironment } from '../infra/env.ts';
import { createMessageBus, type MessageBus, type Producer } from '../infra/kafka.ts';
import { createLog, type Log } from '../infra/log.ts';
import { createMetrics, type Metrics, serveMetrics } from '../infra/metrics.ts';
import { compileSchema } from '../infra/validate.ts';
import { topicSpecs } from '../streams/topics.ts';

/** What every stream process has; satisfies `ConsumeDeps`. */
export interface StreamContext {
  readonly environment: Environment;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly bus: MessageBus;
  readonly producer: Producer;
  readonly clock: typeof systemClock;
  readonly compileSchema: typeof compileSchema;
  /** Ends the process with status 1; its supervisor starts it anew, and starting is recovering. */
  onCrash(error: Error): void;
}

const STOP_TIMEOUT_MS = 20_000;

/**
 * Life of a stream process: connects, starts, serves its metrics, and on SIGTERM or SIGINT stops in order. `start` returns what
 * has to be stopped, in that order.
 */
export async function runStreamWorker(name: string, start: (context: StreamContext) => Promise<ReadonlyArray<() => Promise<void> | void>>): Promise<void> {
  const environment = readEnvironment();
  const log = createLog(name, environment.logLevel);
  const onCrash = (error: Error) => {
    log.fatal({ error: errorMessage(error), stack: error.stack }, 'cannot go on');
    process.exit(1);
  };
  try {
    const metrics = createMetrics(name);
    const metricsServer = await serveMetrics(metrics, environment.metricsPort);
    const bus = createMessageBus(environment.kafkaBrokers, log);
    await bus.ensureTopics(topicSpecs());
    const producer = await bus.createProducer();
    const stops = await start({ environment, log, metrics, bus, producer, clock: systemClock, compileSchema, onCrash });
    log.info({ metricsPort: metricsServer.port }, `${name} ready`);

    let isStopping = false;
    const stop = async () => {
      if (isStopping) return;
      isStopping = true;
      setTimeout(() => onCrash(new Error(`not stopped within ${STOP_TIMEOUT_MS} ms`)), STOP_TIMEOUT_MS).unref();
      for (const step of stops) await step();
      await producer.close();
      await bus.close();
      await metricsServer.close();
      log.info({}, `${name} stopped`);
      process.exit(0);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop().catch(onCrash));
  } catch (error) {
    onCrash(error instanceof Error ? error : new Error(String(error)));
  }
}
