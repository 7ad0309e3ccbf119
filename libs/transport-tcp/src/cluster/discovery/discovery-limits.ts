/** How often a tracker that is alone looks for others: Docker's DNS lists a task within seconds of its start. */
export const DISCOVERY_ALONE_INTERVAL_MS = 5_000;

/** How often one that has others looks: only what a long cut or a restart with new addresses made unknown is found so. */
export const DISCOVERY_INTERVAL_MS = 60_000;

/** Seeds one tracker is given. Each may be a name of many addresses. */
export const SEEDS_MAX = 64;

/** Addresses of one name: the largest cluster planned for is 200. */
export const NAME_ADDRESSES_MAX = 256;

/** Addresses remembered over a restart: any one of them that still lives knows all the others. */
export const KNOWN_ADDRESSES_MAX = 64;

/** Changes of the members within so long are remembered together. */
export const KNOWN_DELAY_MS = 1_000;

/** Beacons to one target that the network refused in a row; then no more are sent there. */
export const BEACON_FAILURES_MAX = 3;
