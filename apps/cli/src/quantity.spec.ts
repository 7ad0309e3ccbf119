import { counted, formatBytes, formatCount, formatDuration, formatRate, percentOf } from './quantity.js';

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536 * 1024, '1.50 MiB'],
    [1024 ** 2 - 1, '1.00 MiB'],
    [64 * 1024 ** 2, '64.0 MiB'],
    [8 * 1024 ** 3, '8.00 GiB'],
  ])('%d bytes is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0 B/s'],
    [1500, '1.5 kB/s'],
    [250e6, '250 MB/s'],
    [1.25e9, '1.3 GB/s'],
  ])('%d bytes a second is %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it.each([
    [420, '0.42 s'],
    [9400, '9.4 s'],
    [9990, '10 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
    [273_600_000, '3 d 4 h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('groups thousands and knows the singular', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect([counted(1, 'file'), counted(0, 'file'), counted(5000, 'chunk')]).toEqual([
      '1 file',
      '0 files',
      '5,000 chunks',
    ]);
  });

  it('says 100 percent only when nothing is missing', () => {
    expect([percentOf(999_999, 1_000_000), percentOf(10, 10), percentOf(0, 0), percentOf(0, 5)]).toEqual([
      99, 100, 100, 0,
    ]);
  });
});
