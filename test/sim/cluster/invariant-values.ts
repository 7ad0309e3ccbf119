import { authoritativeCopies } from './copies.js';
import type { KeyHistory, Version } from './history.js';
import type { CopiesCheck } from './invariant-lost.js';
import { isRisen, versionOf } from './version-rules.js';

/**
 * I4: what all owners ended with is a write that was made, and of its one writer's operations none that surely came later,
 * and was acknowledged, is hidden by it. Surely: the writer knew the stamp of the former, or the clocks cannot be so wrong.
 */
export function staleKey(check: CopiesCheck): string | undefined {
  for (const history of check.history.keys.values()) {
    for (const { name, copy } of authoritativeCopies(check.trackers, history)) {
      const version = versionOf(history, copy);
      if (version === undefined) return `${name} has a version of ${history.name} that nobody wrote`;
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

/**
 * I3, second half, in a cluster at peace: a deletion that was safely acknowledged hides everything older, now and for ever.
 * Notes these deletions, for whatever is served later.
 */
export function buryAndFindRisen(check: CopiesCheck): string | undefined {
  for (const history of check.history.keys.values()) {
    if (history.floor?.record.isDead === true) history.buried = history.floor;
    if (history.buried === undefined) continue;
    for (const { name, copy } of authoritativeCopies(check.trackers, history)) {
      if (isRisen(history, copy)) return `${history.name} was deleted, and ${name} has it again`;
    }
  }
  return undefined;
}
