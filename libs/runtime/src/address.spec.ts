import { AddressError, formatAddress, parseAddress } from './address.js';

describe('parseAddress', () => {
  it.each([
    ['192.0.2.7:5555', { host: '192.0.2.7', port: 5555 }],
    ['tracker-1:5555', { host: 'tracker-1', port: 5555 }],
    ['[2001:db8::7]:5555', { host: '2001:db8::7', port: 5555 }],
    [' t1:0 ', { host: 't1', port: 0 }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it('fills a missing host or port from the fallback', () => {
    expect(parseAddress(':7000', { host: '0.0.0.0' })).toEqual({ host: '0.0.0.0', port: 7000 });
    expect(parseAddress('t1', { port: 5555 })).toEqual({ host: 't1', port: 5555 });
  });

  it.each(['', 't1', ':5555', 't1:70000', 't1:x', '2001:db8::7:5555', 'a b:1', 'http://t1:5555'])(
    'refuses %j and says how to write one',
    (text) => {
      expect(() => parseAddress(text)).toThrow(AddressError);
    },
  );

  it('is the inverse of formatAddress', () => {
    for (const text of ['t1:5555', '[::1]:80']) expect(formatAddress(parseAddress(text))).toBe(text);
  });
});
