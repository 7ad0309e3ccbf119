// The order of ARCHITECTURE.md: a lib imports only libs above it in this list.
const layers = [
  'runtime',
  'torrent',
  'wire',
  'access',
  'audit',
  'cluster',
  'tracking',
  'transfer',
  'plugin-api',
  'transport-tcp',
  'storage-fs',
  'storage-lmdb',
  'nest',
];
const pureLibs = ['runtime', 'torrent', 'wire', 'access', 'audit', 'cluster', 'tracking', 'transfer'];
const sideBySide = [
  ['transport-tcp', 'storage-fs'],
  ['transport-tcp', 'storage-lmdb'],
  ['storage-fs', 'storage-lmdb'],
];

const isBeside = (a, b) => sideBySide.some((pair) => pair.includes(a) && pair.includes(b) && a !== b);
const layerRules = layers.map((lib, level) => ({
  name: `${lib}-imports-only-libs-above-it`,
  severity: 'error',
  from: { path: `^libs/${lib}/` },
  to: { path: `^libs/(${layers.filter((other, at) => at > level || isBeside(lib, other)).join('|') || 'none'})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'known-libs-only', severity: 'error', from: {}, to: { path: '^libs/', pathNot: `^libs/(${layers.join('|')})/` } },
    { name: 'libs-not-to-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^(apps|test)/' } },
    {
      name: 'app-not-to-other-app',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'apps-not-to-test', severity: 'error', from: { path: '^apps/[^/]+/src' }, to: { path: '^test/' } },
    {
      name: 'only-through-index',
      severity: 'error',
      from: { path: '^(apps|test|libs/([^/]+))/' },
      to: { path: '^libs/[^/]+/src/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^libs/$2/'] },
    },
    {
      name: 'pure-libs-know-no-world',
      comment: 'Sockets, files, timers, processes and frameworks come in through ports.',
      severity: 'error',
      from: { path: `^libs/(${pureLibs.join('|')})/`, pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^(node:)?(net|tls|dgram|dns|http|https|fs|fs/promises|os|child_process|worker_threads|timers|timers/promises|cluster|process)$|node_modules/(@nestjs|rxjs|class-validator|class-transformer|pino|prom-client)/',
      },
    },
    {
      name: 'no-dev-deps-in-src',
      severity: 'error',
      from: { path: '^(apps/[^/]+/src|libs)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
