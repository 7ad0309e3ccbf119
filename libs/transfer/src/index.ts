export type {
  ChunkScheduler,
  ChunkSchedulerContext,
  ChunkSchedulerFactory,
  ChunkSchedulerName,
} from './chunk-scheduler.js';
export type { ChunkStore } from './chunk-store.js';
export { type DownloadListener, type DownloadPorts, DownloadRun, type DownloadRunOptions } from './download-run.js';
export type { DownloadSnapshot, DownloadState, SourceSnapshot, SourceState } from './download-snapshot.js';
export {
  type BlockRequest,
  type DialedSource,
  REFUSED_BUSY,
  REFUSED_CHUNK_MISSING,
  type ReceivedBlock,
  type SourceAddress,
  type SourceDialer,
  type SourceLink,
  type SourceLinkEvents,
} from './source-link.js';
export type { SourceSelector, SourceStanding } from './source-selector.js';
export { type UploadAdmission, UploadQueue, type UploadQueueOptions, type UploadRequest } from './upload-queue.js';
