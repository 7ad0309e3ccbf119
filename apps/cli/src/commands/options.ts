import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { PeerChoice } from '../peers/peer-session.js';

/** Flags of every command that works with a local peer. */
export interface PeerOptions {
  readonly data?: string;
  readonly peer?: string;
  readonly tracker?: readonly string[];
  readonly keyFile?: string;
  readonly cluster?: string;
  readonly listen?: string;
  readonly advertise?: readonly string[];
}

const SERVER_FLAGS = ['tracker', 'keyFile', 'cluster', 'listen', 'advertise'] as const;

export function addDataOption(command: Command): Command {
  return command.option('--data <dir>', 'data folder (default: $PANAL_DATA, else ~/.panal)');
}

/** `--data`, `--peer`, and the flags for a peer that has to be started. */
export function addPeerOptions(command: Command): Command {
  command.optionsGroup('Which peer:');
  addDataOption(command).option('--peer <name>', 'a running peer, by its name (default: the one that runs here)');
  command.optionsGroup('When no peer runs, one is started for the length of the command, with:');
  return command
    .option('--tracker <host:port>', 'a tracker; give it several times for several', collect)
    .option('--key-file <file>', 'the key of the cluster (default: cluster.key in the data folder)')
    .option('--cluster <name>', 'name of the cluster (default: panal)')
    .option('--listen <host:port>', 'where it serves other peers (default: port 5550)')
    .option('--advertise <host:port>', 'where other peers reach it, if not there; several allowed', collect);
}

export function dataFolder(context: CommandContext, options: { readonly data?: string }): string {
  return options.data === undefined ? context.config.dataDir : path.resolve(context.cwd, options.data);
}

/** Where plugins are installed. */
export function pluginFolder(
  context: CommandContext,
  options: { readonly data?: string; readonly pluginDir?: string },
): string {
  const given = options.pluginDir ?? context.config.pluginDir;
  return given === undefined ? path.join(dataFolder(context, options), 'plugins') : path.resolve(context.cwd, given);
}

export function peerChoice(context: CommandContext, options: PeerOptions): PeerChoice {
  const { config, cwd } = context;
  const given = SERVER_FLAGS.flatMap((key) => {
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const values = [options[key] ?? []].flat();
    return values.map((value) => ({ flag, value: key === 'keyFile' ? path.resolve(cwd, value) : value }));
  });
  const name = config.isPeerNamed ? [] : ['--name', passingName(hostname())];
  return {
    dataDir: dataFolder(context, options),
    peer: options.peer,
    serverArgs: [...given.flatMap(({ flag, value }) => [flag, value]), ...name],
    namedFlags: [...new Set(given.map(({ flag }) => flag))],
    isListenNamed: options.listen !== undefined || config.isPeerListenNamed,
    isApiNamed: config.isPeerApiNamed,
  };
}

/**
 * A name for a peer that lives as long as a command. Names are unique in a cluster, and on one machine, or on many that are
 * called alike, several commands may run: the machine's name alone would be refused as taken.
 */
function passingName(host: string): string {
  const label = (host.split('.')[0] ?? '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  return `${label || 'peer'}-${randomBytes(2).toString('hex')}`;
}

/** For a flag that may be given several times. */
function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Seconds, fractions allowed. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || value > 1e9) throw new InvalidArgumentError('Give a number of seconds.');
  return value;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, kib: 1024, m: 1024 ** 2, mib: 1024 ** 2 };

/** `1MiB`, `512K` or a number of bytes. */
export function chunkSize(text: string): number {
  const match = /^(\d{1,9})\s*([a-z]*)$/i.exec(text.trim());
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? '-'];
  const sizeBytes = Number(match?.[1]) * (unit ?? Number.NaN);
  const isPowerOfTwo = Number.isSafeInteger(Math.log2(sizeBytes));
  if (!isPowerOfTwo || sizeBytes < 16 * 1024 || sizeBytes > 16 * 1024 ** 2) {
    throw new InvalidArgumentError('Give a power of two from 16KiB to 16MiB, such as 1MiB.');
  }
  return sizeBytes;
}
