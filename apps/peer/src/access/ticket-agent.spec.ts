import { type OwnTicket, REVOCATION_TOLD_MS, Revocations, TICKET_LIFE_MS } from '@panal/access';
import { ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import type { TicketReply, TicketRequest } from '@panal/wire';
import { TICKET_RETRY_MS, TICKET_WAIT_MS } from '../peer-limits.js';
import { TicketAgent } from './ticket-agent.js';

class Bed {
  readonly clock = new ManualClock();
  readonly revocations = new Revocations();
  readonly asked: TicketRequest[] = [];
  failure: Error | undefined;
  signingKeys: readonly Buffer[] = [Buffer.alloc(32, 1)];
  revoked: readonly Buffer[] = [];
  readonly agent = new TicketAgent({
    ask: async (request): Promise<TicketReply> => {
      this.asked.push(request);
      if (this.failure !== undefined) throw this.failure;
      const { signingKeys, revoked } = this;
      const ticket = Buffer.from(`ticket ${this.asked.length}`);
      return { ticket, expiresAt: this.clock.nowMs() + TICKET_LIFE_MS, signingKeys, revoked };
    },
    clock: this.clock,
    timers: this.clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    peerId: Buffer.alloc(16, 5),
    revocations: this.revocations,
    publicKeys: [Buffer.alloc(32, 9)],
  });

  async pass(ms: number, steps = 1): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      this.clock.advance(ms / steps);
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    }
  }

  get shown(): string | undefined {
    return this.agent.ticket?.bytes.toString();
  }
}

describe('TicketAgent', () => {
  it('asks when there is a tracker, once, for a ticket of this peer', async () => {
    const bed = new Bed();
    expect(bed.agent.ticket).toBeUndefined();
    bed.agent.wake();
    bed.agent.wake();
    await bed.pass(1);
    bed.agent.wake();
    expect(bed.asked).toHaveLength(1);
    expect(bed.asked[0]).toMatchObject({ peerId: Buffer.alloc(16, 5), namespace: 'default' });
    expect(bed.shown).toBe('ticket 1');
  });

  it('renews at half life or a little earlier, with another key', async () => {
    const bed = new Bed();
    bed.agent.wake();
    await bed.pass(TICKET_LIFE_MS * 0.4, 100);
    expect(bed.asked).toHaveLength(1);
    await bed.pass(TICKET_LIFE_MS * 0.1 + 1, 100);
    expect([bed.asked.length, bed.shown]).toEqual([2, 'ticket 2']);
    expect(bed.asked[0]?.publicKey).not.toEqual(bed.asked[1]?.publicKey);
  });

  it('keeps the ticket it has while no tracker answers, tries again, and shows none that is over', async () => {
    const bed = new Bed();
    bed.agent.wake();
    await bed.pass(1);
    const first = bed.agent.ticket as OwnTicket;
    bed.failure = new Error('away');
    await bed.pass(TICKET_LIFE_MS - 10, 200);
    expect(bed.agent.ticket).toBe(first);
    expect(bed.asked.length).toBeGreaterThan(TICKET_LIFE_MS / 2 / (2 * TICKET_RETRY_MS));
    expect(bed.asked.length).toBeLessThan(3 + TICKET_LIFE_MS / 2 / TICKET_RETRY_MS);
    await bed.pass(3 * TICKET_RETRY_MS, 20);
    expect(bed.agent.ticket).toBeUndefined();
    bed.failure = undefined;
    await bed.pass(2 * TICKET_RETRY_MS, 20);
    expect(bed.agent.ticket).toBeDefined();
  });

  it('lets who wants to dial wait for the first ticket, for a while', async () => {
    const bed = new Bed();
    const { signal } = new AbortController();
    await bed.agent.ready(signal);
    expect(bed.shown).toBe('ticket 1');
    const alone = new Bed();
    alone.failure = new Error('away');
    let isOver = false;
    void alone.agent.ready(signal).then(() => (isOver = true));
    await alone.pass(TICKET_WAIT_MS - 1);
    expect(isOver).toBe(false);
    await alone.pass(1);
    expect(isOver).toBe(true);
  });

  it('believes the signing keys that trackers tell of, and remembers what was revoked', async () => {
    const bed = new Bed();
    expect(bed.agent.publicKeys).toEqual([Buffer.alloc(32, 9)]);
    bed.revoked = [Buffer.alloc(16, 0xab)];
    bed.agent.wake();
    await bed.pass(1);
    expect(bed.agent.publicKeys).toEqual(bed.signingKeys);
    expect(bed.revocations.has('ab'.repeat(16))).toBe(true);
    bed.agent.learn([Buffer.alloc(16, 0xcd)]);
    expect(bed.revocations.has('cd'.repeat(16))).toBe(true);
    expect(REVOCATION_TOLD_MS).toBeGreaterThan(TICKET_LIFE_MS);
  });

  it('shows none any more once its key is revoked, not even one that was on its way', async () => {
    const bed = new Bed();
    bed.agent.wake();
    bed.agent.revoke();
    await bed.pass(1);
    bed.agent.wake();
    await bed.pass(TICKET_LIFE_MS, 50);
    expect([bed.asked.length, bed.shown]).toEqual([1, undefined]);
    const later = new Bed();
    later.agent.wake();
    await later.pass(1);
    later.agent.revoke();
    expect(later.shown).toBeUndefined();
    await later.agent.ready(new AbortController().signal);
  });

  it('asks no more once it is stopped', async () => {
    const bed = new Bed();
    bed.agent.wake();
    await bed.pass(1);
    bed.agent.stop();
    await bed.pass(TICKET_LIFE_MS, 50);
    expect(bed.asked).toHaveLength(1);
  });
});
