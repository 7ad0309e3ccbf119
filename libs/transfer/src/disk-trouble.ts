import { PanalError } from '@panal/runtime';
import { DiskError, DiskFullError, PermissionDeniedError, TargetReadOnlyError } from './errors.js';

/** How far a chain of causes is followed. */
const CAUSE_DEPTH_MAX = 8;

const ERRORS: Readonly<Record<string, (error: unknown, code: string) => PanalError>> = {
  ENOSPC: (error) => new DiskFullError(error),
  EDQUOT: (error) => new DiskFullError(error),
  EROFS: (error) => new TargetReadOnlyError(error),
  EACCES: (error) => new PermissionDeniedError(error),
  EPERM: (error) => new PermissionDeniedError(error),
  EIO: (error, code) => new DiskError(code, error),
  ENOENT: (error, code) => new DiskError(code, error),
  ENODEV: (error, code) => new DiskError(code, error),
  ESTALE: (error, code) => new DiskError(code, error),
  EMFILE: (error, code) => new DiskError(code, error),
  ENFILE: (error, code) => new DiskError(code, error),
  EBUSY: (error, code) => new DiskError(code, error),
};

/**
 * What a failed call of the store means. `pause`: it may work later. `fail`: it never will, as when the target is there
 * already, or the failure is a bug. A code of the operating system may be the error's own or that of a cause.
 */
export type DiskTrouble = { readonly kind: 'pause' | 'fail'; readonly error: unknown };

export function diskTrouble(error: unknown): DiskTrouble {
  if (error instanceof PanalError) return { kind: error.retryable ? 'pause' : 'fail', error };
  let at = error;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && typeof at === 'object' && at !== null; depth += 1) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    const make = typeof code === 'string' ? ERRORS[code] : undefined;
    if (make !== undefined) return { kind: 'pause', error: make(error, code as string) };
    at = cause;
  }
  return { kind: 'fail', error };
}
