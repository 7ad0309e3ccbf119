import 'reflect-metadata';
import { runServer, SystemTimers } from '@panal/nest';
import { collectAlone } from './collector.js';
import { readTrackerConfig } from './config.js';
import { startTracker } from './start-tracker.js';

collectAlone();
await runServer({
  start: async () => {
    const config = readTrackerConfig(process.argv.slice(2));
    return config === undefined ? undefined : startTracker(config);
  },
  timers: new SystemTimers(),
  process,
});
