import { type Rollout, RolloutError } from "./rollout.ts";

type Asked = { readonly by: string; readonly reason: string; readonly force: boolean };

/** The changes of a rollout by the path that they are asked for at. What cannot be done gives a sentence why. */
export function rolloutChanges(rollout: Rollout) {
  return {
    "/v1/rollout/promote": ({ by, force }: Asked) => faultOf(() => rollout.promote(by, force)),
    "/v1/rollout/approve": ({ by }: Asked) => faultOf(() => rollout.approve(by)),
    "/v1/rollout/rollback": ({ by, reason }: Asked) =>
      faultOf(() => rollout.rollback(by, reason === "" ? "asked for" : reason)),
  };
}

function faultOf(change: () => void): string | undefined {
  try {
    change();
    return undefined;
  } catch (error) {
    if (error instanceof RolloutError) return error.message;
    throw error;
  }
}
