import { setTimeout as wait } from "node:timers/promises";
import { type Child, quoteLog } from "./child.ts";

/** Between two looks at something that gives no event. */
const LOOK_AGAIN_MS = 40;

/**
 * Waits until a started process is ready.
 *
 * @param look gives a value once it is ready, undefined while it is not; what it throws counts as not ready.
 * @throws Error that quotes the process's own log when it ends first or is not ready within `limitMs`.
 */
export async function untilReady<T>(
  child: Child,
  limitMs: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  let ending: string | undefined;
  child.ended.then((how) => {
    ending = how;
  });
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const found = await tryLook(look);
    if (found !== undefined) return found;
    if (ending !== undefined)
      throw new Error(`${child.name} ended with ${ending}. It said:\n${quoteLog(child)}`);
    await wait(LOOK_AGAIN_MS);
  }
  throw new Error(`${child.name} was not ready within ${limitMs / 1000} s. It said:\n${quoteLog(child)}`);
}

async function tryLook<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look();
  } catch {
    return undefined;
  }
}
