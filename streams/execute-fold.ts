import { isSettled } from '../core/execution/lifecycle.ts';
import type { AccountBook, BookStage } from './execute-book.ts';
import type { Fact } from './execute-reconcile.ts';

/** What the venue told, into the stage of the turn. Fills of an instrument that was not opened yet are polled later, from its cursor. */
export function foldFact(book: AccountBook, stage: BookStage, fact: Fact): void {
  if (fact.type === 'update') stage.update(fact.clientOrderId, fact.update);
  else if (fact.type === 'fill') {
    if (book.fillCursors().has(fact.fill.instrument)) stage.fill(fact.fill);
  } else {
    let cursor: string | undefined;
    for (const fill of fact.fills) {
      if (!stage.fill(fill)) break;
      cursor = fill.tradeId;
    }
    if (cursor !== undefined) stage.tx.putFillCursor(fact.instrument, cursor);
  }
}

/** What a settled order did not get is given up with it: its strategy wants what it has, until it says otherwise. */
export function absorbSettled(book: AccountBook, stage: BookStage): void {
  for (const stored of stage.orders.values()) {
    const { instrument, strategy, signalId, averagePrice, updatedTimeMs } = stored.order;
    const target = stage.targets(instrument).get(strategy);
    if (!target || !isSettled(stored) || !book.isOpen(stored.order.clientOrderId)) continue;
    let wanted = 0n;
    for (const { qty } of stage.targets(instrument).values()) wanted += qty;
    stage.setTarget(instrument, strategy, target.qty + stage.position(instrument).qty - wanted, signalId, target.eventTimeMs);
    stage.tellHolding(instrument, strategy, updatedTimeMs, averagePrice);
  }
}
