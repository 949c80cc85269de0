import { createInterface } from 'node:readline';
import { errorCode, errorMessage } from '../core/errors.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import type { TrainingCommand, TrainingMessage } from '../infra/training.ts';
import { selectBackend } from '../ml/models/backend.ts';
import { train } from '../ml/training/train.ts';

/**
 * A training process: one command as a JSON line on standard input, messages as JSON lines on standard output. `infra/training.ts` starts it. When its parent
 * goes, however it goes, standard input ends and so does this: nobody would read the result.
 */
function say(message: TrainingMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const command = await new Promise<TrainingCommand>((resolve) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as TrainingCommand));
  });
  lines.once('close', () => process.exit(1));
  await selectBackend();
  const result = await train(command.request, openArtefacts(command.artefactsDir), (progress) => say({ type: 'progress', progress }));
  say({ type: 'done', result });
}

main().then(
  () => process.stdout.write('', () => process.exit(0)),
  (error) => {
    say({ type: 'failed', code: errorCode(error), message: errorMessage(error) });
    process.stdout.write('', () => process.exit(1));
  },
);
