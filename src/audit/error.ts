/** Why a log cannot be opened, written or read: a sentence for the operator. */
export class AuditError extends Error {
  override readonly name: string = "AuditError";
}

/** Another process has the folder. */
export class LockedError extends AuditError {
  override readonly name = "LockedError";
}

/** The disk did not confirm what was written: nothing that was said about the file since is known to be true. */
export class SyncError extends AuditError {
  override readonly name = "SyncError";
}
