import type { Random } from '@panal/runtime';

/** The same items in random order. @see Fisher and Yates */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const mixed = [...items];
  for (let left = mixed.length; left > 1; left -= 1) {
    const [item] = mixed.splice(random.below(left), 1);
    if (item !== undefined) mixed.push(item);
  }
  return mixed;
}

/** At most `count` of them, at random. */
export function sample<Item>(items: readonly Item[], count: number, random: Random): readonly Item[] {
  return shuffled(items, random).slice(0, count);
}
