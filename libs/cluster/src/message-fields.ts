import type { HostPort } from '@panal/runtime';
import { HOST_SIZE_MAX, IDENTIFIER_SIZE_MAX, isHybridTime, isNodeName } from '@panal/wire';
import { ClusterMessageInvalidError } from './membership/errors.js';
import type { TrackerId } from './record.js';

const TRACKER_ID = /^[0-9a-f]{32}$/;
/** The end of the year 9999. */
const TIME_MAX_MS = 253_402_300_799_999;
const HOST = /^[\w.:%-]+$/;

/**
 * An object that came from another tracker, read field by field. Every reader checks type and range before the value is used,
 * and throws ClusterMessageInvalidError with the name of the field. Fields nobody reads are ignored: a newer version may have
 * added them.
 */
export class MessageFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(
    value: unknown,
    private readonly path = 'it',
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value)) {
      throw new ClusterMessageInvalidError(`${path} is no object`);
    }
    this.#fields = new Map(Object.entries(value));
  }

  raw(key: string): unknown {
    return this.#fields.get(key);
  }

  /** One of a closed set of words. */
  word<Word extends string>(key: string, words: readonly Word[]): Word {
    const value = this.raw(key);
    return words.find((one) => one === value) ?? this.#fail(key, 'is none of the known words');
  }

  trackerId(key: string): TrackerId {
    const value = this.raw(key);
    return typeof value === 'string' && TRACKER_ID.test(value) ? value : this.#fail(key, 'is no tracker id');
  }

  /** Name of a tracker, cluster or zone. */
  nodeName(key: string): string {
    const value = this.raw(key);
    return typeof value === 'string' && isNodeName(value)
      ? value
      : this.#fail(key, `is no name of at most ${IDENTIFIER_SIZE_MAX} characters`);
  }

  /** Free text, for people. */
  text(key: string, sizeMax: number): string {
    const value = this.raw(key);
    return typeof value === 'string' && value.length <= sizeMax
      ? value
      : this.#fail(key, `is no text of at most ${sizeMax} characters`);
  }

  whole(key: string, min: number, max: number): number {
    const value = this.raw(key);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : this.#fail(key, `is no whole number from ${min} to ${max}`);
  }

  number(key: string, min: number, max: number): number {
    const value = this.raw(key);
    return typeof value === 'number' && value >= min && value <= max
      ? value
      : this.#fail(key, `is no number from ${min} to ${max}`);
  }

  /** A stamp of a hybrid clock. */
  stamp(key: string): number {
    const value = this.raw(key);
    return typeof value === 'number' && isHybridTime(value) ? value : this.#fail(key, 'is no stamp');
  }

  /** Wall clock, ms since 1970. */
  timeMs(key: string): number {
    return this.number(key, 0, TIME_MAX_MS);
  }

  flag(key: string): boolean {
    const value = this.raw(key);
    return typeof value === 'boolean' ? value : this.#fail(key, 'is neither true nor false');
  }

  /** A flag that earlier versions do not have: absent is undefined. */
  newerFlag(key: string): boolean | undefined {
    return this.raw(key) === undefined ? undefined : this.flag(key);
  }

  /** An address that can be dialled. */
  address(key: string): HostPort {
    const fields = this.fields(key);
    const host = fields.text('host', HOST_SIZE_MAX);
    return HOST.test(host) ? { host, port: fields.whole('port', 1, 65_535) } : this.#fail(key, 'has no host');
  }

  fields(key: string): MessageFields {
    return new MessageFields(this.raw(key), `${this.path}.${key}`);
  }

  list<Item>(key: string, countMax: number, read: (item: MessageFields) => Item): readonly Item[] {
    const value = this.raw(key);
    if (!Array.isArray(value) || value.length > countMax) this.#fail(key, `is no list of at most ${countMax}`);
    return (value as readonly unknown[]).map((item, at) => read(new MessageFields(item, `${this.path}.${key}[${at}]`)));
  }

  #fail(key: string, fault: string): never {
    throw new ClusterMessageInvalidError(`${this.path}.${key} ${fault}`);
  }
}
