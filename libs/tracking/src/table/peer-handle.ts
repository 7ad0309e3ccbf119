/** A peer of the table, as those outside hold it: one object as long as its row lives, in the first HEX_IDS_MAX rows. */
export class PeerHandle {
  /** What the outside knows of the peer, kept here so as not to be looked up each time. The table never reads it. */
  note: object | undefined;

  /** @param id Peer id in hex. */
  constructor(readonly id: string) {}
}
