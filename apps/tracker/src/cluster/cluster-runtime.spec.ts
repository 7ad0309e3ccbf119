import type { ClusterRecord, NodeEffect, NodeEvent } from '@panal/cluster';
import { type LogFields, PanalError, silentLogger } from '@panal/runtime';
import type { ClusterLinks, LinkCounters, LinkTarget } from '@panal/transport-tcp';
import { ClusterRuntime } from './cluster-runtime.js';
import { ForgetfulKeeper } from './record-keeper.js';

const address = { host: '192.0.2.1', port: 5560 };
const id = 'a'.repeat(32);
const ping = { kind: 'gossip', from: id, startedAt: 1, news: [] } as const;

class TestRefusal extends PanalError {
  constructor() {
    super({ code: 'test_refused', message: 'It is refused.', action: 'Nothing: this is a test.', retryable: false });
  }
}

/** Notes what it is told to carry. */
class NotingLinks implements ClusterLinks {
  readonly counters = {} as LinkCounters;
  constructor(private readonly done: (what: string) => void) {}

  send(to: LinkTarget, message: object): boolean {
    this.done(`send to ${JSON.stringify(to)}: ${JSON.stringify(message)}`);
    return true;
  }
  request(): Promise<unknown> {
    return Promise.reject(new TestRefusal());
  }
  datagram(to: object, message: object): void {
    this.done(`datagram to ${JSON.stringify(to)}: ${JSON.stringify(message)}`);
  }
  setMembers(): void {}
  queuedBytes(): number {
    return 0;
  }
  status(): readonly [] {
    return [];
  }
}

/** Notes what it is told to keep. */
class NotingKeeper extends ForgetfulKeeper {
  constructor(
    private readonly done: (what: string) => void,
    private readonly onAppend: () => void,
  ) {
    super(() => undefined);
  }
  override append(records: readonly ClusterRecord[] = [], { isDurable = false } = {}): number {
    this.done(`append ${records.length}${isDurable ? ' durable' : ''}`);
    this.onAppend();
    return super.append();
  }
  override eraseSlot(slot = -1): void {
    this.done(`erase ${slot}`);
  }
  override keepMembers(members: readonly object[] = []): void {
    this.done(`keep members ${JSON.stringify(members)}`);
  }
}

const record: ClusterRecord = {
  key: Buffer.from('k'),
  slot: 1,
  recordClass: 'soft',
  clock: 1,
  origin: 1,
  isDead: false,
  serveUntilMs: 5,
  value: Buffer.alloc(0),
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('ClusterRuntime', () => {
  let events: NodeEvent[];
  let done: string[];
  /** What the node answers to events of a kind. */
  let answers: Partial<Record<NodeEvent['kind'], readonly NodeEffect[]>>;
  let onAppend: () => void;
  let runtime: ClusterRuntime;
  beforeEach(() => {
    // Of this test alone: the flush of an earlier one may still be due.
    const ownEvents: NodeEvent[] = [];
    const ownDone: string[] = [];
    events = ownEvents;
    done = ownDone;
    answers = {};
    onAppend = () => undefined;
    const note = (what: string): void => void ownDone.push(what);
    const log = (level: string) => (message: string, fields?: LogFields) =>
      note(`${level} ${message} ${JSON.stringify(fields)}`);
    runtime = new ClusterRuntime({
      node: {
        step(event) {
          ownEvents.push(event);
          note(`step ${event.kind}`);
          return answers[event.kind] ?? [];
        },
      },
      keeper: new NotingKeeper(note, () => onAppend()),
      logger: { ...silentLogger, info: log('info'), warn: log('warn') },
      onView: () => note('view'),
      onFatal: (error) => note(`fatal ${error.code}`),
    });
    runtime.links = new NotingLinks(note);
  });
  const kinds = () => events.map(({ kind }) => kind);

  it('does what the node says, in this order', () => {
    answers.tick = [
      { kind: 'view' },
      { kind: 'datagram', to: address, message: ping },
      { kind: 'send', to: id, message: { kind: 'applied', id: 1, refused: [] } },
      { kind: 'persist', sequence: 1, records: [record, record], isDurable: true },
      { kind: 'persist', sequence: 2, records: [record], isDurable: false },
      { kind: 'erase', slots: [7, 9] },
      { kind: 'known-addresses', addresses: [address] },
      { kind: 'log', level: 'warn', message: 'Beware', fields: { of: 'me' } },
      { kind: 'left', isHandedOver: true },
      { kind: 'fatal', error: new TestRefusal() },
    ];
    runtime.tick();
    expect(done).toEqual([
      'step tick',
      'view',
      `datagram to ${JSON.stringify(address)}: ${JSON.stringify(ping)}`,
      `send to "${id}": {"kind":"applied","id":1,"refused":[]}`,
      'append 2 durable',
      'append 1',
      'erase 7',
      'erase 9',
      `keep members ${JSON.stringify([address])}`,
      'warn Beware {"of":"me"}',
      'info This tracker has left the cluster {"isHandedOver":true}',
      'fatal test_refused',
    ]);
  });

  it('answers each write by its token, once', async () => {
    const writes = [runtime.write([record]), runtime.write([record, record])];
    const [first, second] = events.flatMap((event) => (event.kind === 'write' ? [event.token] : []));
    expect(first).not.toBe(second);
    answers.persisted = [
      { kind: 'refused', token: second as number, error: new TestRefusal() },
      { kind: 'written', token: first as number, copies: 3 },
      { kind: 'written', token: first as number, copies: 1 },
      { kind: 'written', token: 99, copies: 1 },
    ];
    runtime.onPersisted(1);
    await expect(writes[0]).resolves.toEqual({ copies: 3 });
    await expect(writes[1]).rejects.toMatchObject({ code: 'test_refused' });
    expect(events.at(-1)).toEqual({ kind: 'persisted', upTo: 1 });
  });

  it('answers a write that is refused at once', async () => {
    answers.write = [{ kind: 'refused', token: 1, error: new TestRefusal() }];
    await expect(runtime.write([record])).rejects.toMatchObject({ code: 'test_refused' });
  });

  it('finishes a step before it begins the next, whatever comes meanwhile', () => {
    answers.tick = [{ kind: 'persist', sequence: 1, records: [record], isDurable: false }, { kind: 'view' }];
    answers.persisted = [{ kind: 'erase', slots: [1] }];
    onAppend = () => {
      runtime.onPersisted(1);
      runtime.onDatagram(address, ping);
    };
    runtime.tick();
    expect(done).toEqual(['step tick', 'append 1', 'view', 'step persisted', 'erase 1', 'step datagram']);
  });

  it('goes on after an effect that failed', () => {
    answers.tick = [{ kind: 'persist', sequence: 1, records: [record], isDurable: false }];
    onAppend = () => {
      throw new TypeError('x is not a function');
    };
    expect(() => runtime.tick()).toThrow(TypeError);
    onAppend = () => undefined;
    runtime.tick();
    expect(done).toEqual(['step tick', 'append 1', 'step tick', 'append 1']);
  });

  it('flushes once for all that came in one turn', async () => {
    void runtime.write([record]);
    void runtime.write([record]);
    runtime.onMessage(id, { kind: 'applied', id: 1, refused: [] });
    expect(kinds()).toEqual(['write', 'write', 'message']);
    await turn();
    expect(kinds()).toEqual(['write', 'write', 'message', 'flush']);
    await turn();
    void runtime.write([record]);
    await turn();
    expect(kinds().slice(4)).toEqual(['write', 'flush']);
  });

  it('gives the node what others say, from whom, and nothing that cannot be read', () => {
    runtime.onMessage(id, { kind: 'applied', id: 1, refused: [] });
    runtime.onDatagram(address, ping);
    expect(events).toEqual([
      { kind: 'message', from: id, message: { kind: 'applied', id: 1, refused: [] } },
      { kind: 'datagram', from: address, message: ping },
    ]);
    expect(runtime.invalidCount).toBe(0);
    for (const nonsense of [undefined, 5, {}, { kind: 'drop-all' }]) {
      runtime.onMessage(id, nonsense);
      runtime.onDatagram(address, nonsense);
    }
    expect(events).toHaveLength(2);
    expect(runtime.invalidCount).toBe(8);
    expect(done.filter((line) => line.startsWith('warn'))).toHaveLength(8);
    expect(done.at(-1)).toContain('192.0.2.1');
  });
});
