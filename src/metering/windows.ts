import type { Limit } from "../exchange/budget.ts";

/**
 * Budgets counted at one time: a window of a key is some 200 bytes, so at most about 20 MB. Keys come from policy, one
 * a tenant as a rule. At the cap nothing new is counted, and so nothing new is let through.
 */
export const WINDOWS_MAX = 100_000;

/** One key in one window. Whoever reserved from it keeps it, so that it is settled there even after it has ended. */
export type Window = {
  readonly key: string;
  readonly unit: Limit["unit"];
  readonly windowMs: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly endsMs: number;
  /** As policy gave it last. */
  limit: number;
  used: number;
  reserved: number;
};

export type Windows = {
  /** The window of a limit that `now` falls into; undefined when no more can be counted, or the limit has no window. */
  at(limit: Limit, now: number): Window | undefined;
  /** The windows that last of an owner's keys. The owner of a key is what stands before its second colon. */
  ofOwner(owner: string, now: number): readonly Window[];
};

/** Fixed windows, aligned to the epoch. The number of the window is part of its name, so a new one begins at zero. */
export function createWindows(): Windows {
  const byId = new Map<string, Window>();
  const byOwner = new Map<string, Set<Window>>();
  let firstEndMs = Number.POSITIVE_INFINITY;

  const forgetEnded = (now: number): void => {
    if (now < firstEndMs) return;
    firstEndMs = Number.POSITIVE_INFINITY;
    for (const [id, window] of byId) {
      if (window.endsMs > now) {
        firstEndMs = Math.min(firstEndMs, window.endsMs);
        continue;
      }
      byId.delete(id);
      const owner = ownerOf(window.key);
      const owned = byOwner.get(owner);
      owned?.delete(window);
      if (owned?.size === 0) byOwner.delete(owner);
    }
  };

  return {
    at({ key, unit, windowMs, amount }, now) {
      forgetEnded(now);
      const number = Math.floor(now / windowMs);
      const endsMs = (number + 1) * windowMs;
      if (!(windowMs >= 1) || !Number.isSafeInteger(endsMs)) return undefined;
      const id = `${unit} ${windowMs} ${number} ${key}`;
      const known = byId.get(id);
      if (known !== undefined) return known;
      if (byId.size >= WINDOWS_MAX) return undefined;
      const window: Window = { key, unit, windowMs, endsMs, limit: amount, used: 0, reserved: 0 };
      byId.set(id, window);
      firstEndMs = Math.min(firstEndMs, endsMs);
      const owner = ownerOf(key);
      const owned = byOwner.get(owner);
      if (owned === undefined) byOwner.set(owner, new Set([window]));
      else owned.add(window);
      return window;
    },

    ofOwner(owner, now) {
      forgetEnded(now);
      return [...(byOwner.get(owner) ?? [])].filter(({ endsMs, windowMs }) => endsMs - windowMs <= now);
    },
  };
}

function ownerOf(key: string): string {
  return key.split(":", 2).join(":");
}
