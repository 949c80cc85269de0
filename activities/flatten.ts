import { type FlattenDeps, type FlattenResult, flattenAccount } from '../streams/flatten.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { withHeartbeat } from './heartbeat.ts';

export type { FlattenResult };

export function createActivities(deps: { readonly flattenDeps: (account: string) => FlattenDeps }) {
  return {
    /** FLAT ALL of one account; returns when the venue shows it flat. Run again after a crash it goes on where the account stands. */
    async flattenAccount(input: WorkflowInput<'flatten'>): Promise<FlattenResult> {
      let stage = 'starting';
      return withHeartbeat(
        (signal) =>
          flattenAccount(
            deps.flattenDeps(input.account),
            input,
            (now) => {
              stage = now;
            },
            signal,
          ),
        () => stage,
      );
    },
  };
}
