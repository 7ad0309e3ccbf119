import { PATTERN_CACHE_MAX, PATTERN_PART_SIZE_MAX } from './limits.js';

/** Where a message goes: role, module, method. */
export interface PatternParts {
  readonly endpoint: string;
  readonly handler: string;
  readonly command: string;
}

const PART = `[a-z][A-Za-z0-9_-]{0,${PATTERN_PART_SIZE_MAX - 1}}`;
const PATTERN = new RegExp(`^(${PART})\\.(${PART})\\.(${PART})$`);
const cache = new Map<string, PatternParts>();

/** The Nest pattern, `endpoint.handler.command`. */
export function patternOf({ endpoint, handler, command }: PatternParts): string {
  return `${endpoint}.${handler}.${command}`;
}

/** Undefined for what is no pattern: three parts of 1 to 32 letters, digits, `_` and `-`, each starting in lower case. */
export function parsePattern(pattern: string): PatternParts | undefined {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const [, endpoint, handler, command] = PATTERN.exec(pattern) ?? [];
  if (endpoint === undefined || handler === undefined || command === undefined) return undefined;
  const parts = { endpoint, handler, command };
  if (cache.size < PATTERN_CACHE_MAX) cache.set(pattern, parts);
  return parts;
}
