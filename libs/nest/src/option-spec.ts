import { OptionInvalidError } from './errors.js';
import type { OptionParser } from './option-parsers.js';

/** One option of a server: a flag, the variable that stands in for it, and how its text becomes a value. */
export interface OptionSpec<Value> {
  /** For example `--listen`. */
  readonly flag: string;
  /** What the value looks like, for the help, for example `HOST:PORT`. */
  readonly placeholder: string;
  /** For example `PANAL_LISTEN`; the flag wins over it. Several values are separated by commas. */
  readonly env: string;
  readonly help: string;
  readonly isMany: boolean;
  /** The default, for the help; undefined when there is none. */
  readonly defaultText: string | undefined;
  /** @param texts As given; none: the default. @throws OptionInvalidError */
  readonly read: (texts: readonly string[], source: string) => Value;
}

/** Options by the name their value has in the configuration. */
export type OptionSchema = Readonly<Record<string, OptionSpec<unknown>>>;

export type OptionValues<Schema extends OptionSchema> = {
  readonly [Name in keyof Schema]: Schema[Name] extends OptionSpec<infer Value> ? Value : never;
};

type OptionWords = Pick<OptionSpec<unknown>, 'flag' | 'placeholder' | 'env' | 'help'>;

/** An option that may be left out; its value is then undefined. `defaultText` tells what that means. */
export function optional<Value>(
  words: OptionWords & { readonly parse: OptionParser<Value>; readonly defaultText?: string },
): OptionSpec<Value | undefined> {
  const { parse, defaultText, ...rest } = words;
  const read = (texts: readonly string[], source: string) => {
    const text = texts.at(-1);
    return text === undefined ? undefined : parse(text, source);
  };
  return { ...rest, isMany: false, defaultText, read };
}

/** An option with a default, written as a user would write it. */
export function defaulted<Value>(
  words: OptionWords & { readonly parse: OptionParser<Value>; readonly defaultText: string },
): OptionSpec<Value> {
  const { parse, defaultText, ...rest } = words;
  const read = (texts: readonly string[], source: string) => parse(texts.at(-1) ?? defaultText, source);
  return { ...rest, isMany: false, defaultText, read };
}

/** An option that may be given several times. */
export function repeatable<Value>(
  words: OptionWords & { readonly parse: OptionParser<Value>; readonly countMax: number; readonly defaultText: string },
): OptionSpec<readonly Value[]> {
  const { parse, countMax, ...rest } = words;
  const read = (texts: readonly string[], source: string) => {
    if (texts.length <= countMax) return texts.map((text) => parse(text, source));
    throw new OptionInvalidError(`${source} is given ${texts.length} times.`, `Give it at most ${countMax} times.`);
  };
  return { ...rest, isMany: true, read };
}
