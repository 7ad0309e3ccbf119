/** Tells a listener that comes later than the first news; of what it missed it hears the last. */
export class LateListener<News> {
  #listener: ((news: News) => void) | undefined;
  #missed: { readonly news: News } | undefined;

  listen(listener: (news: News) => void): void {
    this.#listener = listener;
    if (this.#missed !== undefined) listener(this.#missed.news);
    this.#missed = undefined;
  }

  tell(news: News): void {
    if (this.#listener === undefined) this.#missed = { news };
    else this.#listener(news);
  }
}
