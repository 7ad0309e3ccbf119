/** Plugins of one server: each may be on the path of every message. */
export const PLUGINS_MAX = 32;

/** Loading a package, and each of a plugin's starting hooks: reading files takes less, a network that is away longer. */
export const PLUGIN_START_MS = 10_000;

/** Stopping hooks, all together below the 8 s a server has. */
export const PLUGIN_STOP_MS = 1_500;

/** One answer of a message handler, a route or an audit sink: clients of a tracker give up after 5 s. */
export const PLUGIN_CALL_MS = 4_000;

/** Calls of one handler that have not settled. More wait for something that does not come. */
export const PLUGIN_CALLS_MAX = 64;

/**
 * A synchronous call that takes longer holds up everything else in the process: nothing can interrupt it. A tracker passes
 * over another one that is silent for 40 ms.
 */
export const SLOW_CALL_MS = 20;

/** Faults in a row after which a port is not asked for a while: the default answers. */
export const FAULTS_IN_A_ROW_MAX = 10;

/** How long a port rests then; one fault after it, and it rests again. */
export const PORT_REST_MS = 30_000;

/** A plugin counts as degraded for so long after a fault. */
export const DEGRADED_MS = 5 * 60_000;

/** The same kind of fault at the same place is logged so often; all are counted. */
export const FAULT_LOG_MS = 10_000;

/** Packages looked through for second copies below one plugin; more than this is no plugin but a tree of node_modules. */
export const PACKAGES_MAX = 2_000;

/** Metrics of one plugin. */
export const PLUGIN_METRICS_MAX = 64;
