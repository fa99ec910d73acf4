import type { Account } from "./account.ts";
import type { Rooms } from "./rooms.ts";

type Timing = { readonly account: Account; readonly rooms: Pick<Rooms, "clock"> };

/** Runs one room's part of an exchange and adds its time to the account, also when it throws. */
export function timed<T>({ account, rooms }: Timing, room: string, part: () => T): T {
  const startedMs = rooms.clock.monotonicMs();
  try {
    return part();
  } finally {
    account.roomsMs[room] = (account.roomsMs[room] ?? 0) + rooms.clock.monotonicMs() - startedMs;
  }
}

/** {@link timed} for a part that waits. */
export async function timedAsync<T>(
  { account, rooms }: Timing,
  room: string,
  part: () => Promise<T>,
): Promise<T> {
  const startedMs = rooms.clock.monotonicMs();
  try {
    return await part();
  } finally {
    account.roomsMs[room] = (account.roomsMs[room] ?? 0) + rooms.clock.monotonicMs() - startedMs;
  }
}
