import 'reflect-metadata';
import { runServer, SystemTimers } from '@panal/nest';
import { readPeerConfig } from './config.js';
import { boundHeapGrowth } from './heap-growth.js';
import { startPeer } from './peer-server.js';

/** The words after the script: `panal peer` runs this file with its own taken out. */
const argv = process.argv.slice(2);

boundHeapGrowth();
await runServer({
  timers: new SystemTimers(),
  process,
  start: async () => {
    const config = readPeerConfig(argv);
    return config === undefined ? undefined : startPeer(config);
  },
});
