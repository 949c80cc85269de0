import { systemClock } from '../../../infra/clock.ts';
import { openControlStore } from '../../../infra/control-store/control-store.ts';
import { masterKeyFile } from '../../../infra/control-store/secrets.ts';

/** One of several processes that spend the same code at the same moment. Arguments: database, key file, start time, code, time of the code. */
const [path, keyPath, startMs, code, nowMs] = process.argv.slice(2);
const store = openControlStore(path!, { clock: systemClock, masterKey: masterKeyFile(keyPath!) });
store.tradingState('paper');
while (systemClock.nowMs() < Number(startMs)) {
  // Spin, so that all begin within the same millisecond.
}
const result = store.consumeTotp('ada', code!, Number(nowMs));
store.appendAudit({ actor: 'ada', action: 'race', subject: String(process.pid), detail: {}, nowMs: Number(nowMs) });
store.close();
process.stdout.write(result.accepted ? 'accepted' : result.code);
