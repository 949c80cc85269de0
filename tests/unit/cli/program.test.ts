import { describe, expect, it } from 'vitest';
import { formatTable } from '../../../cli/output.ts';
import { type Registration, runProgram } from '../../../cli/program.ts';
import { TouchstoneError } from '../../../core/errors.ts';

async function run(argv: string[], register: Registration) {
  let stdout = '';
  let stderr = '';
  const status = await runProgram(argv, [register], '1.2.3', {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  const greet: Registration = (program) => {
    program
      .command('greet')
      .requiredOption('--name <name>')
      .action(({ name }: { name: string }) => {
        if (name === 'nobody') throw new TouchstoneError('NO_NAME', 'nobody is\nnot a name');
      });
  };

  it('returns 0 when done', async () => {
    expect(await run(['greet', '--name', 'a'], greet)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await run(['--version'], greet)).toMatchObject({ status: 0, stdout: '1.2.3\n' });
  });

  it('returns 1 and one line with the code on an error', async () => {
    expect(await run(['greet', '--name', 'nobody'], greet)).toEqual({ status: 1, stdout: '', stderr: 'error NO_NAME: nobody is not a name\n' });
  });

  it('returns 2 on wrong usage', async () => {
    expect((await run(['greet'], greet)).status).toBe(2);
    expect((await run(['gret'], greet)).stderr).toMatch(/greet/);
    expect((await run(['greet', '--name', 'a', '--wrong'], greet)).status).toBe(2);
  });
});

it('a table aligns numbers to the right and text to the left', () => {
  expect(
    formatTable([
      { name: 'a', n: 1 },
      { name: 'long', n: 22.5 },
    ]),
  ).toBe('name     n\n────  ────\na        1\nlong  22.5\n');
  expect(formatTable([])).toBe('(no rows)\n');
});
