import { Fence } from './fence.js';

const outdated = { code: 'order_outdated', retryable: false };

/** What keeps the tokens, and when it says so. */
class Keeper {
  readonly asked: number[] = [];
  #settle: ((error?: Error) => void)[] = [];

  readonly keep = (fence: number): Promise<void> => {
    this.asked.push(fence);
    return new Promise((resolve, reject) => {
      this.#settle.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  };

  settle(error?: Error): void {
    this.#settle.shift()?.(error);
  }
}

describe('Fence', () => {
  const keepAtOnce = async (): Promise<void> => undefined;

  it('lets the same commander and later ones pass, and a former one not', async () => {
    const fence = new Fence(0, keepAtOnce);
    await fence.pass(5);
    await fence.pass(5);
    await fence.pass(7);
    await expect(fence.pass(6)).rejects.toMatchObject(outdated);
    await expect(fence.pass(6)).rejects.toThrow('token 6; one with 7');
  });

  it('lets a person pass, who changes nothing for the programs', async () => {
    const fence = new Fence(7, keepAtOnce);
    await fence.pass(0);
    await expect(fence.pass(6)).rejects.toMatchObject(outdated);
  });

  it('goes on from the token of a former run', async () => {
    const keeper = new Keeper();
    const fence = new Fence(7, keeper.keep);
    await expect(fence.pass(6)).rejects.toMatchObject(outdated);
    await fence.pass(7);
    expect(keeper.asked).toEqual([]);
  });

  it('lets an order pass only once its token is kept', async () => {
    const keeper = new Keeper();
    const fence = new Fence(0, keeper.keep);
    let hasPassed = false;
    const passing = fence.pass(5).then(() => (hasPassed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasPassed).toBe(false);
    keeper.settle();
    expect(await passing).toBe(true);
  });

  it('refuses an order that was overtaken while its token was written', async () => {
    const keeper = new Keeper();
    const fence = new Fence(0, keeper.keep);
    const first = fence.pass(5);
    const second = fence.pass(6);
    keeper.settle();
    keeper.settle();
    await expect(first).rejects.toMatchObject(outdated);
    await expect(second).resolves.toBeUndefined();
  });

  it('refuses an order whose token cannot be kept, and keeps it with the next try', async () => {
    const keeper = new Keeper();
    const fence = new Fence(0, keeper.keep);
    const first = fence.pass(5);
    keeper.settle(new Error('disk full'));
    await expect(first).rejects.toThrow('disk full');
    await expect(fence.pass(4)).rejects.toMatchObject(outdated);
    const again = fence.pass(5);
    keeper.settle();
    await again;
    expect(keeper.asked).toEqual([5, 5]);
  });
});
