import { Command, CommanderError, Option } from 'commander';
import { OptionInvalidError } from './errors.js';
import type { OptionSchema, OptionSpec, OptionValues } from './option-spec.js';

export interface CommandLineOptions<Schema extends OptionSchema> {
  /** What the user typed, for example `panal tracker`. */
  readonly program: string;
  readonly summary: string;
  /** Below the options in the help: examples and what else a reader wants to know. */
  readonly epilogue: string;
  readonly schema: Schema;
  /** Without the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the help goes. */
  readonly write: (text: string) => void;
}

/**
 * Reads a server's configuration: a flag wins over its variable, that over the default.
 * @returns Undefined when the help was asked for, and written.
 * @throws OptionInvalidError
 */
export function readCommandLine<Schema extends OptionSchema>(
  options: CommandLineOptions<Schema>,
): OptionValues<Schema> | undefined {
  const flags = parseFlags(options);
  if (flags === undefined) return undefined;
  const values = Object.entries(options.schema).map(([name, spec]) => [name, readOption(spec, flags, options.env)]);
  return Object.fromEntries(values) as OptionValues<Schema>;
}

type Flags = ReadonlyMap<string, readonly string[]>;

function readOption(spec: OptionSpec<unknown>, flags: Flags, env: CommandLineOptions<OptionSchema>['env']): unknown {
  const given = flags.get(spec.flag);
  if (given !== undefined) return spec.read(given, spec.flag);
  const variable = env[spec.env];
  if (variable === undefined || variable === '') return spec.read([], spec.flag);
  const texts = spec.isMany ? variable.split(',').map((text) => text.trim()) : [variable];
  return spec.read(texts, spec.env);
}

/** Commander only takes the words apart: what they mean, and what the variables say, is decided in one place above. */
function parseFlags({
  program,
  summary,
  epilogue,
  schema,
  argv,
  write,
}: CommandLineOptions<OptionSchema>): Flags | undefined {
  const flags = new Map<string, readonly string[]>();
  const command = new Command(program)
    .description(summary)
    .usage('[options]')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', `\n${epilogue}`)
    .allowExcessArguments(false)
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => undefined })
    .exitOverride();
  for (const spec of Object.values(schema)) {
    const option = new Option(`${spec.flag} <${spec.placeholder}>`, helpOf(spec));
    option.argParser((text: string) => flags.set(spec.flag, [...(flags.get(spec.flag) ?? []), text]));
    command.addOption(option);
  }
  try {
    command.parse(argv, { from: 'user' });
    return flags;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new OptionInvalidError(sentence(error.message), `See "${program} --help".`, error);
  }
}

/** Commander says `error: unknown option '--x'` and a guess on a second line. */
function sentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function helpOf({ help, env, isMany, defaultText }: OptionSpec<unknown>): string {
  const notes = [
    ...(isMany ? ['may be repeated'] : []),
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`]),
    `env: ${env}`,
  ];
  return `${help} (${notes.join(', ')})`;
}
