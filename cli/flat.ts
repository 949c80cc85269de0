import type { Command } from 'commander';
import type { TradingState } from '../core/risk/decision.ts';
import type { FlattenRequest, FlattenResult } from '../streams/flatten.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface FlatCommandDeps {
  readonly streams: OutputStreams;
  /** Who presses: the account of the operating system, for the audit. */
  readonly actor: string;
  /** Durable before it returns; needs the control store only. */
  halt(request: FlattenRequest): void;
  /** By workflow `flatten` when Temporal takes it, else in this process. Resolves when the venue shows the account flat. */
  flatten(request: FlattenRequest, onProgress: (stage: string) => void): Promise<FlattenResult>;
  resume(request: FlattenRequest): { readonly state: TradingState };
}

/** `flat`, FLAT ALL from a terminal, and `resume`, which lifts the halt. */
export function registerFlat(program: Command, deps: FlatCommandDeps): void {
  program
    .command('flat')
    .description('FLAT ALL: halt, cancel every order, close every position, verify at the venue')
    .option('--account <name>', 'account of touchstone.yaml', 'paper')
    .option('--reason <text>', 'for the audit', 'FLAT ALL from the command line')
    .option('--json', 'one JSON document')
    .action(async (options: { account: string; reason: string; json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const request = { account: options.account, reason: options.reason, by: deps.actor };
      deps.halt(request);
      output.line(`${options.account} is HALTED`);
      const result = await deps.flatten(request, (stage) => output.line(stage));
      output.line(`flat: ${result.canceledOrders} orders canceled, ${result.closedPositions} positions closed`);
      for (const { instrument, qty, reason } of result.dust) output.line(`${instrument} ${qty}: ${reason}`);
      output.json(result);
    });

  program
    .command('resume')
    .description('let a halted account trade again')
    .option('--account <name>', 'account of touchstone.yaml', 'paper')
    .option('--reason <text>', 'for the audit', 'resumed from the command line')
    .action((options: { account: string; reason: string }) => {
      const { state } = deps.resume({ account: options.account, reason: options.reason, by: deps.actor });
      createOutput(deps.streams, false).line(`${options.account} is ${state}`);
    });
}
