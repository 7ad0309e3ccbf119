import { PrincipalError } from './errors.js';
import { formatPrincipal, parsePrincipal } from './principal.js';

describe('principal', () => {
  it.each([
    ['peer:alice', { role: 'peer', name: 'alice' }],
    ['tracker:t1', { role: 'tracker', name: 't1' }],
    ['client:ci.example-7', { role: 'client', name: 'ci.example-7' }],
  ] as const)('is read from and written as %s', (text, principal) => {
    expect(parsePrincipal(text)).toEqual(principal);
    expect(formatPrincipal(principal)).toBe(text);
  });

  it.each([
    '',
    'alice',
    'peer:',
    'peer:a b',
    'Peer:a',
    'admin:a',
    'peer:a:b',
    'peer:a\n',
    ' peer:a',
    `peer:${'a'.repeat(65)}`,
  ])('is refused as %j', (text) => {
    expect(() => parsePrincipal(text)).toThrow(PrincipalError);
  });
});
