import { errorMessage } from '../core/errors.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { createMessageBus } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { AlertRaised } from '../schemas/observation.ts';
import { encode } from '../streams/message.ts';

const RETRY_MS = 5_000;

/**
 * Tells topic `alerts`, and with it the dashboard and the history, that a worker stays down. Kafka being away is a likely cause of
 * that, so it is tried until it is said or the supervisor stops.
 */
export async function raiseGaveUp(worker: string, lastExit: string, deps: { brokers: readonly string[]; log: Log; stopping: AbortSignal }): Promise<void> {
  const { brokers, log, stopping } = deps;
  const eventTimeMs = systemClock.nowMs();
  const message = `worker ${worker} crashed again and again (last: ${lastExit}) and stays down; see its log`;
  const alert: AlertRaised = { code: 'WORKER_GAVE_UP', severity: 'critical', source: 'supervisor', message, eventTimeMs };
  const value = encode('alerts', 'alert', `gave-up/${worker}/${eventTimeMs}`, eventTimeMs, alert);
  while (!stopping.aborted) {
    const bus = createMessageBus(brokers, log);
    try {
      const producer = await bus.createProducer();
      await producer.send('alerts', [{ key: 'supervisor', value }]);
      return await producer.close();
    } catch (error) {
      log.warn({ worker, error: errorMessage(error) }, 'cannot raise the alert; trying again');
      await sleep(RETRY_MS, stopping);
    } finally {
      await bus.close();
    }
  }
}
