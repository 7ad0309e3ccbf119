import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { DIES_WITH_US } from './reaper.js';

/** A machine of the benchmark: a network namespace, or an address of the loopback network. */
export interface Host {
  readonly address: string;
  /** Words before a command that make it run there, and end when this process does. */
  readonly launcher: readonly string[];
}

export interface Network {
  readonly kind: 'namespaces' | 'loopback';
  readonly tracker: Host;
  readonly provider: Host;
  readonly downloaders: readonly Host[];
  /** Where processes on the hosts reach this one. */
  readonly observerAddress: string;
}

/** Everything a network will consist of, named before any of it exists, so that a reaper can be told first. */
export interface NetworkPlan {
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  build(): Network;
}

const OBSERVER = 254;

/** @returns Namespaces when this process may make them (root with `ip`), else addresses of loopback. */
export function planNetwork(downloaderCount: number): NetworkPlan {
  const hostCount = downloaderCount + 2;
  if (hostCount >= OBSERVER) throw new RangeError(`${downloaderCount} downloaders do not fit into one /24`);
  const canMakeNamespaces = process.getuid?.() === 0 && succeeds('ip', ['netns', 'list']);
  return canMakeNamespaces ? planNamespaces(hostCount) : planLoopback(hostCount);
}

function planLoopback(hostCount: number): NetworkPlan {
  const hosts = range(hostCount).map((index) => ({ address: `127.0.0.${index + 2}`, launcher: DIES_WITH_US }));
  return { namespaces: [], links: [], build: () => networkOf('loopback', hosts, '127.0.0.1') };
}

/**
 * One namespace for each host and one with the bridge between them; a leg of the bridge ends in the namespace of this
 * process, for control. The bridge is in none of the measured namespaces and not in ours, whose firewall rules (Docker's)
 * would see every frame.
 */
function planNamespaces(hostCount: number): NetworkPlan {
  const prefix = `pd${process.pid}`;
  const bridge = `${prefix}-sw`;
  const names = range(hostCount).map((index) => `${prefix}-${index}`);
  const build = (): Network => {
    const network = freeNetwork();
    const ip = (...words: string[]): string => run('ip', words);
    ip('netns', 'add', bridge);
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', bridge, 'link', 'set', 'br0', 'up');
    succeeds('ip', ['netns', 'exec', bridge, 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0']);
    const join = (leg: string): string => ip('-n', bridge, 'link', 'set', leg, 'master', 'br0', 'up');
    const hosts = names.map((name, index): Host => {
      const address = `${network}.${index + 1}`;
      ip('netns', 'add', name);
      ip('-n', bridge, 'link', 'add', `v${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      join(`v${index}`);
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      return { address, launcher: [...DIES_WITH_US, 'ip', 'netns', 'exec', name] };
    });
    ip('link', 'add', prefix, 'type', 'veth', 'peer', 'name', 'observer', 'netns', bridge);
    join('observer');
    ip('addr', 'add', `${network}.${OBSERVER}/24`, 'dev', prefix);
    ip('link', 'set', prefix, 'up');
    return networkOf('namespaces', hosts, `${network}.${OBSERVER}`);
  };
  return { namespaces: [bridge, ...names], links: [prefix], build };
}

function networkOf(kind: Network['kind'], hosts: readonly Host[], observerAddress: string): Network {
  const [tracker, provider, ...downloaders] = hosts as [Host, Host, ...Host[]];
  return { kind, tracker, provider, downloaders, observerAddress };
}

/** Three numbers of a /24 of the benchmarking range (RFC 2544) that this machine has no route into. */
function freeNetwork(): string {
  const routes = run('ip', ['-4', 'route', 'show', 'table', 'all']);
  for (;;) {
    const network = `198.18.${randomInt(64, 128)}`;
    if (!routes.includes(`${network}.`)) return network;
  }
}

function succeeds(command: string, words: readonly string[]): boolean {
  try {
    run(command, words, 'ignore');
    return true;
  } catch {
    return false; // The answer is all the caller wants: not there, or not allowed.
  }
}

/** @returns What it wrote. @throws when it fails */
function run(command: string, words: readonly string[], stderr: 'inherit' | 'ignore' = 'inherit'): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', stderr] });
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
