import { InvalidArgumentError } from 'commander';
import { shellWord } from '../shell-word.js';
import { chunkSize, seconds, wholeNumber } from './options.js';

describe('values of flags', () => {
  it.each([
    ['1MiB', 1_048_576],
    ['512k', 524_288],
    ['16384', 16_384],
    ['16 MiB', 16_777_216],
  ])('reads the chunk size %s', (text, sizeBytes) => expect(chunkSize(text)).toBe(sizeBytes));

  it.each(['', '0', '3MiB', '8KiB', '32MiB', '1GiB', '-1', '1e6', 'NaN'])('refuses the chunk size %j', (text) => {
    expect(() => chunkSize(text)).toThrow(InvalidArgumentError);
  });

  it('reads whole numbers within bounds, and seconds', () => {
    expect(wholeNumber(1, 9)('3')).toBe(3);
    for (const text of ['0', '10', '1.5', 'x', '']) expect(() => wholeNumber(1, 9)(text)).toThrow(InvalidArgumentError);
    expect(seconds('0.5')).toBe(0.5);
    for (const text of ['-1', 'x', '', 'Infinity']) expect(() => seconds(text)).toThrow(InvalidArgumentError);
  });

  it('quotes what a shell would take apart', () => {
    expect(['llm:v3', './a-b', "it's $HOME", ''].map(shellWord)).toEqual(['llm:v3', './a-b', `'it'\\''s $HOME'`, "''"]);
  });
});
