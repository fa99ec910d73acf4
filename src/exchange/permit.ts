import type { Decision } from "./decision.ts";

declare const permitted: unique symbol;

/** A decision that allows. Whatever lets a request pass takes one, so that it cannot be reached without one. */
export type Permit = { readonly decision: Decision; readonly [permitted]: true };

/** The one line on which a denial becomes an allow. Undefined unless policy said `allow: true` in so many words. */
export function permit(decision: Decision): Permit | undefined {
  return decision.allow === true ? ({ decision } as Permit) : undefined;
}
