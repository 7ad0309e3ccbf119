import type { NodeWorld, SimulatedNode } from './host.js';

/** Greets its peers now and then, keeps every greeting on its disk and in memory, and answers each datagram. */
export class EchoNode implements SimulatedNode {
  readonly heard: string[] = [];
  readonly datagrams: string[] = [];
  readonly downs: string[] = [];
  remembered: readonly string[] = [];
  ticks = 0;

  constructor(
    readonly world: NodeWorld,
    private readonly peers: readonly string[] = [],
  ) {}

  start(): void {
    this.remembered = this.world.disk.read('heard').map(String);
    this.world.every(50, () => {
      this.ticks += 1;
      for (const peer of this.peers) {
        this.world.send(peer, Buffer.from(`${this.world.name} ${this.ticks} ${this.world.random.below(1000)}`));
        this.world.datagram(peer, Buffer.from(`ping ${this.ticks}`));
      }
    });
  }

  onMessage(from: string, bytes: Buffer): void {
    this.heard.push(`${from}: ${String(bytes)}`);
    this.world.disk.append('heard', Buffer.from(bytes));
    this.world.sync(() => this.world.note(`kept ${String(bytes)}`));
  }

  onDatagram(from: string, bytes: Buffer): void {
    this.datagrams.push(String(bytes));
    if (String(bytes).startsWith('ping')) this.world.datagram(from, Buffer.from(`pong ${this.ticks}`));
  }

  onStreamDown(peer: string): void {
    this.downs.push(peer);
  }
}
