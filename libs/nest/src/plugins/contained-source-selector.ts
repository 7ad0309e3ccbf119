import type { SourceSelector, SourceStanding } from '@panal/transfer';
import type { PluginWatch } from './plugin-watch.js';

/** A plugin's selector; for a call that fails, and while it rests, the default. */
export class ContainedSourceSelector implements SourceSelector {
  /** @param intervalMs The plugin's, checked. */
  constructor(
    private readonly watch: PluginWatch,
    private readonly parts: { readonly selector: SourceSelector; readonly fallback: SourceSelector },
    readonly intervalMs: number,
  ) {}

  score(source: SourceStanding): number {
    const { selector, fallback } = this.parts;
    return this.watch.ask({
      place: 'sourceSelector',
      call: () => selector.score(source),
      whyRubbish: (score) => (Number.isFinite(score) ? undefined : `score() gave ${String(score)}`),
      fallback: () => fallback.score(source),
    });
  }

  isLastResort(name: string): boolean {
    const { selector, fallback } = this.parts;
    return this.watch.ask({
      place: 'sourceSelector',
      call: () => selector.isLastResort(name),
      whyRubbish: (is) => (typeof is === 'boolean' ? undefined : `isLastResort() gave ${String(is)}`),
      fallback: () => fallback.isLastResort(name),
    });
  }
}
