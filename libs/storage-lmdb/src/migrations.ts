/**
 * Brings a folder, and the text of its state, from one format to the next. It may be interrupted anywhere and begin again:
 * the new state is written after it is done.
 */
type Migration = (folder: string, stateText: string) => Promise<string>;

/** By the format they start from. There has been one format so far: `fixtures/format-1` keeps a folder of it. */
export type Migrations = Readonly<Record<number, Migration>>;
export const MIGRATIONS: Migrations = {};
