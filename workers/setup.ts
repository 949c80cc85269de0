import { errorCode, errorMessage } from '../core/errors.ts';
import { setUp } from '../infra/dev/setup.ts';
import { readStackSettings } from '../infra/env.ts';

/** The second half of `npm run setup`, on the pinned Node. `--tests` adds what only tests need. */
try {
  await setUp(readStackSettings(), { browser: process.argv.includes('--tests') }, (line) => void process.stdout.write(`${line}\n`));
} catch (error) {
  process.stderr.write(`error ${errorCode(error)}: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
