import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';

/** Answer of the query `status`, the same for every type. `best` is the best figure so far, in the unit its stage names. */
export interface Status {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly best: number | null;
}

export const statusQuery = defineQuery<Status>('status');

export interface Progress {
  /** Whom it is about, for the search attributes. */
  label(about: { readonly symbol?: string; readonly strategy?: string }): void;
  /** A new stage starts its count at 0. */
  stage(stage: string, total?: number): void;
  advance(done: number, best?: number | null): void;
  current(): Status;
}

/**
 * Answers `status` from the first moment on, shows the same as current details in Temporal's UI, and keeps the search attribute
 * `Stage` (one history event a stage, none for progress within it).
 */
export function trackProgress(title: string): Progress {
  let status: Status = { stage: 'starting', done: 0, total: 0, best: null };
  setHandler(statusQuery, () => status);

  function show(next: Status): void {
    status = next;
    const counted = status.total > 0 ? `: ${status.done} of ${status.total}` : '';
    setCurrentDetails(`**${title}**\n\n${status.stage}${counted}${status.best === null ? '' : `\n\nbest so far: ${Number(status.best.toPrecision(6))}`}`);
  }

  return {
    label: ({ symbol, strategy }) =>
      upsertSearchAttributes({ ...(symbol === undefined ? {} : { Symbol: [symbol] }), ...(strategy === undefined ? {} : { Strategy: [strategy] }) }),
    stage: (stage, total = 0) => {
      upsertSearchAttributes({ Stage: [stage] });
      show({ stage, done: 0, total, best: status.best });
    },
    advance: (done, best = status.best) => show({ ...status, done, total: Math.max(done, status.total), best }),
    current: () => status,
  };
}
