/** The files of a new plugin by their path: the smallest package that builds, has a test that can fail, and loads. */
export function pluginSkeleton(name: string, panalVersion: string): ReadonlyMap<string, string> {
  const [major, minor] = panalVersion.split('.');
  return new Map([
    ['package.json', `${JSON.stringify(packageFile(name, `~${major}.${minor}.0`), undefined, 2)}\n`],
    ['tsconfig.json', TSCONFIG],
    ['src/index.ts', indexFile(name)],
    ['src/last-first.ts', SCHEDULER],
    ['test/last-first.test.mjs', TEST],
    ['.gitignore', 'dist/\nnode_modules/\n*.tgz\n'],
  ]);
}

/** What messages and routes are written with, in the major versions of the host. */
const HOST_PACKAGES = { '@nestjs/common': '^12.0.0', '@nestjs/microservices': '^12.0.0', 'class-validator': '^0.15.0' };

function packageFile(name: string, panal: string) {
  return {
    name: `panal-plugin-${name}`,
    version: '0.1.0',
    type: 'module',
    exports: './dist/index.js',
    files: ['dist'],
    scripts: { build: 'tsc', pretest: 'tsc', test: 'node --test', prepack: 'tsc' },
    // What is the host's is never a dependency: a second copy would be refused.
    peerDependencies: { ...HOST_PACKAGES, panal },
    devDependencies: { '@types/node': '^20.0.0', typescript: '^6.0.0' },
  };
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2023",
    "module": "nodenext",
    "types": ["node"],
    "rootDir": "src",
    "outDir": "dist",
    "strict": true,
    "isolatedModules": true,
    "experimentalDecorators": true,
    "emitDecoratorMetadata": true,
    "skipLibCheck": false
  },
  "include": ["src"]
}
`;

const indexFile = (name: string) => `import { definePlugin } from 'panal/plugin-api';
import { lastFirst } from './last-first.js';

export default definePlugin({
  name: '${name}',
  apiVersion: 1,
  contributes: { chunkSchedulers: [lastFirst] },
});
`;

const SCHEDULER = `import type { ChunkScheduler, ChunkSchedulerContext, ChunkSchedulerFactory } from 'panal/plugin-api';

/** From the last chunk to the first. */
class LastFirstScheduler implements ChunkScheduler {
  readonly #isWanted: Uint8Array;
  #size = 0;

  constructor({ chunkCount }: ChunkSchedulerContext) {
    this.#isWanted = new Uint8Array(chunkCount);
  }

  get size(): number {
    return this.#size;
  }

  add(chunk: number): void {
    this.#isWanted[chunk] = 1;
    this.#size += 1;
  }

  remove(chunk: number): void {
    if (this.#isWanted[chunk] !== 1) return;
    this.#isWanted[chunk] = 0;
    this.#size -= 1;
  }

  availabilityChanged(): void {
    // How rare a chunk is does not matter here.
  }

  pick(isOffered: (chunk: number) => boolean): number | undefined {
    for (let chunk = this.#isWanted.length - 1; chunk >= 0; chunk -= 1) {
      if (this.#isWanted[chunk] === 1 && isOffered(chunk)) return chunk;
    }
    return undefined;
  }
}

/** \`panal get NAME --scheduler last-first\` */
export const lastFirst: ChunkSchedulerFactory = {
  name: 'last-first',
  create: (context) => new LastFirstScheduler(context),
};
`;

const TEST = `import { strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { chunkSchedulerCases, SeededRandom } from 'panal/plugin-api';
import { lastFirst } from '../dist/last-first.js';

for (const { name, run } of chunkSchedulerCases(lastFirst)) test(name, run);

test('begins with the last chunk', () => {
  const scheduler = lastFirst.create({ chunkCount: 3, random: new SeededRandom(1) });
  for (const chunk of [0, 1, 2]) scheduler.add(chunk, 1);
  strictEqual(
    scheduler.pick(() => true),
    2,
  );
});
`;
