import { copyAt } from './copies.js';
import type { KeyHistory, Version } from './history.js';
import type { CopiesCheck } from './invariant-lost.js';
import { isRisen, versionOf } from './version-rules.js';

/**
 * I4: what all owners ended with is a write that was made, and of its one writer's operations none that surely came later,
 * and was acknowledged, is hidden by it. Surely: the writer knew the stamp of the former, or the clocks cannot be so wrong.
 */
export function staleKey(check: CopiesCheck): string | undefined {
  for (const history of check.history.keys.values()) {
    for (const tracker of check.trackers) {
      const copy = copyAt(tracker, history);
      if (copy === undefined) continue;
      const version = versionOf(history, copy);
      if (version === undefined) return `${tracker.name} has a version of ${history.name} that nobody wrote`;
      const hidden = history.floor === undefined ? undefined : surelyLater(history, version, check.marginMs);
      if (hidden === undefined) continue;
      return `${history.name} ended with operation ${version.operation}, ${hidden.operation} came later and was acknowledged`;
    }
  }
  return undefined;
}

function surelyLater(history: KeyHistory, ended: Version, marginMs: number): Version | undefined {
  return history.versions.find(
    (version) =>
      version.copies !== undefined &&
      version.copies >= 3 &&
      version.operation > ended.operation &&
      version.stampedAtMs - ended.stampedAtMs > marginMs,
  );
}

/** I3, second half: a deletion that all owners had once is never undone. Notes those that all have now. */
export function buryAndFindRisen(check: CopiesCheck): string | undefined {
  for (const history of check.history.keys.values()) {
    const copies = check.trackers.flatMap((tracker) => {
      const copy = copyAt(tracker, history);
      return copy === undefined ? [] : [{ tracker, copy }];
    });
    for (const { tracker, copy } of copies) {
      if (isRisen(history, copy)) return `${history.name} was deleted, and ${tracker.name} has it again`;
    }
    const dead = copies.find(({ copy }) => copy.isDead)?.copy;
    const version = dead === undefined ? undefined : versionOf(history, dead);
    if (version !== undefined && copies.every(({ copy }) => copy.isDead)) history.buried = version;
  }
  return undefined;
}
