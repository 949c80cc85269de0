import { parseDecimal } from '../core/market/decimal.ts';

/** A decision to hold a position; the id is made of strategy version, account and triggering event, so equal decisions have equal ids. */
export interface Decision {
  readonly signalId: string;
  readonly instrument: string;
  readonly triggerEventId: string;
  readonly eventTimeMs: number;
  /** Decimal text; empty for a quote set. */
  readonly targetQty: string;
}

export interface ParityCounts {
  readonly compared: number;
  readonly onlyLive: number;
  readonly onlyReplay: number;
  /** Same id, other target. */
  readonly different: number;
  /** Made by another version of the strategy, by one that is not replayed, or while a change of stage was on its way. */
  readonly notComparable: number;
}

export interface ParityComparison {
  readonly counts: ParityCounts;
  readonly differences: ReadonlyArray<{ readonly signalId: string; readonly live?: Decision; readonly replay?: Decision }>;
}

/** A change of stage reaches the live process between two events, at a place the record does not tell to the event. */
const STAGE_CHANGE_MS = 5_000;

export function compareDecisions(
  live: ReadonlyArray<Decision & { readonly version: string }>,
  replayed: { readonly version: string; readonly decisions: readonly Decision[] },
  stageChangesMs: readonly number[],
): ParityComparison {
  const isUnsettled = ({ eventTimeMs }: Decision) =>
    stageChangesMs.some((sinceMs) => eventTimeMs >= sinceMs - STAGE_CHANGE_MS && eventTimeMs < sinceMs + STAGE_CHANGE_MS);
  const comparableLive = live.filter((decision) => decision.version === replayed.version && !isUnsettled(decision));
  const comparableReplay = replayed.decisions.filter((decision) => !isUnsettled(decision));
  const byId = new Map(comparableReplay.map((decision) => [decision.signalId, decision]));
  const differences: Array<{ signalId: string; live?: Decision; replay?: Decision }> = [];
  let onlyLive = 0;
  let different = 0;
  for (const decision of comparableLive) {
    const other = byId.get(decision.signalId);
    byId.delete(decision.signalId);
    if (other && sameQty(decision.targetQty, other.targetQty)) continue;
    if (other) different++;
    else onlyLive++;
    differences.push({ signalId: decision.signalId, live: decision, ...(other ? { replay: other } : {}) });
  }
  for (const decision of byId.values()) differences.push({ signalId: decision.signalId, replay: decision });
  const counts = { compared: comparableLive.length, onlyLive, onlyReplay: byId.size, different, notComparable: live.length - comparableLive.length };
  return { counts, differences };
}

function sameQty(a: string, b: string): boolean {
  return a === b || (a !== '' && b !== '' && parseDecimal(a) === parseDecimal(b));
}
