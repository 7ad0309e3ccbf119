/** Uploads served at once: enough to keep a disk and several sockets busy, few enough that each finishes soon. */
export const UPLOAD_LANES = 8;
/** Uploads waiting or served, in all. A request is small; this bounds the wait of the last one, not memory. */
export const UPLOADS_MAX = 4096;
/** Uploads of one connection: twice what a downloader keeps in flight with one source (SOURCE_BLOCKS_MAX). */
export const UPLOADS_PER_CONNECTION_MAX = 1024;
