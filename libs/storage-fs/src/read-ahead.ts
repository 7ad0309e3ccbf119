/**
 * The values of `source`, each asked for while the caller still works on the one before: disk and processor overlap.
 * A value stays valid until the next one is taken, so a source that reuses memory needs two buffers.
 */
export async function* readAhead<T>(source: AsyncGenerator<T, undefined>): AsyncGenerator<T, undefined> {
  try {
    let next = source.next();
    for (;;) {
      const { value, done } = await next;
      if (done === true) return undefined;
      next = source.next();
      // The caller may leave before it takes this one: its failure then has nobody to go to.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await source.return(undefined);
  }
}
