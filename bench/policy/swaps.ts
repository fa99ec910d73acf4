/** A thousand bundle swaps at load, one in ten bad. */
import { swapBundles } from "../../test/support/bundle-swaps.ts";
import { report } from "./measure.ts";

const SWAPS = 1_000;

const { refused, evaluations, failed, mixed, instancesMax } = await swapBundles(SWAPS);
report(
  refused === SWAPS / 10 && failed === 0 && mixed === 0 && evaluations > SWAPS,
  `${SWAPS} bundle swaps at load, ${refused} refused as bad: ${failed} failed and ${mixed} mixed of ${evaluations} evaluations; ${instancesMax} instances at most`,
);
