import { rm } from 'node:fs/promises';
import path from 'node:path';
import { formatClientKey, rotateClusterKeyring } from '@panal/access';
import { createKeyFile, readClusterKeyFile, readKeyFile, replaceKeyFile } from '@panal/storage-fs';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { createClusterKeyFile, exists, systemRandom } from '../key-files.js';
import { shellWord } from '../shell-word.js';
import { tableLines } from '../table.js';
import { TrackerConsole } from '../trackers/tracker-console.js';
import { idOf, KeyConsole, type KeyGrant } from './key-console.js';

/** What the commands of `panal keys` are given. */
export interface KeysOptions {
  readonly data?: string;
  readonly tracker?: readonly string[];
  readonly keyFile?: string;
  readonly cluster?: string;
  readonly json?: boolean;
  readonly out?: string;
}

export interface RotateOptions extends KeysOptions {
  readonly use?: boolean;
  readonly finish?: boolean;
  /** Hours the old secret stays good. */
  readonly keep?: number;
}

const HOUR_MS = 3_600_000;

/** Where the keys of the cluster are: named, or in the data folder. */
export function clusterKeyFile({ cwd }: CommandContext, options: KeysOptions, dataDir: string): string {
  return options.keyFile === undefined ? path.join(dataDir, 'cluster.key') : path.resolve(cwd, options.keyFile);
}

export async function initKeys({ terminal, installation }: CommandContext, file: string): Promise<void> {
  await createClusterKeyFile(file);
  terminal.line(
    `Made a cluster key: ${file}`,
    'Whoever has this file belongs to the cluster: keep it as a secret. Peers need less: `panal keys client NAME`.',
  );
  terminal.line('', 'Next:', `  ${installation.command} tracker --key-file ${shellWord(file)}`);
}

export async function makeClientKeyFile(
  context: CommandContext,
  grant: KeyGrant,
  options: KeysOptions,
  dataDir: string,
): Promise<void> {
  const keys = await openConsole(context, options, dataDir);
  const file = outFile(context, grant.name, options);
  const key = keys.make(grant.name);
  // First: a key nobody has is worse than a file nobody knows.
  await createKeyFile(file, formatClientKey(key));
  try {
    await keys.register(key, grant);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  const { terminal, isJson, installation } = context;
  if (isJson) return terminal.json({ id: idOf(key.id), ...grant, file });
  terminal.line(`Made the client key "${grant.name}" (${grant.role}; ${grant.namespaces.join(', ')}): ${file}`);
  terminal.line('', 'Next, on the machine it is for:', `  ${installation.command} peer --key-file ${shellWord(file)}`);
}

export async function listKeys(context: CommandContext, options: KeysOptions, dataDir: string): Promise<void> {
  const keys = await (await openConsole(context, options, dataDir)).list();
  const { terminal, isJson } = context;
  if (isJson) return terminal.json({ keys: keys.map((key) => ({ ...key, id: idOf(key.id) })) });
  if (keys.length === 0) return terminal.line('No client has a key of its own.');
  const rows = keys.map(({ id, name, role, namespaces, createdAt, revokedAt, secretCount }) => {
    const state = revokedAt === null ? (secretCount > 1 ? 'two secrets' : 'good') : `revoked ${dateOf(revokedAt)}`;
    return [idOf(id), name, role, namespaces.join(','), dateOf(createdAt), state];
  });
  terminal.line(...tableLines([['ID', 'NAME', 'ROLE', 'NAMESPACES', 'CREATED', 'STATE'], ...rows]));
}

export async function revokeKey(
  context: CommandContext,
  nameOrId: string,
  options: KeysOptions,
  dataDir: string,
): Promise<void> {
  const keys = await openConsole(context, options, dataDir);
  const found = await keys.find(nameOrId);
  for (const { id } of found) await keys.revoke(id);
  const { terminal, isJson } = context;
  if (isJson) return terminal.json({ revoked: found.map(({ id, name }) => ({ id: idOf(id), name })) });
  terminal.line(
    ...found.map(({ id, name }) => `Revoked "${name}" (${idOf(id)}): trackers refuse it now.`),
    'Other peers hear of it within seconds; one that hears no tracker refuses it when its ticket ends, within 10 minutes.',
  );
}

export async function rotateClientKey(
  context: CommandContext,
  nameOrId: string,
  options: RotateOptions,
  dataDir: string,
): Promise<void> {
  const keys = await openConsole(context, options, dataDir);
  const [known, ...more] = await keys.find(nameOrId);
  if (more.length > 0) throw new UsageError(`Several keys are called "${nameOrId}".`, 'Give the id of one of them.');
  const { terminal, isJson } = context;
  const id = idOf(known.id);
  if (options.finish === true) {
    await keys.finish(known.id);
    return isJson ? terminal.json({ id, name: known.name }) : terminal.line(`"${known.name}" has one secret now.`);
  }
  const key = keys.make(known.name, Buffer.from(known.id));
  const file = outFile(context, known.name, options);
  const draft = `${file}.new`;
  await checkReplaceable(file, id);
  await createKeyFile(draft, formatClientKey(key));
  try {
    const oldUntilMs = options.keep === undefined ? undefined : Date.now() + options.keep * HOUR_MS;
    await keys.rotate(key, oldUntilMs);
    if (await exists(file)) await replaceKeyFile(file, formatClientKey(key));
    else await createKeyFile(file, formatClientKey(key));
  } finally {
    await rm(draft, { force: true });
  }
  if (isJson) return terminal.json({ id, name: known.name, file });
  terminal.line(
    `Made a new secret for "${known.name}": ${file}`,
    'The old one is good beside it. Bring the file to where the key is used and start what uses it anew; then:',
    `  panal keys rotate ${shellWord(known.name)} --finish`,
  );
}

/** The three steps in which the keys of a running cluster are replaced; see libs/access. */
export async function rotateClusterKey(
  { terminal, isJson }: CommandContext,
  file: string,
  { use, finish }: RotateOptions,
): Promise<void> {
  const step = finish === true ? 'finish' : use === true ? 'use' : 'begin';
  const ring = rotateClusterKeyring(await readClusterKeyFile(file), step, systemRandom);
  await replaceKeyFile(file, ring.format());
  if (isJson) return terminal.json({ file, step, keyCount: ring.keys.length });
  const all = 'Bring the file to every member that has the cluster key, and start them anew, one tracker at a time';
  const next = {
    begin: [`${file} holds a new key beside the one in use.`, `${all}; then: panal keys rotate --use`],
    use: [
      `${file} says to use the new key, and to accept the old one.`,
      `${all}; a minute later: panal keys rotate --finish`,
    ],
    finish: [`${file} holds one key.`, `${all}. The other key is good for nothing then.`],
  }[step];
  terminal.line(...next);
}

async function openConsole({ cwd }: CommandContext, options: KeysOptions, dataDir: string): Promise<KeyConsole> {
  const { tracker = [], keyFile, cluster } = options;
  const file = keyFile === undefined ? undefined : path.resolve(cwd, keyFile);
  return new KeyConsole(await TrackerConsole.open({ dataDir, trackers: tracker, keyFile: file, cluster }));
}

function outFile({ cwd }: CommandContext, name: string, { out }: KeysOptions): string {
  return path.resolve(cwd, out ?? `${name}.key`);
}

/** Only the key that is being replaced is written over. */
async function checkReplaceable(file: string, id: string): Promise<void> {
  if (!(await exists(file))) return;
  const old = await readKeyFile(file);
  if (old.kind === 'client' && idOf(old.key.id) === id) return;
  throw new UsageError(`${file} holds another key.`, 'Name the file of the new secret with --out.');
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
