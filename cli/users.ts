import { type Command, Option } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import { ROLES, type Role } from '../schemas/http.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface UserCommandDeps {
  readonly streams: OutputStreams;
  readonly stdin: NodeJS.ReadStream;
  /** Who types: the account of the operating system, for the audit. */
  readonly actor: string;
  openControlStore(): ControlStore;
}

const MAX_INPUT_CHARACTERS = 64 * 1024;

/** `user add | list | role | lock | unlock` and `secret set | list`. Passwords and secrets come from standard input, never from the command line. */
export function registerUsers(program: Command, deps: UserCommandDeps): void {
  const withStore = async (work: (store: ControlStore) => unknown) => {
    const store = deps.openControlStore();
    try {
      await work(store);
    } finally {
      store.close();
    }
  };
  registerUserCommands(program.command('user').description('people who may sign in'), deps, withStore);
  registerSecretCommands(program.command('secret').description('sealed secrets, such as exchange keys'), deps, withStore);
}

type WithStore = (work: (store: ControlStore) => unknown) => Promise<void>;

function registerUserCommands(user: Command, deps: UserCommandDeps, withStore: WithStore): void {
  user
    .command('add')
    .argument('<name>', 'lower-case name')
    .description('add a user; shows the secret for an authenticator app, once')
    .addOption(new Option('--role <role>', 'each may do all that those before it may').choices(ROLES).default('viewer'))
    .option('--password-stdin', 'read the password from standard input instead of asking for it')
    .option('--json', 'one JSON document')
    .action(async (name: string, options: { role: Role; passwordStdin?: boolean; json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const password = options.passwordStdin ? await readAll(deps.stdin) : await askTwice(deps);
      await withStore(async (store) => {
        const { user: added, totpSecret, otpauthUri } = await store.createUser({ name, role: options.role, password, by: deps.actor });
        output.line(`added ${added.name} (${added.role})`);
        output.line(`authenticator secret, shown this once: ${totpSecret}`);
        output.line(otpauthUri);
        output.json({ name: added.name, role: added.role, totpSecret, otpauthUri });
      });
    });

  user
    .command('list')
    .description('all users with role and locks')
    .option('--json', 'one JSON document')
    .action((options: { json?: boolean }) =>
      withStore((store) => {
        const output = createOutput(deps.streams, options.json ?? false);
        const users = store.listUsers().map(({ createdMs, ...rest }) => ({ ...rest, created: new Date(createdMs).toISOString() }));
        output.table(users);
        output.json(users);
      }),
    );

  user
    .command('role')
    .argument('<name>')
    .argument('<role>', ROLES.join(', '))
    .description('change a role; ends the sessions of the user')
    .action((name: string, role: Role) =>
      withStore((store) => {
        store.setRole(name, role, deps.actor);
        createOutput(deps.streams, false).line(`${name} is ${role}`);
      }),
    );

  for (const action of ['lock', 'unlock'] as const) {
    user
      .command(action)
      .argument('<name>')
      .description(action === 'lock' ? 'sign a user out and let them in no more' : 'lift a lock of any cause')
      .action((name: string) =>
        withStore((store) => {
          if (action === 'lock') store.lockUser(name, deps.actor);
          else store.unlockUser(name, deps.actor);
          createOutput(deps.streams, false).line(`${name} is ${action}ed`);
        }),
      );
  }
}

function registerSecretCommands(secret: Command, deps: UserCommandDeps, withStore: WithStore): void {
  secret
    .command('set')
    .argument('<name>', 'such as binance-api-key')
    .description('seal a secret, read from standard input')
    .action(async (name: string) => {
      const value = deps.stdin.isTTY ? await askHidden(deps, `${name}: `) : await readAll(deps.stdin);
      await withStore((store) => {
        store.setSecret(name, value, deps.actor);
        createOutput(deps.streams, false).line(`sealed ${name}`);
      });
    });

  secret
    .command('list')
    .description('names of the sealed secrets')
    .action(() => withStore((store) => createOutput(deps.streams, false).table(store.secretNames().map((name) => ({ name })))));
}

/** All of standard input without the line's end. @throws TouchstoneError NO_INPUT, INPUT_TOO_LONG */
async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_INPUT_CHARACTERS) throw new TouchstoneError('INPUT_TOO_LONG', `standard input has more than ${MAX_INPUT_CHARACTERS} characters`);
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new TouchstoneError('NO_INPUT', 'nothing came on standard input');
  return value;
}

async function askTwice(deps: UserCommandDeps): Promise<string> {
  if (!deps.stdin.isTTY) throw new TouchstoneError('NO_TERMINAL', 'there is no terminal to ask for a password; use --password-stdin');
  const password = await askHidden(deps, 'password: ');
  if ((await askHidden(deps, 'again: ')) !== password) throw new TouchstoneError('PASSWORDS_DIFFER', 'the two passwords are not the same');
  return password;
}

/** Asks on the terminal without showing what is typed. */
function askHidden({ stdin, streams }: UserCommandDeps, prompt: string): Promise<string> {
  streams.stderr.write(prompt);
  stdin.setRawMode(true).setEncoding('utf8').resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (settle: () => void) => {
      stdin.off('data', onData);
      stdin.setRawMode(false).pause();
      streams.stderr.write('\n');
      settle();
    };
    const onData = (text: string) => {
      for (const letter of text) {
        if (letter === '\r' || letter === '\n') return finish(() => resolve(typed));
        if (letter === '\u0003' || letter === '\u0004') return finish(() => reject(new TouchstoneError('CANCELED', 'canceled')));
        typed = letter === '\u007f' || letter === '\b' ? typed.slice(0, -1) : typed + letter;
      }
    };
    stdin.on('data', onData);
  });
}
