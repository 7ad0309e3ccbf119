import { printable, Terminal, widthOf } from './terminal.js';

function recorder(isTTY: boolean) {
  const stream = {
    isTTY,
    text: '',
    write(text: string) {
      stream.text += text;
      return true;
    },
  };
  return stream;
}

describe('Terminal', () => {
  it('shows no control character of a hostile name, on a terminal or on a pipe', () => {
    const hostile = 'a\u001b[2J\u001b]0;x\u0007b\nc\r\u202egnp';
    for (const isTTY of [true, false]) {
      const out = recorder(isTTY);
      new Terminal(out, recorder(isTTY), { isColorAllowed: true, isBarAllowed: true }).line(hostile);
      // oxlint-disable-next-line no-control-regex
      expect(out.text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      expect(out.text).toContain('\\u{1b}[2J');
    }
  });

  it('colours only on a terminal that allows it', () => {
    const text = (isTTY: boolean, isColorAllowed: boolean) => {
      const out = recorder(isTTY);
      const terminal = new Terminal(out, out, { isColorAllowed, isBarAllowed: true });
      terminal.line(terminal.style('green', 'ok'));
      return out.text;
    };
    expect([text(true, true), text(true, false), text(false, true)]).toEqual([
      '\u001b[32mok\u001b[39m\n',
      'ok\n',
      'ok\n',
    ]);
  });

  it('puts errors on standard error, with what to do', () => {
    const [out, err] = [recorder(false), recorder(false)];
    new Terminal(out, err, { isColorAllowed: true, isBarAllowed: true }).error('It broke.', 'Mend it.');
    expect([out.text, err.text]).toEqual(['', 'Error: It broke.\nMend it.\n']);
  });

  it('knows that some characters are wide and some have no width', () => {
    expect([widthOf('abc'), widthOf('数据'), widthOf('e\u0301'), widthOf('\u001b[32mok\u001b[39m')]).toEqual([
      3, 4, 1, 2,
    ]);
    expect(printable('señal-数据')).toBe('señal-数据');
  });
});
