import { EVERYWHERE, type RecordClass, slotOf } from '@panal/cluster';
import type { Random } from '@panal/runtime';
import { between, isHit, pick, waitMs } from '../kernel/draw.js';
import type { Simulation } from '../kernel/simulation.js';
import { type Client, Writer } from './client.js';
import type { History } from './history.js';

export interface WorkloadOptions {
  readonly simulation: Simulation;
  readonly history: History;
  readonly clients: readonly Client[];
  /** Of all clients together. */
  readonly operationsPerSecond: number;
  readonly softLifeMs: number;
}

interface Task {
  readonly client: Client;
  readonly writer: Writer;
  readonly leaseMs: number;
  readonly hasToken: boolean;
}

const REGISTER_COUNT = 24;
const READ_RATE = 0.3;
const SESSION_LEASE_MS = { min: 8000, max: 25_000 };
const SESSION_LIFE_MS = { min: 5000, max: 60_000 };
const SESSION_STOP_RATE = 0.5;
const OBJECT_LIFE_MS = { min: 500, max: 30_000 };
/** Part of the keys that every tracker keeps. */
const EVERYWHERE_RATE = 0.05;

/**
 * What clients do: unique things are added (nothing else ever hides their loss), registers are written again and again by
 * one writer each, peers come, renew their leases, move between trackers, stop or fall silent, and objects are put and
 * deleted.
 */
export class Workload {
  readonly #random: Random;
  readonly #registers: Task[] = [];
  readonly #readable: Writer[] = [];
  #keyCount = 0;
  #isOn = false;

  constructor(private readonly options: WorkloadOptions) {
    this.#random = options.simulation.random('workload');
    for (let count = 0; count < REGISTER_COUNT; count += 1) {
      this.#registers.push(this.#task('register', 'durable', 0, count % 2 === 0));
    }
  }

  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#next();
  }

  /** No new operations; those under way end in their time. */
  stop(): void {
    this.#isOn = false;
  }

  #next(): void {
    this.options.simulation.after(waitMs(this.#random, 1000 / this.options.operationsPerSecond), () => {
      if (!this.#isOn) return;
      this.#act();
      this.#next();
    });
  }

  #act(): void {
    if (isHit(this.#random, READ_RATE)) {
      const writer = pick(this.#random, this.#readable);
      const client = pick(this.#random, this.options.clients);
      if (writer !== undefined) client?.read(writer.history);
      return;
    }
    const what = this.#random.below(10);
    if (what < 3) this.#write(this.#task('set', 'durable', 0, false));
    else if (what < 5) this.#write(this.#task('entry', 'soft', this.options.softLifeMs, false));
    else if (what < 7) this.#writeRegister();
    else if (what < 9) this.#session();
    else this.#object();
  }

  #writeRegister(): void {
    const task = pick(this.#random, this.#registers);
    if (task !== undefined && !task.writer.isBusy) this.#write(task);
  }

  /** A peer: its lease is renewed thrice within its length, until it says goodbye or says nothing any more. */
  #session(): void {
    const leaseMs = Math.min(
      between(this.#random, SESSION_LEASE_MS.min, SESSION_LEASE_MS.max),
      this.options.softLifeMs,
    );
    const task = this.#task('session', 'soft', leaseMs, true);
    const endsAtMs = this.options.simulation.nowMs + between(this.#random, SESSION_LIFE_MS.min, SESSION_LIFE_MS.max);
    const saysGoodbye = isHit(this.#random, SESSION_STOP_RATE);
    const beat = (): void => {
      const isOver = this.options.simulation.nowMs >= endsAtMs || !this.#isOn;
      if (isOver && !saysGoodbye) return;
      if (!task.writer.isBusy) {
        this.#write(task, isOver);
        if (isOver) return;
      }
      this.options.simulation.after(leaseMs / 3, beat);
    };
    beat();
  }

  #object(): void {
    const task = this.#task('object', 'durable', 0, true);
    this.#write(task);
    const remove = (): void => {
      if (task.writer.isBusy && this.#isOn) this.options.simulation.after(1000, remove);
      else if (this.#isOn) this.#write(task, true);
    };
    this.options.simulation.after(between(this.#random, OBJECT_LIFE_MS.min, OBJECT_LIFE_MS.max), remove);
  }

  #write(task: Task, isDead = false): void {
    task.client.write(task.writer, { isDead, leaseMs: task.leaseMs, hasToken: task.hasToken });
  }

  #task(kind: string, recordClass: RecordClass, leaseMs: number, hasToken: boolean): Task {
    this.#keyCount += 1;
    const name = `${kind} ${this.#keyCount}`;
    const key = Buffer.from(name);
    const slot = isHit(this.#random, EVERYWHERE_RATE) ? EVERYWHERE : slotOf(key);
    const client = this.options.clients[this.#random.below(this.options.clients.length)] as Client;
    const writer = new Writer(this.options.history.open(name, key, slot, recordClass));
    this.#readable.push(writer);
    return { client, writer, leaseMs, hasToken };
  }
}
