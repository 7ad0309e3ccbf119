import { ADDRESSES_PER_SOURCE_MAX, BAN_MS } from './limits.js';
import { PeerAddresses } from './peer-addresses.js';
import type { SourceAddress } from './source-link.js';

function at(port: number, isClaimed = false): SourceAddress {
  return { peerId: 'id', name: 'a', host: '192.0.2.1', port, isClaimed };
}

function addressesOf(...learned: readonly SourceAddress[]): PeerAddresses {
  const addresses = new PeerAddresses();
  for (const address of learned) addresses.learn(address);
  return addresses;
}

const portsOf = (addresses: PeerAddresses, nowMs = 0): number[] =>
  addresses.toDial(nowMs).map(({ address }) => address.port);

describe('PeerAddresses', () => {
  it('tries those that brought something first, then the newest, and claims last', () => {
    const addresses = addressesOf(at(1), at(2), at(3), at(4, true), at(5, true));
    const [, second] = addresses.toDial(0);
    if (second !== undefined) addresses.delivered(second);
    expect(portsOf(addresses)).toEqual([2, 3, 1, 5, 4]);
  });

  it('believes a claim that others repeat', () => {
    const addresses = addressesOf(at(1), at(2, true), at(2));
    expect([portsOf(addresses), addresses.isClaimed]).toEqual([[2, 1], false]);
    addresses.learn(at(2, true));
    expect(portsOf(addresses)).toEqual([2, 1]);
  });

  it('leaves out banned addresses until their time is over, or there is no other', () => {
    const addresses = addressesOf(at(1), at(2));
    const [second, first] = addresses.toDial(0);
    if (second !== undefined) addresses.lied(second, 0);
    expect([portsOf(addresses), portsOf(addresses, BAN_MS)]).toEqual([[1], [2, 1]]);
    if (first !== undefined) addresses.lied(first, 0);
    expect([portsOf(addresses), addresses.hasAllowed(0)]).toEqual([[2, 1], false]);
  });

  it('prefers to a claim what others named, unless that failed', () => {
    const addresses = addressesOf(at(1), at(2, true));
    const [told, claimed] = addresses.toDial(0);
    if (told === undefined || claimed === undefined) throw new Error('there are two');
    expect([addresses.hasBetterThan(claimed, 0), addresses.hasBetterThan(told, 0)]).toEqual([true, false]);
    addresses.disappointed(told, true);
    expect(addresses.hasBetterThan(claimed, 0)).toBe(false);
    addresses.learn(at(1));
    expect(addresses.hasBetterThan(claimed, 0)).toBe(true);
  });

  it('keeps a bounded number, and no claim in place of what others named', () => {
    const addresses = new PeerAddresses();
    for (let port = 1; port <= ADDRESSES_PER_SOURCE_MAX; port += 1) expect(addresses.learn(at(port))).toBe(true);
    expect(addresses.learn(at(99, true))).toBe(false);
    expect(addresses.learn(at(100))).toBe(true);
    expect(portsOf(addresses)).toEqual([100, 8, 7, 6, 5, 4, 3, 2]);
  });
});
