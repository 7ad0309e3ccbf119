import {
  addressOption,
  advertiseOption,
  durationOption,
  labelOption,
  logLevelOption,
  nameOption,
  pathOption,
} from './option-parsers.js';
import { nodeNameFrom } from './server-options.js';

describe('options', () => {
  const duration = durationOption({ minMs: 1_000, maxMs: 3_600_000 });

  it.each([
    ['192.0.2.1:5550', { network: 'default', host: '192.0.2.1', port: 5550 }],
    ['lan=[2001:db8::1]:5550', { network: 'lan', host: '2001:db8::1', port: 5550 }],
  ])('advertises %s', (text, address) => {
    expect(advertiseOption(text, '--advertise')).toEqual(address);
  });

  it.each([
    ['1500ms', 1_500],
    ['90s', 90_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('reads the duration %s', (text, durationMs) => {
    expect(duration(text, '--x')).toBe(durationMs);
  });

  it.each([
    ['zone=a', ['zone', 'a']],
    ['zone=', ['zone', '']],
    ['rack=a=b', ['rack', 'a=b']],
  ])('reads the label %s', (text, label) => {
    expect(labelOption(text, '--label')).toEqual(label);
  });

  it('fills in what an address leaves out', () => {
    expect(addressOption({ host: '0.0.0.0', port: 5555 })(':6000', '--x')).toEqual({ host: '0.0.0.0', port: 6000 });
    expect(addressOption({ port: 5555 })('t1', '--x')).toEqual({ host: 't1', port: 5555 });
  });

  it.each([
    ['an address', () => addressOption({})('t1', '--flag')],
    ['an advertised port 0', () => advertiseOption('t1:0', '--flag')],
    ['an advertised network', () => advertiseOption('=t1:5', '--flag')],
    ['a name', () => nameOption('a b', '--flag')],
    ['a label without a name', () => labelOption('=a', '--flag')],
    ['a label without a value', () => labelOption('zone', '--flag')],
    ['a label that is too long', () => labelOption(`zone=${'a'.repeat(129)}`, '--flag')],
    ['a level', () => logLevelOption('loud', '--flag')],
    ['a path', () => pathOption('', '--flag')],
    ['a duration without a unit', () => duration('90', '--flag')],
    ['a duration below the least', () => duration('999ms', '--flag')],
    ['a duration above the most', () => duration('2h', '--flag')],
    ['a duration that is none', () => duration('soon', '--flag')],
  ])('refuses %s, names the flag and says what to write', (_, read) => {
    expect(read).toThrow(
      expect.objectContaining({
        code: 'option_invalid',
        message: expect.stringContaining('--flag') as string,
        action: expect.stringMatching(/\w/) as string,
      }),
    );
  });

  it.each([
    ['node-7.example.org', 'node-7'],
    ['Büro PC', 'B-ro-PC'],
    ['---', 'fallback'],
    ['', 'fallback'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('makes a node name of the machine name %j', (hostname, name) => {
    expect(nodeNameFrom(hostname, 'fallback')).toBe(name);
  });
});
