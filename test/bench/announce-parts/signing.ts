import { randomBytes } from 'node:crypto';
import { type AnnounceReply, encodeFrame, RecordOpener, RecordSealer } from '@panal/wire';
import { ANNOUNCE, announceOf, hashOf } from './messages.js';

const ROUNDS = 20;
const ANNOUNCES_A_ROUND = 12_800;

export interface Signing {
  /** Announces, and replies, in one record. */
  readonly window: number;
  /** To check the code of the requests' record and to make that of the replies', copying and all, shared by the window. */
  readonly usPerAnnounce: number;
}

/**
 * What the codes of the records cost a tracker, measured in this process on the messages themselves. The product cannot send
 * without them, so there is no other way to leave them out. The best of several rounds: whatever disturbs only adds.
 */
export function measureSigning(window: number, reply: AnnounceReply): Signing {
  const key = randomBytes(32);
  const names = ANNOUNCE.split('.');
  const [endpoint = '', handler = '', command = ''] = names;
  const stamp = { timestamp: Date.now(), version: 1 };
  const request = encodeFrame({
    kind: 'request',
    msgId: 1,
    ...stamp,
    endpoint,
    handler,
    command,
    data: announceOf(1, hashOf(1)),
  });
  const answer = encodeFrame({
    kind: 'reply',
    msgId: 1,
    ...stamp,
    endpoint: '',
    handler: '',
    command: '',
    data: reply,
  });
  const requests = Array.from({ length: window }, () => request);
  const answers = Array.from({ length: window }, () => answer);
  const records = ANNOUNCES_A_ROUND / window;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const client = new RecordSealer({ key });
    const chunks = Array.from({ length: records }, () => Buffer.concat(client.seal(requests)));
    const opener = new RecordOpener({ key });
    const sealer = new RecordSealer({ key });
    const startMs = performance.now();
    for (const chunk of chunks) {
      opener.push(chunk);
      sealer.seal(answers);
    }
    best = Math.min(best, performance.now() - startMs);
  }
  return { window, usPerAnnounce: Number(((best * 1_000) / ANNOUNCES_A_ROUND).toFixed(2)) };
}
