import { SeededRandom } from '@panal/runtime';
import { ACCESS_ROLES, KEY_NAMESPACES_MAX, TICKET_SIZE_MAX } from '@panal/wire';
import fc from 'fast-check';
import { TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';
import { makeSigningKey } from './signing-key.js';
import { checkTicket, signTicket, type Ticket } from './ticket.js';

const random = new SeededRandom(1);
const key = makeSigningKey(random);
const ISSUED_MS = 1_800_000_000_000;
const ticket: Ticket = {
  cluster: 'panal',
  principal: { role: 'peer', principal: 'peer:alice' },
  role: 'peer',
  keyId: 'ab'.repeat(16),
  namespaces: ['default', 'ci'],
  peerId: 'cd'.repeat(16),
  publicKey: Buffer.alloc(32, 5),
  issuedAtMs: ISSUED_MS,
  expiresAtMs: ISSUED_MS + TICKET_LIFE_MS,
};
const bytes = signTicket(ticket, key);
const check = { cluster: 'panal', publicKeys: [key.publicKey], nowMs: ISSUED_MS, isRevoked: () => false };

describe('a ticket', () => {
  it('is read back by whoever has the public key, also while there are two', () => {
    expect(checkTicket(bytes, check)).toEqual(ticket);
    const publicKeys = [makeSigningKey(random).publicKey, key.publicKey];
    expect(checkTicket(bytes, { ...check, publicKeys })).toEqual(ticket);
    const members = { ...ticket, role: 'member', keyId: undefined, namespaces: ['*'] } as const;
    expect(checkTicket(signTicket(members, key), check)).toEqual(members);
  });

  it.each([
    ['forged', { publicKeys: [makeSigningKey(random).publicKey] }],
    ['forged', { publicKeys: [] }],
    ['foreign', { cluster: 'other' }],
    ['expired', { nowMs: ticket.expiresAtMs + TICKET_SKEW_MS }],
    ['early', { nowMs: ISSUED_MS - TICKET_SKEW_MS - 1 }],
    ['revoked', { isRevoked: (keyId: string) => keyId === ticket.keyId }],
  ] as const)('is %s when checked with %j', (fault, change) => {
    expect(checkTicket(bytes, { ...check, ...change })).toBe(fault);
  });

  it('is good until its end, give or take what clocks may differ', () => {
    for (const nowMs of [ISSUED_MS - TICKET_SKEW_MS, ticket.expiresAtMs + TICKET_SKEW_MS - 1]) {
      expect(checkTicket(bytes, { ...check, nowMs })).toEqual(ticket);
    }
  });

  it('is not believed when it claims a longer life than tickets have', () => {
    const long = signTicket({ ...ticket, expiresAtMs: ticket.expiresAtMs + 1 }, key);
    expect(checkTicket(long, check)).toBe('early');
  });

  it('is worth nothing when any bit of it was changed, or any of it is missing', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(checkTicket(changed, check)).toBe('forged');
      }),
    );
    for (let size = 0; size < bytes.length; size += 1) {
      expect(['forged', 'malformed']).toContain(checkTicket(bytes.subarray(0, size), check));
    }
  });

  it('has no room for nonsense, even signed', () => {
    const body = bytes.subarray(0, -64);
    const sign = (given: Buffer) =>
      Buffer.concat([given, key.sign(Buffer.concat([Buffer.from('panal ticket 1\n'), given]))]);
    expect(checkTicket(sign(body), check)).toEqual(ticket);
    for (let size = 1; size < body.length; size += 1)
      expect(checkTicket(sign(body.subarray(0, size)), check)).toBe('malformed');
    expect(checkTicket(sign(Buffer.concat([body, Buffer.alloc(1)])), check)).toBe('malformed');
    expect(checkTicket(sign(Buffer.alloc(body.length, 255)), check)).toBe('malformed');
    const namespaces = ['ev il'];
    expect(checkTicket(signTicket({ ...ticket, namespaces }, key), check)).toBe('malformed');
  });

  it('fits a hello with the longest names', () => {
    const name = 'n'.repeat(64);
    const namespaces = Array.from({ length: KEY_NAMESPACES_MAX }, (_, at) => `${at}`.padEnd(64, 'n'));
    const principal = { role: 'peer', principal: `peer:${name}` } as const;
    const longest = { ...ticket, cluster: name, principal, namespaces, role: ACCESS_ROLES.at(-1) as 'admin' };
    const signed = signTicket(longest, key);
    expect(signed.length).toBeLessThanOrEqual(TICKET_SIZE_MAX);
    expect(checkTicket(signed, { ...check, cluster: name })).toEqual(longest);
  });
});
