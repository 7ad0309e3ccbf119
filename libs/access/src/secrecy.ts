/** What `util.inspect`, and so `console.log`, asks an object for. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Base of what must not be printed: by any of the usual ways it shows `shown` and nothing else. Subclasses use # fields. */
export abstract class Unprintable {
  protected abstract get shown(): string;

  toString(): string {
    return this.shown;
  }

  toJSON(): string {
    return this.shown;
  }

  [INSPECT](): string {
    return this.shown;
  }
}
