import type { SlotView } from '@panal/wire';
import { counted, formatDuration } from '../quantity.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { TrackerReport } from '../trackers/tracker-console.js';

const NONE = '-';

/** One line for each tracker, and what is wrong with the whole, in the manner of nodetool. */
export function statusLines(terminal: Terminal, reports: readonly TrackerReport[]): string[] {
  const rows = reports.map(({ member, status, failure }) => {
    const state = failure === undefined && status !== undefined ? stateOf(status.whyNotReady, member.phase) : 'away';
    const cordon = member.isCordoned === true ? ', cordoned' : '';
    const slots = status?.slots;
    return [
      terminal.style(state === 'ready' && cordon === '' ? 'green' : 'yellow', `${state}${cordon}`),
      member.name,
      `${member.rpc.host}:${member.rpc.port}`,
      member.zone === '' ? NONE : member.zone,
      slots === undefined ? NONE : `${slots.synced}/${slots.owned + slots.pending}`,
      status === undefined ? NONE : String(status.recordCount),
      slots === undefined ? NONE : String(slots.surplus),
      status === undefined ? NONE : String(status.pendingTransfers),
      status === undefined ? NONE : formatDuration(status.uptimeMs),
    ];
  });
  const head = ['STATE', 'NAME', 'ADDRESS', 'ZONE', 'IN SYNC', 'RECORDS', 'FOR OTHERS', 'TRANSFERS', 'UP'];
  return [...tableLines([head, ...rows]), '', ...summaryLines(reports)];
}

function summaryLines(reports: readonly TrackerReport[]): string[] {
  const answers = reports.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const away = reports.filter(({ status }) => status === undefined).map(({ member }) => member.name);
  const gone = new Set(
    answers.flatMap(({ members }) => members.filter(({ health }) => health === 'dead').map(({ name }) => name)),
  );
  for (const { member, status } of reports) if (status !== undefined) gone.delete(member.name);
  const coordinators = new Set(
    answers.flatMap(({ members }) => members.filter((one) => one.isCoordinator)).map(({ name }) => name),
  );
  const under = Math.max(0, ...answers.map(({ slots }) => slots.underReplicated));
  return [
    `${counted(answers.length, 'tracker')} of ${reports.length} answer${answers.length === 1 ? 's' : ''}.`,
    ...(coordinators.size > 0 ? [`Coordinator: ${[...coordinators].join(', ')}.`] : []),
    ...(away.length > 0 ? [`Does not answer: ${away.join(', ')}.`] : []),
    ...(gone.size > 0
      ? [`Dead: ${[...gone].sort().join(', ')}. Its records are copied to the others by themselves.`]
      : []),
    ...versionLines(reports),
    ...(under > 0
      ? [
          `${counted(under, 'slot')} of a tracker have fewer than three owners: start more trackers to have three copies.`,
        ]
      : []),
    ...answers.flatMap(({ name, diskTrouble }) => (diskTrouble === null ? [] : [`${name}: ${diskTrouble}`])),
    ...answers.flatMap(({ name, whyNotReady }) => (whyNotReady === null ? [] : [`${name}: ${whyNotReady}`])),
  ];
}

/** While not all speak the same version: who speaks which. Trackers of version 2 do not say. */
function versionLines(reports: readonly TrackerReport[]): string[] {
  const versions = reports.flatMap(({ member, status }) => {
    const self = status?.members.find(({ isSelf }) => isSelf);
    return self === undefined ? [] : [{ name: member.name, version: String(self.protocol ?? 'an earlier one') }];
  });
  if (new Set(versions.map(({ version }) => version)).size < 2) return [];
  const list = versions.map(({ name, version }) => `${name} ${version}`).join(', ');
  return [`Versions of the protocol: ${list}. What is newer is not used until all have it.`];
}

/** Slots one by one: who owns them, and what the tracker that was asked holds of them. */
export function slotLines(slots: readonly SlotView[]): string[] {
  const rows = slots.map(({ slot, owners, recordCount, isAuthoritative }) => [
    String(slot),
    owners.join(' '),
    String(recordCount),
    isAuthoritative ? 'yes' : 'no',
  ]);
  return tableLines([['SLOT', 'OWNERS', 'RECORDS HERE', 'COMPLETE HERE'], ...rows]);
}

function stateOf(whyNotReady: string | null, phase: string): string {
  if (whyNotReady === null) return 'ready';
  return phase === 'active' ? 'syncing' : phase;
}
