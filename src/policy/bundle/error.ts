/** A bundle that cannot be used. The message names the fault; who loads it adds the bundle's name. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}
