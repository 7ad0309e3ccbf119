import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import type { KeysOptions, RotateOptions } from '../keys/run-keys.js';
import { examples } from './help-text.js';
import { addDataOption, dataFolder, wholeNumber } from './options.js';

interface ClientOptions extends KeysOptions {
  readonly role: 'peer' | 'viewer' | 'maintainer' | 'admin';
  readonly namespace?: readonly string[];
}

const NAMESPACES_MAX = 8;
const KEEP_HOURS_MAX = 8_760;

// Loaded by the commands that need it: no other command pays for it.
const load = () => import('../keys/run-keys.js');

export function addKeysCommand(program: Command, context: CommandContext): void {
  const keys = program
    .command('keys')
    .summary('make, list, replace and revoke keys')
    .description('Looks after the keys that say who belongs to a cluster: its own, and those of clients.')
    .addHelpText(
      'after',
      () =>
        `${examples(context.installation.shortCommand, [
          ['keys init --key-file cluster.key', 'once for a cluster'],
          ['keys client ci --tracker t1 --key-file cluster.key', 'a key for one peer: ci.key'],
          ['keys revoke ci --tracker t1 --key-file cluster.key', 'it is refused everywhere'],
        ])}`,
    );
  addInit(keys, context);
  addClient(keys, context);
  addList(keys, context);
  addRotate(keys, context);
  addRevoke(keys, context);
}

function addInit(keys: Command, context: CommandContext): void {
  const init = keys
    .command('init')
    .summary('make a new cluster key')
    .description(
      'Makes the keys of a new cluster, readable by this user only. Trackers with the same file form one cluster: copy it\n' +
        'to each of their machines, by a way you trust. A key that is there is never overwritten.',
    )
    .option('--key-file <file>', 'where to write it (default: cluster.key in the data folder)');
  addDataOption(init).action(async (options: KeysOptions) => {
    const { clusterKeyFile, initKeys } = await load();
    await initKeys(context, clusterKeyFile(context, options, dataFolder(context, options)));
  });
}

function addClient(keys: Command, context: CommandContext): void {
  const client = keys
    .command('client')
    .summary('make a key for one client')
    .description('Makes a key for a peer or a person and lets the trackers know it. It can be revoked by itself.')
    .argument('<name>', 'what it is called; also the name of whoever uses it')
    .addOption(
      new Option('--role <role>', 'what it is good for')
        .choices(['peer', 'viewer', 'maintainer', 'admin'])
        .default('peer'),
    )
    .option(
      '--namespace <name>',
      `a namespace it is good for, "*" for all; several allowed (default: default)`,
      collect,
    )
    .option('--out <file>', 'where to write it (default: NAME.key)');
  addTrackerOptions(client, '{"id", "name", "role", "namespaces", "file"}').action(
    async (name: string, options: ClientOptions) => {
      context.isJson = options.json === true;
      const grant = { name, role: options.role, namespaces: options.namespace ?? ['default'] };
      checkGrant(grant);
      await (await load()).makeClientKeyFile(context, grant, options, dataFolder(context, options));
    },
  );
}

function addList(keys: Command, context: CommandContext): void {
  const list = keys
    .command('list')
    .summary('show the client keys')
    .description('Shows all client keys, never a secret.');
  addTrackerOptions(list, '{"keys": [...]}').action(async (options: KeysOptions) => {
    context.isJson = options.json === true;
    await (await load()).listKeys(context, options, dataFolder(context, options));
  });
}

function addRotate(keys: Command, context: CommandContext): void {
  const rotate = keys
    .command('rotate')
    .summary('replace a secret while it is in use')
    .description(
      'With a name: gives a client key a new secret, which is good beside the old one until --finish, or for --keep hours.\n' +
        'Without: replaces the keys of the cluster in its key file, in three steps (begin, --use, --finish); bring the file to\n' +
        'all that have it after each. Two keys are good at once, so nothing has to stop.',
    )
    .argument('[name]', 'of a client key, or its id')
    .option('--use', 'cluster: use the new key, accept the old one')
    .option('--finish', 'the old one is good no longer')
    .option('--keep <hours>', 'client key: drop the old secret by itself after so long', wholeNumber(1, KEEP_HOURS_MAX))
    .option('--out <file>', 'client key: where to write it (default: NAME.key)');
  addTrackerOptions(rotate, 'what was replaced, and where').action(
    async (name: string | undefined, options: RotateOptions) => {
      context.isJson = options.json === true;
      const { clusterKeyFile, rotateClientKey, rotateClusterKey } = await load();
      const dataDir = dataFolder(context, options);
      if (name === undefined) return rotateClusterKey(context, clusterKeyFile(context, options, dataDir), options);
      await rotateClientKey(context, name, options, dataDir);
    },
  );
}

function addRevoke(keys: Command, context: CommandContext): void {
  const revoke = keys
    .command('revoke')
    .summary('refuse a client key from now on')
    .description('Revokes a client key for good: every tracker refuses it at once and ends its connections.')
    .argument('<name>', 'of the key, or its id');
  addTrackerOptions(revoke, '{"revoked": [{"id", "name"}]}').action(async (name: string, options: KeysOptions) => {
    context.isJson = options.json === true;
    await (await load()).revokeKey(context, name, options, dataFolder(context, options));
  });
}

function addTrackerOptions(command: Command, json: string): Command {
  command.optionsGroup('Which cluster (default: that of `panal up` on the data folder):');
  addDataOption(command)
    .option('--tracker <host:port>', 'one of its trackers; several allowed', collect)
    .option('--key-file <file>', 'the key of the cluster, or of an admin (default: cluster.key in the data folder)')
    .option('--cluster <name>', 'its name (default: panal)');
  command.optionsGroup('Options:');
  return command.option('--json', `one object: ${json}`);
}

/** @throws UsageError, before anything is written or sent */
function checkGrant({ name, namespaces }: { name: string; namespaces: readonly string[] }): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new UsageError(`"${name}" cannot be a name.`, 'Use 1 to 64 letters, digits, ".", "_" or "-".');
  }
  const bad = namespaces.find((one) => one !== '*' && !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(one));
  if (bad !== undefined) {
    throw new UsageError(
      `"${bad}" cannot be a namespace.`,
      'Use 1 to 64 small letters, digits, ".", "_" or "-", or "*".',
    );
  }
  if (namespaces.length > NAMESPACES_MAX) {
    throw new UsageError(`A key is good for at most ${NAMESPACES_MAX} namespaces.`, 'Give it "*", or make two keys.');
  }
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return [...(earlier ?? []), value];
}
