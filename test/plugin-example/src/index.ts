import { definePlugin } from 'panal/plugin-api';
import { CensusModule } from './census.module.js';
import { lastFirst } from './last-first.js';
import { ProgressModule } from './progress.module.js';
import { SteadyHandoutPolicy } from './steady-handout-policy.js';

export default definePlugin({
  name: 'example',
  apiVersion: 1,
  contributes: {
    handoutPolicy: (context) => new SteadyHandoutPolicy(context),
    chunkSchedulers: [lastFirst],
  },
  module: { tracker: CensusModule, peer: ProgressModule },
});
