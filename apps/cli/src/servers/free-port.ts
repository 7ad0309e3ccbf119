import { createServer } from 'node:net';
import { ClusterError } from '../errors.js';
import { PORT_SCAN_MAX } from '../limits.js';

/** Where servers of this machine alone listen. */
export const LOOPBACK = '127.0.0.1';

/** Ports that other parts of Panal expect (DESIGN 4): never handed out as "the next free one" of something else. */
const RESERVED = new Set([5560, 5561, 5570, 5571]);

/** Hands out ports of `host` that nobody listens on, each once. */
export class PortChooser {
  readonly #given = new Set<number>();

  constructor(private readonly host: string) {}

  /** The first free port from `from` upwards. */
  async next(from: number): Promise<number> {
    for (let port = from; port < Math.min(from + PORT_SCAN_MAX, 65_536); port += 1) {
      if (this.#given.has(port) || (RESERVED.has(port) && port !== from)) continue;
      if (await isPortFree(this.host, port)) return this.#give(port);
    }
    throw new ClusterError(
      'port_taken',
      `No port from ${from} upwards is free on ${this.host}.`,
      'Stop something that listens there.',
    );
  }

  /** Exactly `port`, which the user named with `flag`. */
  async exactly(port: number, flag: string): Promise<number> {
    if (!this.#given.has(port) && (await isPortFree(this.host, port))) return this.#give(port);
    throw new ClusterError(
      'port_taken',
      `Port ${port} on ${this.host} is taken.`,
      `Stop what listens there, name another port with ${flag}, or leave ${flag} out: then the next free port is used.`,
    );
  }

  #give(port: number): number {
    this.#given.add(port);
    return port;
  }
}

/** Whether something could listen on the port now. Another process may still be quicker. */
async function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
