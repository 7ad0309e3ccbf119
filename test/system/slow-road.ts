import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { HostPort } from '@panal/runtime';

const TURN_MS = 50;

/** A port that leads to another one, for bytes from there no faster than told. */
export class SlowRoad {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  target: HostPort | undefined;

  constructor(bytesPerSecond: number) {
    this.#server = createServer((near) => {
      const far = connect(this.target as HostPort);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => one.destroy());
        one.once('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(far);
      far.on('readable', () => undefined);
      const timer = setInterval(() => {
        for (let left = (bytesPerSecond * TURN_MS) / 1_000; left > 0; ) {
          const bytes = far.read(Math.min(left, Math.max(1, far.readableLength))) as Buffer | null;
          if (bytes === null) return;
          left -= bytes.length;
          near.write(bytes);
        }
      }, TURN_MS);
      far.once('close', () => clearInterval(timer));
    });
  }

  /** Connections that go through now. */
  get connectionCount(): number {
    return this.#sockets.size / 2;
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
