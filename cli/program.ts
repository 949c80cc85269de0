import { Command, CommanderError } from 'commander';
import { errorLine } from './output.ts';

/** A command file's `registerX` closed over its dependencies. */
export type Registration = (program: Command) => void;

export interface ProgramStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Runs the command line.
 * @returns the exit status: 0 done, 1 an error (one line with its code on standard error), 2 wrong usage.
 */
export async function runProgram(argv: readonly string[], registrations: readonly Registration[], version: string, streams: ProgramStreams): Promise<number> {
  const program = new Command('touchstone')
    .description('Finds trading strategies, makes each prove itself, lets a person approve it, trades it, and takes it off when it stops working.')
    .version(version)
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: (text) => void streams.stderr.write(text) });
  for (const register of registrations) register(program);
  overrideExit(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    streams.stderr.write(`${errorLine(error)}\n`);
    return 1;
  }
}

/** Commander exits the process by itself unless every command is told to throw. */
function overrideExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) overrideExit(child);
}
