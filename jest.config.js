/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // Needs root and a Docker engine: npm run test:swarm.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.PANAL_TEST_SWARM === '1' ? [] : ['<rootDir>/test/swarm/']),
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': '@swc/jest',
    // ESM-only packages that CommonJS packages require(): Jest can do that only on Node >= 24.9.
    '/node_modules/(cookie|content-disposition)/.+\\.js$': [
      '@swc/jest',
      { swcrc: false, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(cookie|content-disposition)/)'],
  moduleNameMapper: {
    '^@panal/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // A limit for what hangs, not a judgement of speed: a slow disk may take several times as long as a good one.
  testTimeout: 60_000,
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/tools/closing-line.mjs'],
  workerIdleMemoryLimit: '700MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/*.spec.ts', '!**/main.ts'],
};
