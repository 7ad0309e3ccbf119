export type { ChunkLayout } from './chunk-layout.js';
export { chunkSchedulerCases } from './chunk-scheduler.compliance.js';
export type {
  ChunkScheduler,
  ChunkSchedulerContext,
  ChunkSchedulerFactory,
  ChunkSchedulerName,
} from './chunk-scheduler.js';
export { CHUNK_SCHEDULERS } from './chunk-schedulers.js';
export type { ChunkStore } from './chunk-store.js';
export { type ChunkStoreHarness, chunkStoreSuite } from './chunk-store.suite.js';
export { DownloadEngine, type DownloadEngineOptions } from './download-engine.js';
export type { DownloadListener, DownloadPorts, DownloadRunOptions } from './download-options.js';
export { DownloadRun } from './download-run.js';
export type { DownloadSnapshot, DownloadState, SourceSnapshot, SourceState } from './download-snapshot.js';
export type { EngineEffect, EngineEvent } from './engine-events.js';
export {
  DiskError,
  DiskFullError,
  NoSourceError,
  PermissionDeniedError,
  RereadError,
  SourcesAvoidedError,
  TargetReadOnlyError,
} from './errors.js';
export { SELECTOR_INTERVAL_MS_MAX, SELECTOR_INTERVAL_MS_MIN } from './limits.js';
export { MeasuredSelector } from './measured-selector.js';
export { MemoryChunkStore, type StoreOperation } from './memory-chunk-store.js';
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
export { sourceSelectorCases } from './source-selector.compliance.js';
export type { SourceSelector, SourceStanding } from './source-selector.js';
export { type UploadAdmission, UploadQueue, type UploadQueueOptions, type UploadRequest } from './upload-queue.js';
