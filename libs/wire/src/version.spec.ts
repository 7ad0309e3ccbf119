import { agreeVersion } from './version.js';

describe('agreeVersion', () => {
  it.each([
    [{ min: 1, max: 1 }, { min: 1, max: 1 }, 1],
    [{ min: 1, max: 2 }, { min: 2, max: 3 }, 2],
    [{ min: 1, max: 1 }, { min: 2, max: 3 }, undefined],
    [{ min: 2, max: 3 }, { min: 1, max: 1 }, undefined],
    [{ min: 3, max: 1 }, { min: 1, max: 3 }, undefined],
  ])('of %j and %j', (ours, theirs, version) => {
    expect(agreeVersion(ours, theirs)).toBe(version);
    expect(agreeVersion(theirs, ours)).toBe(version);
  });
});
