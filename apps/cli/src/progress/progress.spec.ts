import type { TorrentView } from '@panal/wire';
import { widthOf } from '../terminal.js';
import { barLine } from './bars.js';
import { LinePace } from './line-pace.js';
import { situationOf } from './situation.js';
import { progressLine } from './transfer-text.js';

const VIEW = {
  id: '1',
  title: 'model',
  name: null,
  hash: 'ab',
  state: 'downloading',
  reason: null,
  sizeBytes: 1000,
  doneBytes: 425,
  downRate: 5e6,
  etaMs: 3000,
  sources: [{ name: 'p1', state: 'active' }],
} as unknown as TorrentView;

const view = (changes: Partial<TorrentView>): TorrentView => ({ ...VIEW, ...changes });
const trackers = (state: 'connected' | 'connecting') => ({ trackers: [{ address: 't1:5555', state }] });

describe('progress', () => {
  it.each<[string, TorrentView, Parameters<typeof situationOf>[1], string | undefined]>([
    ['nothing while it moves', VIEW, trackers('connecting'), undefined],
    [
      'nobody',
      view({ state: 'waiting', sources: [] }),
      trackers('connected'),
      'nobody shares it yet; waiting, Ctrl-C to stop',
    ],
    ['no tracker', view({ state: 'waiting' }), trackers('connecting'), 'no tracker answers at t1:5555; trying again'],
    [
      'that there is no tracker',
      view({ state: 'resolving' }),
      { trackers: [] },
      'this peer knows no tracker; start it with --tracker HOST:PORT',
    ],
    ['connecting', view({ state: 'waiting' }), trackers('connected'), 'connecting to p1'],
    ['asking', view({ state: 'resolving', sources: [] }), trackers('connected'), 'asking the trackers what it is'],
    [
      'a refusal',
      view({ state: 'resolving' }),
      {
        trackers: [
          {
            address: 't1:1',
            state: 'refused',
            reason: { code: 'x', message: 'Another key.', action: 'Copy it.', retryable: false },
          },
        ],
      },
      'tracker t1:1 refuses this peer: Another key. Copy it.',
    ],
    [
      'a pause',
      view({
        state: 'paused',
        reason: { code: 'disk_full', message: 'Disk full.', action: 'Make room.', retryable: true },
      }),
      undefined,
      'paused: Disk full. Make room.',
    ],
  ])('tells %s', (_, torrent, peer, text) => expect(situationOf(torrent, peer)).toBe(text));

  it('writes a line for a pipe', () => {
    expect(progressLine(VIEW, undefined)).toBe('model: 42%  425 B of 1000 B  5.0 MB/s  ETA 3.0 s  1 source');
    expect(progressLine(view({ name: 'llm:v3', sizeBytes: 0 }), 'asking')).toBe('llm:v3: asking');
  });

  it('never draws wider than the terminal, nor lets a name move the cursor', () => {
    const draw = (width: number, fraction: number) => '#'.repeat(Math.round(width * fraction)).padEnd(width, '.');
    for (const columns of [10, 20, 40, 80, 200]) {
      const line = barLine({ label: '数据\u001b[2J'.repeat(9), fraction: 0.5, facts: 'x'.repeat(30) }, columns, draw);
      expect(widthOf(line)).toBeLessThan(columns);
      expect(line).not.toContain('\u001b');
    }
    expect(barLine({ label: 'a', fraction: 0.5, facts: '50%' }, 80, draw)).toBe(
      `a  ${'#'.repeat(15)}${'.'.repeat(15)}  50%`,
    );
  });

  it('gives a pipe one line a second and none twice', () => {
    let nowMs = 0;
    const pace = new LinePace(() => nowMs);
    const said = ([0, 200, 1000, 1100, 2500, 4000] as const).map((atMs, index) => {
      nowMs = atMs;
      return pace.allows('a', index < 4 ? String(index) : 'same');
    });
    expect(said).toEqual([true, false, true, false, true, false]);
    expect(pace.allows('b', 'same')).toBe(true);
  });
});
