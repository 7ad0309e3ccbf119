import { type DataMessage, decodeDataMessages, type RecordOpener } from '@panal/wire';
import type { BlockSlot, BlockSlots } from './block-slots.js';
import { HEADER_BUFFER_BYTES_MAX, HEADER_READ_BYTES, HEADER_READ_BYTES_MIN } from './data-limits.js';

/** A message, `block` excepted: that one comes as `onBlock` when its bytes are there. */
export type PlainDataMessage = Exclude<DataMessage, { kind: 'block' }>;

export interface BlockStreamEvents {
  onMessage(message: PlainDataMessage): void;
  /** A block is announced. @throws when it was not asked for: the connection is to be closed. */
  checkBlock(id: number, sizeBytes: number): void;
  /** The block is complete; its slot is the listener's. */
  onBlock(id: number, slot: BlockSlot): void;
  /** A slot became free, and reading may go on. */
  onReady(): void;
}

interface IncomingBlock {
  readonly id: number;
  readonly sizeBytes: number;
  slot: BlockSlot | undefined;
  filledBytes: number;
}

/**
 * Takes a data connection apart: records into messages, and the bytes after a block header into a slot. It says where the
 * next bytes are to be read to (`target`), so that the kernel writes a block where it is hashed and written from.
 */
export class BlockStream {
  #buffer: Buffer = Buffer.allocUnsafeSlow(HEADER_READ_BYTES);
  #start = 0;
  #end = 0;
  #block: IncomingBlock | undefined;
  #isTargetSlot = false;
  #withdraw: () => void = () => undefined;

  constructor(
    private readonly opener: RecordOpener,
    private readonly slots: BlockSlots,
    private readonly events: BlockStreamEvents,
  ) {}

  /** `waiting`: for a slot, and that is our own doing; `block`: some bytes of a block are missing; else `idle`. */
  get phase(): 'waiting' | 'block' | 'idle' {
    if (this.#block === undefined) return 'idle';
    return this.#block.slot === undefined ? 'waiting' : 'block';
  }

  /** Where the next bytes go; at least one byte long. Valid until `received`. */
  target(): Buffer {
    const { slot, filledBytes } = this.#block ?? {};
    this.#isTargetSlot = slot !== undefined;
    if (slot !== undefined) return slot.bytes.subarray(filledBytes);
    this.#makeRoom();
    return this.#buffer.subarray(this.#end);
  }

  /**
   * `sizeBytes` bytes were read to the last target.
   * @returns Whether to go on reading; if not, `onReady` comes when there is a slot.
   * @throws whatever is wrong with the stream: it is to be closed.
   */
  received(sizeBytes: number): boolean {
    if (!this.#isTargetSlot) {
      this.#end += sizeBytes;
      return this.#drain();
    }
    const block = this.#block as IncomingBlock;
    block.filledBytes += sizeBytes;
    if (block.filledBytes === block.sizeBytes) this.#completeBlock(block);
    return true;
  }

  /** Gives back what it holds. Nothing may be called afterwards. */
  close(): void {
    this.#withdraw();
    this.#block?.slot?.release();
    this.#block = undefined;
  }

  #drain(): boolean {
    for (;;) {
      if (this.#block !== undefined && !this.#fillBlock(this.#block)) return this.#block?.slot !== undefined;
      const record = this.opener.next(this.#buffer.subarray(0, this.#end), this.#start);
      if (record === undefined) return true;
      this.#start = record.at;
      for (const message of decodeDataMessages(record.body)) {
        if (message.kind === 'block') this.#beginBlock(message.id, message.sizeBytes);
        else this.events.onMessage(message);
      }
    }
  }

  #beginBlock(id: number, sizeBytes: number): void {
    this.events.checkBlock(id, sizeBytes);
    const block: IncomingBlock = { id, sizeBytes, slot: this.slots.take(sizeBytes), filledBytes: 0 };
    this.#block = block;
    if (block.slot !== undefined) return;
    this.#withdraw = this.slots.wait(sizeBytes, (slot) => {
      block.slot = slot;
      this.events.onReady();
    });
  }

  /** Moves what lies in the header buffer into the block. @returns Whether the block is done. */
  #fillBlock(block: IncomingBlock): boolean {
    if (block.slot === undefined) return false;
    const size = Math.min(block.sizeBytes - block.filledBytes, this.#end - this.#start);
    block.slot.bytes.set(this.#buffer.subarray(this.#start, this.#start + size), block.filledBytes);
    this.#start += size;
    block.filledBytes += size;
    if (block.filledBytes < block.sizeBytes) return false;
    this.#completeBlock(block);
    return true;
  }

  #completeBlock(block: IncomingBlock): void {
    this.#block = undefined;
    this.events.onBlock(block.id, block.slot as BlockSlot);
  }

  /** After `onReady`: what waited in the header buffer goes into the slot. @returns As `received`; throws as `received`. */
  resume(): boolean {
    return this.#drain();
  }

  #makeRoom(): void {
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
    if (this.#buffer.length - this.#end >= HEADER_READ_BYTES_MIN) return;
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#buffer.length - this.#end >= HEADER_READ_BYTES_MIN) return;
    // A record never passes the limit, so a buffer of that size always ends up with room.
    const grown = Buffer.allocUnsafeSlow(Math.min(HEADER_BUFFER_BYTES_MAX, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = grown;
  }
}
