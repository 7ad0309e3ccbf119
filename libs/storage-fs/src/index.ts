export { type ScannedContent, type ScannedFile, scanContent } from './content-scan.js';
export {
  type ContentVerification,
  type FileVerification,
  type VerifyOptions,
  verifyContent,
} from './content-verification.js';
export { DataFolder } from './data-folder.js';
export {
  ClusterKeyExistsError,
  ClusterKeyMissingError,
  ClusterKeyUnreadableError,
  DataFileInvalidError,
  DataFolderLockedError,
  DataFolderNewerError,
  DataFolderUnusableError,
  KeyFileExposedError,
} from './data-folder-errors.js';
export {
  ContentChangedError,
  ContentMissingError,
  ContentUnreadableError,
  ContentUnsuitableError,
  type EntryProblem,
  StagingLockedError,
  StagingUnsafeError,
  StoreClosedError,
  SyncFailedError,
  systemCodeOf,
  TargetExistsError,
  TargetNameError,
  TargetUnwritableError,
} from './errors.js';
export {
  discardStaging,
  distrustTarget,
  FileChunkStore,
  type FileChunkStoreOptions,
  isTargetPlaced,
  type OpenedChunkStore,
} from './file-chunk-store.js';
export type { FileStamp } from './file-stamp.js';
export type { FileState } from './file-states.js';
export { HashWorker } from './hash-worker.js';
export { createKeyFile, readClusterKeyFile, readKeyFile, replaceKeyFile } from './key-file.js';
export type { ResumeNote } from './resume.js';
export { type ContentProgress, type HashedContent, type ShareOptions, shareContent } from './share-content.js';
export { SharedContent, type SharedContentOptions } from './shared-content.js';
export { STAGING_PARENT_NAME } from './staging-names.js';
export { type TargetState, verifyTarget } from './target-verification.js';
