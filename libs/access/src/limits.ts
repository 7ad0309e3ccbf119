import { REVOKED_KEYS_MAX } from '@panal/wire';

// Limits of keys and tickets, with the reason for each.

/** How long a ticket is good for: a key that is revoked while no tracker can be reached is good for so long at most. */
export const TICKET_LIFE_MS = 10 * 60_000;

/** How far the clocks of a tracker and of a peer may be apart; trackers among themselves are held to 10 s. */
export const TICKET_SKEW_MS = 30_000;

/**
 * Revocations remembered by peers and told to them: those within the last ticket life, the newest first. Older tickets are
 * over. Were more keys revoked at once, the oldest of them could be used with other peers until their tickets end.
 */
export const REVOCATIONS_MAX = REVOKED_KEYS_MAX;

/** Keys of one kind valid at once: the one in use, and the one before or after it. */
export const KEYS_AT_ONCE_MAX = 2;
