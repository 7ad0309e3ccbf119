import { type LogFields, ManualClock, silentLogger } from '@panal/runtime';
import { HandshakeInvalidError, KeyMismatchError, TicketRefusedError } from '@panal/wire';
import { HandshakeCutError } from './errors.js';
import { HandshakeGate } from './handshake-gate.js';
import {
  REFUSAL_LOG_BURST,
  REFUSAL_LOG_INTERVAL_MS,
  REFUSAL_RECOVERY_MS,
  REFUSAL_SOURCES_MAX,
  REFUSALS_MAX,
} from './limits.js';

const mismatch = new KeyMismatchError('server', 'panal');

function makeGate() {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields: LogFields = {}) => void lines.push(fields) };
  const gate = new HandshakeGate({ clock, logger, message: 'A handshake failed.' });
  const refuse = (count: number, host = '192.0.2.1', error: Error = mismatch): void => {
    for (let at = 0; at < count; at += 1) gate.refused(error, { host, port: 1_000 + at });
  };
  return { clock, gate, lines, refuse };
}

describe('HandshakeGate', () => {
  it('counts by reason, of which there are few whatever is sent', () => {
    const { gate, refuse } = makeGate();
    refuse(2);
    refuse(1, '192.0.2.2', new TicketRefusedError('server', 'no ticket'));
    refuse(1, '192.0.2.2', new HandshakeInvalidError('it speaks HTTP'));
    refuse(1, '192.0.2.2', new Error('something else'));
    gate.count('namespace_forbidden');
    expect(Object.fromEntries(gate.counts)).toEqual({
      key_mismatch: 2,
      ticket_no_ticket: 1,
      handshake_invalid: 1,
      internal: 1,
      namespace_forbidden: 1,
    });
  });

  it('shuts out an address that fails again and again, and that address alone', () => {
    const { gate, refuse } = makeGate();
    refuse(REFUSALS_MAX - 1);
    expect(gate.isOpenTo('192.0.2.1')).toBe(true);
    refuse(1);
    expect(gate.isOpenTo('192.0.2.1')).toBe(false);
    expect(gate.isOpenTo('192.0.2.2')).toBe(true);
    expect(gate.counts.get('rate_limited')).toBe(1);
  });

  it('forgives with time', () => {
    const { gate, refuse, clock } = makeGate();
    refuse(REFUSALS_MAX + 5);
    clock.advance(REFUSAL_RECOVERY_MS - 1);
    expect(gate.isOpenTo('192.0.2.1')).toBe(false);
    clock.advance(1);
    expect(gate.isOpenTo('192.0.2.1')).toBe(true);
    refuse(1);
    expect(gate.isOpenTo('192.0.2.1')).toBe(false);
  });

  it('takes all addresses of one IPv6 network for one source', () => {
    const { gate, refuse } = makeGate();
    for (let at = 0; at < REFUSALS_MAX; at += 1) refuse(1, `2001:db8:1:2:${at.toString(16)}::1`);
    expect(gate.isOpenTo('2001:db8:1:2::ffff')).toBe(false);
    expect(gate.isOpenTo('2001:db8:1:3::1')).toBe(true);
    expect(gate.isOpenTo('2001:db8::1')).toBe(true);
  });

  it('does not hold a look at the port against anyone', () => {
    const { gate, refuse, lines } = makeGate();
    refuse(10 * REFUSALS_MAX, '192.0.2.1', new HandshakeCutError());
    expect(gate.isOpenTo('192.0.2.1')).toBe(true);
    expect(lines).toEqual([]);
  });

  it('remembers a bounded number of sources', () => {
    const { gate, refuse } = makeGate();
    for (let at = 0; at < REFUSAL_SOURCES_MAX + 10; at += 1) refuse(1, `10.0.${at >> 8}.${at & 255}`);
    expect(gate.sourceCount).toBe(REFUSAL_SOURCES_MAX);
  });

  it('writes a bounded number of lines, and how many it left out', () => {
    const { clock, lines, refuse } = makeGate();
    refuse(REFUSAL_LOG_BURST + 90);
    expect(lines).toHaveLength(REFUSAL_LOG_BURST);
    clock.advance(REFUSAL_LOG_INTERVAL_MS);
    refuse(1);
    expect(lines.at(-1)).toMatchObject({ code: 'key_mismatch', remote: '192.0.2.1:1000', unloggedCount: 90 });
  });
});
