import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { silentLogger } from '@panal/runtime';

/** What a plugin is loaded with when no server runs. What it logs is not for who looks at it. */
export function cliPorts() {
  return { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger: silentLogger };
}
