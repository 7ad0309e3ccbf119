import { REVOCATIONS_MAX } from './limits.js';
import { REVOCATION_TOLD_MS, Revocations } from './revocations.js';

describe('Revocations', () => {
  it('tells of each revoked key once, and remembers it as long as a ticket of it could live', () => {
    const revocations = new Revocations();
    const told: string[] = [];
    revocations.onRevoked((keyId) => told.push(keyId));
    revocations.learn(['a', 'b'], 0);
    revocations.learn(['a'], 10);
    expect(told).toEqual(['a', 'b']);
    revocations.learn([], REVOCATION_TOLD_MS - 1);
    expect(revocations.has('a')).toBe(true);
    revocations.learn([], REVOCATION_TOLD_MS);
    expect(revocations.has('a')).toBe(false);
  });

  it('remembers a bounded number, the latest', () => {
    const revocations = new Revocations();
    for (let at = 0; at < REVOCATIONS_MAX + 5; at += 1) revocations.learn([`key ${at}`], at);
    expect(revocations.size).toBe(REVOCATIONS_MAX);
    expect([revocations.has('key 4'), revocations.has('key 5')]).toEqual([false, true]);
  });
});
