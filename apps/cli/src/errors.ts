import { PanalError } from '@panal/runtime';
import { EXIT_CODES, type ExitCode } from './exit-code.js';

/** The command line asks for something that cannot be meant. */
export class UsageError extends PanalError {
  constructor(message: string, action: string) {
    super({ code: 'usage', message, action, retryable: false });
  }
}

/** Nothing arrived for as long as `--wait` allows. */
export class WaitedTooLongError extends PanalError {
  constructor(what: string, waitS: number) {
    super({
      code: 'waited_too_long',
      message: `${what} Nothing arrived for ${waitS} s.`,
      action: 'Try again later, or leave out --wait to wait until it comes.',
      retryable: true,
    });
  }
}

/** The user, or the system, asked the command to end. */
export class InterruptedError extends PanalError {
  constructor(signal: NodeJS.Signals) {
    super({ code: 'interrupted', message: `Stopped by ${signal}.`, action: '', retryable: true });
  }
}

/** A peer that was asked for is not there, or stopped answering. */
export class PeerUnreachableError extends PanalError {
  constructor(message: string, action: string, cause?: unknown) {
    super({ code: 'peer_unreachable', message, action, retryable: true, cause });
  }
}

/** A file the command line works with cannot be read, written or understood. */
export class FileError extends PanalError {
  constructor(message: string, action: string, cause?: unknown) {
    super({ code: 'file_unusable', message, action, retryable: false, cause });
  }
}

/** A tracker or peer that this command started did not come up. */
export class ServerStartError extends PanalError {
  constructor(message: string, action: string, code = 'server_not_started') {
    super({ code, message, action, retryable: false });
  }
}

/** What `panal up` was asked for stands in the way of what is there already. */
export class ClusterError extends PanalError {
  constructor(code: 'cluster_running' | 'port_taken' | 'cluster_failed', message: string, action: string) {
    super({ code, message, action, retryable: false });
  }
}

/** A check came out wrong: what was fetched, or read, is not what it should be. */
export class ComparisonError extends PanalError {
  constructor(message: string, action: string) {
    super({ code: 'content_differs', message, action, retryable: false });
  }
}

/** A plugin does not keep what its ports promise. */
export class PluginCheckError extends PanalError {
  constructor(plugin: string, failedCount: number) {
    super({
      code: 'plugin_check_failed',
      message: `${failedCount} of the checks of "${plugin}" failed.`,
      action: 'The lines above say which; docs/plugins.md says what is promised.',
      retryable: false,
    });
  }
}

/** The number the command ends with for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT_CODES.usage;
  if (error instanceof WaitedTooLongError) return EXIT_CODES.waitedTooLong;
  if (error instanceof InterruptedError) return EXIT_CODES.interrupted;
  return EXIT_CODES.failed;
}
