import { silentLogger } from '@panal/runtime';
import { TrackerMemory } from './tracker-memory.js';

/** A data folder of one file. */
class OneFile {
  value: unknown;
  isBroken = false;

  async readJson(): Promise<unknown> {
    if (this.isBroken) throw new Error('the disk is gone');
    return this.value === undefined ? undefined : (JSON.parse(JSON.stringify(this.value)) as unknown);
  }

  async writeJson(_name: string, value: unknown): Promise<void> {
    if (this.isBroken) throw new Error('the disk is gone');
    this.value = value;
  }
}

const addresses = [
  { host: '192.0.2.1', port: 5555 },
  { host: '2001:db8::1', port: 6000 },
];

describe('TrackerMemory', () => {
  it('recalls what it kept, in the same cluster', async () => {
    const file = new OneFile();
    expect(await new TrackerMemory(file, 'panal', silentLogger).recall()).toEqual([]);
    await new TrackerMemory(file, 'panal', silentLogger).keep(addresses);
    expect(await new TrackerMemory(file, 'panal', silentLogger).recall()).toEqual(addresses);
    expect(await new TrackerMemory(file, 'other', silentLogger).recall()).toEqual([]);
  });

  it.each([
    ['text', 'x'],
    ['nothing', null],
    ['a later format', { format: 2, cluster: 'panal', trackers: [] }],
    ['no list', { format: 1, cluster: 'panal', trackers: '192.0.2.1:5555' }],
    ['no addresses', { format: 1, cluster: 'panal', trackers: ['[['] }],
    ['numbers', { format: 1, cluster: 'panal', trackers: [1] }],
  ])('is not held up by a file with %s', async (_what, value) => {
    const file = new OneFile();
    file.value = value;
    expect(await new TrackerMemory(file, 'panal', silentLogger).recall()).toEqual([]);
  });

  it('does without, when the disk fails', async () => {
    const file = new OneFile();
    file.isBroken = true;
    const memory = new TrackerMemory(file, 'panal', silentLogger);
    await memory.keep(addresses);
    expect(await memory.recall()).toEqual([]);
  });
});
