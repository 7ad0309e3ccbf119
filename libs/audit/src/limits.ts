/** Events waiting for a sink: a minute of a busy server at 1 KiB each is 1 MiB. */
export const QUEUE_MAX = 1_024;

/** Events given to a sink at once: one write to a disk or a network. */
export const BATCH_MAX = 64;

/** A sink that failed is asked again after so long. */
export const RETRY_MS = 1_000;

/** Fields of one event: it says what was done to what, it is no place for a document. */
export const FIELDS_MAX = 16;

/** Characters of one field: a path, a name, a hash. */
export const FIELD_TEXT_SIZE_MAX = 512;
