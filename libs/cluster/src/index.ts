export type { Member, MemberHealth, MemberPhase, MemberProfile } from './membership/member.js';
export type { ClusterView } from './membership/view.js';
export { EVERYWHERE, SLOT_COUNT, slotOf } from './placement/slot.js';
