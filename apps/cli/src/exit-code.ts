/** What the command tells the shell. Listed in `panal --help`; scripts rely on the numbers. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2, waitedTooLong: 3, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
