import { ActiveChunkOf } from './active-chunk.js';
import { DuplicateBudget } from './duplicate-budget.js';
import { type Ask, SourceRecord } from './source-record.js';

const BLOCK_BYTES = 1000;

function scene() {
  const budget = new DuplicateBudget(4 * BLOCK_BYTES);
  const target = new ActiveChunkOf<SourceRecord>(0, 8 * BLOCK_BYTES, BLOCK_BYTES, 'shared');
  const source = new SourceRecord('a', 'a', { blockSizeBytes: BLOCK_BYTES, measureIntervalMs: 2000, nowMs: 0 });
  let id = 0;
  const ask = (block: number): Ask => {
    id += 1;
    const made = { id, source, target, block, lengthBytes: BLOCK_BYTES, sentAtMs: 0 };
    target.asked(made);
    budget.asked(made);
    return made;
  };
  const withdraw = (made: Ask): void => {
    budget.unanswered(made);
    target.unasked(made);
  };
  /** For a source that brought nothing yet. */
  const isHalfSpent = (): boolean => !budget.allows(BLOCK_BYTES, source);
  return { budget, target, ask, withdraw, isHalfSpent };
}

describe('DuplicateBudget', () => {
  it('counts the second ask for a block, and no first one', () => {
    const { ask, isHalfSpent } = scene();
    for (let block = 0; block < 8; block += 1) ask(block);
    expect(isHalfSpent()).toBe(false);
    ask(0);
    ask(1);
    expect(isHalfSpent()).toBe(true);
  });

  it.each([
    ['first', 0],
    ['second', 1],
    ['third', 2],
  ])('gets the bytes back when the %s of three asks is cancelled, refused or lost', (_which, at) => {
    const { ask, withdraw, isHalfSpent } = scene();
    const asks = [ask(0), ask(0), ask(0)];
    expect(isHalfSpent()).toBe(true);
    withdraw(asks[at] as Ask);
    expect(isHalfSpent()).toBe(false);
    for (const [other, made] of asks.entries()) if (other !== at) withdraw(made);
    for (let block = 1; block < 3; block += 1) expect([ask(block), isHalfSpent()][1]).toBe(false);
    for (let block = 1; block < 3; block += 1) ask(block);
    expect(isHalfSpent()).toBe(true);
  });

  it('gets them back when one of them brings the block, and pays for the other if it comes too', () => {
    const { budget, target, ask, isHalfSpent } = scene();
    for (let block = 0; block < 2; block += 1) {
      const [first, second] = [ask(block), ask(block)];
      for (const other of target.received(second)) budget.cameOtherwise(other, second);
      expect(isHalfSpent()).toBe(false);
      for (let time = 0; time < 2; time += 1) budget.cameLate(first.id, BLOCK_BYTES);
    }
    expect(isHalfSpent()).toBe(true);
  });
});
