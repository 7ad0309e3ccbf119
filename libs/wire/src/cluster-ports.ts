/** Tracker to tracker: links over TCP, gossip over UDP. */
export const CLUSTER_PORT = 5560;

/** Beacons, by multicast and broadcast on one subnet. */
export const DISCOVERY_PORT = 5561;

/** Multicast group of the beacons: of the block for use within one site. @see RFC 2365 */
export const DISCOVERY_GROUP = '239.255.80.78';
