import { formatContentId, parseContentId } from './content-id.js';
import { ContentIdError } from './errors.js';

describe('parseContentId', () => {
  it.each(['ab'.repeat(32), 'cd'.repeat(20)])('reads %s, in either case', (text) => {
    expect(formatContentId(parseContentId(text))).toBe(text);
    expect(formatContentId(parseContentId(` ${text.toUpperCase()}\n`))).toBe(text);
  });

  it.each(['', 'ab', 'ab'.repeat(31), 'ab'.repeat(33), 'zz'.repeat(32), `0x${'ab'.repeat(19)}`])(
    'refuses %j',
    (text) => {
      expect(() => parseContentId(text)).toThrow(ContentIdError);
    },
  );
});
