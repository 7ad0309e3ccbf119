import { formatDuration } from '../quantity.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { Cluster } from './cluster.js';
import type { SupervisionEvents } from './supervised-server.js';

type Death = Parameters<SupervisionEvents['onDied']>[1];

/** Who runs, where, and where its log is. */
export function clusterTable(
  terminal: Terminal,
  {
    folder,
    clusterName,
    cluster,
  }: { readonly folder: string; readonly clusterName: string; readonly cluster: Cluster },
): string[] {
  const servers = [...cluster.trackers, ...cluster.peers];
  const rows = servers.map(({ name, address, url, pid, logFile }) => [name, address, url, String(pid), logFile]);
  const [header = '', ...lines] = tableLines([['WHO', 'ADDRESS', 'WEB', 'PID', 'LOG'], ...rows]).map(
    (line) => `  ${line}`,
  );
  return [
    terminal.style('green', `Cluster "${clusterName}" is up.`) + ` Its data is in ${folder}`,
    '',
    terminal.style('bold', header),
    ...lines,
    '',
  ];
}

/** What a user does next, as commands to paste. */
export function nextSteps(
  terminal: Terminal,
  command: string,
  hint: string,
  { demo, share }: { readonly demo?: boolean; readonly share?: string },
): string[] {
  const isSampleThere = demo === true && share === undefined;
  const steps = [
    [`${command} share PATH --name NAME${hint}`, 'share something of yours (at p1)'],
    [`${command} get ${isSampleThere ? 'sample:v1' : 'NAME'} --to DIR${hint}`, 'fetch it (by p2) into a directory'],
    [`${command} ls${hint}`, 'what the cluster has'],
    [`${command} status --watch${hint}`, 'what the peers do'],
    [`${command} down${hint}`, 'stop it all (or Ctrl-C here)'],
  ];
  const lines = tableLines(steps.map(([step = '', what = '']) => [`  ${terminal.style('bold', step)}`, what]));
  return ['Next, in another terminal:', ...lines, ''];
}

export function deathLines(name: string, { how, logTail, restartInMs }: Death): string[] {
  const next =
    restartInMs === undefined
      ? 'It died too often and stays down.'
      : `It is started again in ${formatDuration(restartInMs)}.`;
  return [`${name} ended by itself: ${how.replace(/\.$/, '')}. ${next}`, ...logTail.map((line) => `  | ${line}`)];
}
