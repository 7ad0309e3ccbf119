import { NEWS_COUNT_MAX, RETRANSMIT_MULTIPLIER } from './limits.js';
import { type News, newsSizeMax } from './news.js';

interface Queued {
  readonly news: News;
  /** Later news first among what was told equally often. */
  readonly order: number;
  tellings: number;
}

/** How often news is told before it is taken to be known. */
export function tellingsMax(memberCount: number): number {
  return RETRANSMIT_MULTIPLIER * Math.ceil(Math.log10(memberCount + 1));
}

/**
 * News to be told along with other messages, each a bounded number of times. Of each subject only the latest is kept, so the
 * queue is no longer than the cluster is large.
 */
export class GossipQueue {
  readonly #queued = new Map<string, Queued>();
  #order = 0;

  get size(): number {
    return this.#queued.size;
  }

  add(news: News): void {
    const subject = subjectOf(news);
    this.#order += 1;
    this.#queued.set(subject, { news, order: this.#order, tellings: 0 });
  }

  /**
   * News that fits, what was told least often first.
   * @param first Told in any case, as far as it fits, and not counted.
   */
  take(sizeBytes: number, memberCount: number, first: readonly News[] = []): readonly News[] {
    const taken: News[] = [];
    let left = sizeBytes;
    const take = (news: News): boolean => {
      const size = newsSizeMax(news);
      if (size > left || taken.length === NEWS_COUNT_MAX) return false;
      left -= size;
      taken.push(news);
      return true;
    };
    for (const news of first) take(news);
    const subjects = new Set(first.map(subjectOf));
    const waiting = [...this.#queued].sort(([, a], [, b]) => a.tellings - b.tellings || b.order - a.order);
    const max = tellingsMax(memberCount);
    for (const [subject, queued] of waiting) {
      if (subjects.has(subject) || !take(queued.news)) continue;
      queued.tellings += 1;
      if (queued.tellings >= max) this.#queued.delete(subject);
    }
    return taken;
  }
}

function subjectOf(news: News): string {
  if (news.kind === 'coordinator') return 'coordinator';
  return news.kind === 'alive' ? news.member.id : news.id;
}
