import { AddressError, type HostPort, parseAddress } from '@panal/runtime';
import { isNodeName, PEER_LABEL_SIZE_MAX, type PeerAddress } from '@panal/wire';
import { OptionInvalidError } from './errors.js';
import { LOG_LEVELS, type LogLevel } from './pino-logger.js';

/** Turns the text of a flag or variable into its value. `source` names it, for the error. */
export type OptionParser<Value> = (text: string, source: string) => Value;

/** `HOST:PORT`, or what `fallback` leaves out of it. */
export function addressOption(fallback: Partial<HostPort>): OptionParser<HostPort> {
  return (text, source) => {
    try {
      return parseAddress(text, fallback);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new OptionInvalidError(`${source}: ${error.message}`, error.action, error);
    }
  };
}

/** `[NETWORK=]HOST:PORT`; without a network it is `default`. */
export function advertiseOption(text: string, source: string): PeerAddress {
  const [, network = 'default', address = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? [];
  if (!isNodeName(network)) {
    throw new OptionInvalidError(
      `${source}: "${network}" cannot be the name of a network.`,
      'Write [NETWORK=]HOST:PORT, for example 192.0.2.7:5550 or lan=192.0.2.7:5550.',
    );
  }
  const parsed = addressOption({})(address, source);
  if (parsed.port > 0) return { network, ...parsed };
  throw new OptionInvalidError(`${source}: nobody can dial port 0.`, 'Give the port others reach this server at.');
}

/** A cluster, peer or tracker name. */
export function nameOption(text: string, source: string): string {
  if (isNodeName(text)) return text;
  throw new OptionInvalidError(
    `${source}: "${text}" cannot be a name.`,
    'Use 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit.',
  );
}

/** `NAME=VALUE`, each at most PEER_LABEL_SIZE_MAX characters; the value may be empty, as a label that a machine lacks is. */
export function labelOption(text: string, source: string): readonly [name: string, value: string] {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (isNodeName(name) && value.length <= PEER_LABEL_SIZE_MAX) return [name, value];
  throw new OptionInvalidError(
    `${source}: "${text}" is no label.`,
    `Write NAME=VALUE, for example zone=a; the value has at most ${PEER_LABEL_SIZE_MAX} characters.`,
  );
}

export function logLevelOption(text: string, source: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === text);
  if (level !== undefined) return level;
  throw new OptionInvalidError(`${source}: there is no log level "${text}".`, `Use one of ${LOG_LEVELS.join(', ')}.`);
}

/** A path; an empty one is a mistake of the shell script around us. */
export function pathOption(text: string, source: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new OptionInvalidError(`${source}: the path is empty.`, 'Give a path, or leave the option out.');
}

/** The name of an npm package, never a path: what is loaded is what was installed. */
export function packageOption(text: string, source: string): string {
  if (text.length <= 214 && /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(text)) return text;
  throw new OptionInvalidError(
    `${source}: "${text}" is no name of a package.`,
    "Give the name of the plugin's package, for example @acme/panal-policy.",
  );
}

/** One of a few words. */
export function choiceOption<const Word extends string>(words: readonly Word[]): OptionParser<Word> {
  return (text, source) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw new OptionInvalidError(`${source}: "${text}" is no choice.`, `Use one of ${words.join(', ')}.`);
  };
}

/** A whole number from `min` to `max`. */
export function numberOption({ min, max }: { min: number; max: number }): OptionParser<number> {
  return (text, source) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new OptionInvalidError(`${source}: "${text}" is no number from ${min} to ${max}.`, 'Write it in digits.');
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `1500ms`, `2m`, `12h`, `7d`, from `minMs` to `maxMs`; the value is in milliseconds. */
export function durationOption({ minMs, maxMs }: { minMs: number; maxMs: number }): OptionParser<number> {
  return (text, source) => {
    const [, digits, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
    const durationMs = Number(digits) * (UNITS_MS[unit] ?? Number.NaN);
    if (durationMs >= minMs && durationMs <= maxMs) return durationMs;
    throw new OptionInvalidError(
      `${source}: "${text}" is no duration from ${minMs / 1_000}s to ${maxMs / 1_000}s.`,
      'Write a number and a unit: ms, s, m, h or d, for example 90s.',
    );
  };
}
