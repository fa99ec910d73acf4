export type BundleErrorOptions = ErrorOptions & {
  /** Status of the HTTP answer that is at fault, for the status API. */
  readonly httpStatus?: number;
  /** Several faults at once, such as OPA's compile errors: the message says that there are some, these say which. */
  readonly details?: readonly string[];
};

/** A bundle that cannot be used. The message names the fault; who loads it adds the bundle's name. */
export class BundleError extends Error {
  override readonly name = "BundleError";
  readonly httpStatus: number | undefined;
  readonly details: readonly string[];

  constructor(message: string, { httpStatus, details = [], ...options }: BundleErrorOptions = {}) {
    super(message, options);
    this.httpStatus = httpStatus;
    this.details = details;
  }
}
