import { TokenBucket } from './token-bucket.js';

describe('TokenBucket', () => {
  it('gives at the rate, lets one go beyond it, and waits until that is paid back', () => {
    const bucket = new TokenBucket(1000, 100, 0);
    expect(bucket.isOpen(0)).toBe(true);
    bucket.take(600);
    expect(bucket.isOpen(499)).toBe(false);
    expect(bucket.isOpen(501)).toBe(true);
  });

  it('saves no more than a burst', () => {
    const bucket = new TokenBucket(1000, 100, 0);
    expect(bucket.isOpen(60_000)).toBe(true);
    bucket.take(100);
    expect(bucket.isOpen(60_000)).toBe(false);
  });

  it('is not confused by a clock that does not move', () => {
    const bucket = new TokenBucket(1000, 100, 50);
    bucket.take(100);
    expect(bucket.isOpen(50)).toBe(false);
    expect(bucket.isOpen(40)).toBe(false);
    expect(bucket.isOpen(52)).toBe(true);
  });
});
