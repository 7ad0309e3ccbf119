import { readCommandLine } from './command-line.js';
import { nameOption } from './option-parsers.js';
import { defaulted, optional, repeatable } from './option-spec.js';

const words = { placeholder: 'NAME', help: 'what it is for', parse: nameOption };
const schema = {
  color: defaulted({ ...words, flag: '--color', env: 'PANAL_COLOR', defaultText: 'yellow' }),
  queen: optional({ ...words, flag: '--queen', env: 'PANAL_QUEEN' }),
  bees: repeatable({ ...words, flag: '--bee', env: 'PANAL_BEES', countMax: 2, defaultText: 'none' }),
};

describe('readCommandLine', () => {
  let written = '';
  const read = (argv: readonly string[], env: Record<string, string> = {}) => {
    written = '';
    const write = (text: string) => void (written += text);
    return readCommandLine({
      program: 'panal hive',
      summary: 'A hive.',
      epilogue: 'The end.',
      schema,
      argv,
      env,
      write,
    });
  };

  it('prefers a flag to a variable, and that to the default', () => {
    expect(read([])).toEqual({ color: 'yellow', queen: undefined, bees: [] });
    expect(read([], { PANAL_COLOR: 'red' })?.color).toBe('red');
    expect(read(['--color', 'blue'], { PANAL_COLOR: 'red' })?.color).toBe('blue');
    expect(read([], { PANAL_COLOR: '' })?.color).toBe('yellow');
  });

  it('takes several values from a repeated flag or a list', () => {
    expect(read(['--bee', 'maja', '--bee=willi'])?.bees).toEqual(['maja', 'willi']);
    expect(read(['--bee', 'maja'], { PANAL_BEES: 'x, y' })?.bees).toEqual(['maja']);
    expect(read([], { PANAL_BEES: 'x, y' })?.bees).toEqual(['x', 'y']);
  });

  it.each([
    ['an unknown flag, with a guess', ['--colour', 'x'], {}, /--colour.*--color/],
    ['a flag without its value', ['--queen'], {}, /--queen/],
    ['a word too many', ['what'], {}, /Too many arguments/],
    ['a value that makes no sense', ['--queen', 'a b'], {}, /--queen/],
    ['a variable that makes no sense', [], { PANAL_QUEEN: 'a b' }, /PANAL_QUEEN/],
    ['too many values', ['--bee', 'a', '--bee', 'b', '--bee', 'c'], {}, /--bee is given 3 times/],
  ])('refuses %s', (_, argv, env, message) => {
    expect(() => read(argv, env)).toThrow(
      expect.objectContaining({ code: 'option_invalid', message: expect.stringMatching(message) as string }),
    );
    expect(written).toBe('');
  });

  it.each(['-h', '--help'])('writes the help at %s, with variables and defaults', (flag) => {
    expect(read([flag])).toBeUndefined();
    const help = written.replace(/\s+/g, ' ');
    for (const part of ['Usage: panal hive', 'A hive.', '--bee <NAME>', 'PANAL_BEES', 'default: yellow', 'The end.']) {
      expect(help).toContain(part);
    }
  });
});
