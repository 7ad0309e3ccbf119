import { downloadSource } from './download-source.js';

describe('what a download asks for', () => {
  it.each([
    ['nothing', {}],
    ['two things', { name: 'llm:v3', hash: 'ab'.repeat(32) }],
    ['a name that is none', { name: '../etc' }],
    ['a hash that is none', { hash: 'xyz' }],
    ['a magnet that is none', { magnet: 'http://x' }],
    ['a torrent file that is none', { torrent: Buffer.from('hello').toString('base64') }],
  ])('refuses %s', (_what, request) => {
    expect(() => downloadSource({ directory: '/got', ...request })).toThrow(
      expect.objectContaining({ retryable: false }),
    );
  });
});
