/** Exit statuses of every command. */
export const EXIT = {
  ok: 0,
  /** Wrong usage, or Regent itself failed. */
  failed: 1,
  /** The command did its work and found warnings. */
  warnings: 2,
  /** The command did its work and found errors. */
  errors: 3,
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/**
 * What a command throws to end with a sentence on stderr and a status other than 0. An empty message prints nothing:
 * the command has said it already.
 */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly status: ExitStatus;

  constructor(message: string, status: ExitStatus = EXIT.failed, options: { cause?: unknown } = {}) {
    super(message, options);
    this.status = status;
  }
}
