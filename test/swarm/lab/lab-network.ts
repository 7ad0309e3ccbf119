import { attempt, command } from './command.js';

/** One machine of the lab: a network namespace with one address. */
export interface LabHost {
  readonly name: string;
  readonly namespace: string;
  /** In 198.18.0.0/15, the range for tests between networks (RFC 2544). */
  readonly address: string;
  /** Its cable, in the namespace of the switch. */
  readonly cable: string;
}

/** The default route of all machines ends here. Nobody listens: what they ask of it is refused at once. */
export const SWITCH_ADDRESS = '198.18.10.254';

/**
 * Hosts on one switch, all in network namespaces of their own, the switch included: no firewall rule of this machine sees
 * their frames, and nothing of theirs gets out.
 */
export class LabNetwork {
  readonly #switch: string;
  readonly hosts: readonly LabHost[];

  constructor(prefix: string, hostCount: number) {
    this.#switch = `${prefix}-sw`;
    this.hosts = Array.from({ length: hostCount }, (_, index) => ({
      name: `h${index + 1}`,
      namespace: `${prefix}-h${index + 1}`,
      address: `198.18.10.${index + 1}`,
      cable: `v${index + 1}`,
    }));
  }

  /** Where somebody outside of the machines stands: it reaches all of them, at SWITCH_ADDRESS. */
  get switchNamespace(): string {
    return this.#switch;
  }

  /** Names of all namespaces, for whoever cleans up. */
  get namespaces(): readonly string[] {
    return [this.#switch, ...this.hosts.map(({ namespace }) => namespace)];
  }

  async build(): Promise<void> {
    await command(['ip', 'netns', 'add', this.#switch]);
    await this.#onSwitch('link', 'add', 'br0', 'type', 'bridge');
    await this.#onSwitch('addr', 'add', `${SWITCH_ADDRESS}/24`, 'dev', 'br0');
    await this.#onSwitch('link', 'set', 'br0', 'up');
    await this.#onSwitch('link', 'set', 'lo', 'up');
    for (const { namespace, address, cable } of this.hosts) {
      await command(['ip', 'netns', 'add', namespace]);
      await this.#onSwitch('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await this.#onSwitch('link', 'set', cable, 'master', 'br0', 'up');
      const onHost = (...words: string[]): Promise<string> => command(['ip', '-n', namespace, ...words]);
      await onHost('addr', 'add', `${address}/24`, 'dev', 'eth0');
      await onHost('link', 'set', 'eth0', 'up');
      await onHost('link', 'set', 'lo', 'up');
      // An engine looks for a default route to choose its address by; nothing answers behind it.
      await onHost('route', 'add', 'default', 'via', SWITCH_ADDRESS);
    }
  }

  /** Pulls the cable of a host. */
  async cut(host: LabHost): Promise<void> {
    await this.#onSwitch('link', 'set', host.cable, 'down');
  }

  async heal(host: LabHost): Promise<void> {
    await this.#onSwitch('link', 'set', host.cable, 'up');
  }

  /** Limits what a host sends and receives. @param megabitsPerSecond Undefined: no limit any more. */
  async slow(host: LabHost, megabitsPerSecond: number | undefined): Promise<void> {
    for (const [namespace, device] of [[host.namespace, 'eth0'] as const, [this.#switch, host.cable] as const]) {
      const qdisc = (...words: string[]): string[] => ['tc', '-n', namespace, 'qdisc', ...words];
      await attempt(qdisc('del', 'dev', device, 'root'));
      if (megabitsPerSecond === undefined) continue;
      const rate = ['rate', `${megabitsPerSecond}mbit`, 'burst', '128kb', 'latency', '100ms'];
      await command(qdisc('add', 'dev', device, 'root', 'tbf', ...rate));
    }
  }

  async remove(): Promise<void> {
    for (const name of this.namespaces) await attempt(['ip', 'netns', 'del', name]);
  }

  #onSwitch(...words: string[]): Promise<string> {
    return command(['ip', '-n', this.#switch, ...words]);
  }
}
