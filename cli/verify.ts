import type { Command } from 'commander';
import type { Verification } from '../streams/verify.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface VerifyCommandDeps {
  readonly streams: OutputStreams;
  /** @throws TouchstoneError UNKNOWN_ACCOUNT, LEDGER_FAILED and whatever a source throws that does not answer */
  verify(account: string): Promise<Verification>;
}

/** `verify`: the ten invariants, each with its first counter-example; exit status 1 when one does not hold. */
export function registerVerify(program: Command, deps: VerifyCommandDeps): void {
  program
    .command('verify')
    .description('check the ten invariants against ledger, venue, Kafka and ClickHouse')
    .option('--account <name>', 'account of touchstone.yaml', 'paper')
    .option('--json', 'one JSON document')
    .action(async (options: { account: string; json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const verification = await deps.verify(options.account);
      for (const { id, statement, ok, counterExample } of verification.results) {
        output.line(`${ok ? 'pass' : 'FAIL'}  ${id.padEnd(3)}  ${statement}`);
        if (counterExample !== undefined) output.line(`           ${counterExample}`);
      }
      output.line(`${verification.orders} orders, ${verification.fills} fills; compared ${verification.compared.join(', ')}`);
      if (verification.audit && verification.audit.fault === undefined)
        output.line(`audit: ${verification.audit.records} records, newest hash ${verification.audit.headHash}`);
      output.json(verification);
      if (!verification.ok) process.exitCode = 1;
    });
}
