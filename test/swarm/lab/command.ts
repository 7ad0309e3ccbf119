import { type ExecFileException, execFile } from 'node:child_process';

/** What a program may write; logs of a service are the longest. */
const OUTPUT_MAX = 32 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs a program to its end. @returns What it wrote, without the last line end. @throws with all it wrote when it fails */
export function command(words: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program, ...rest] = words as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const { env = process.env, timeoutMs = TIMEOUT_MS, input } = options;
    const settings = { env, timeout: timeoutMs, maxBuffer: OUTPUT_MAX, killSignal: 'SIGKILL' as const };
    const child = execFile(program, rest, settings, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout.trimEnd());
      else reject(new Error(`${words.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
    // A program that ends before it has read its input is no trouble of its own.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** The same, for questions and for clean-up: a failure is an answer. */
export async function attempt(words: readonly string[], options: CommandOptions = {}): Promise<string | undefined> {
  try {
    return await command(words, options);
  } catch {
    return undefined;
  }
}
