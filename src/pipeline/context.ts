import type { Detection, Format, StreamFraming } from "../formats/index.ts";
import type { Account } from "./account.ts";
import type { PipelineOptions, Rooms } from "./rooms.ts";

/** What one exchange is governed with. */
export type Context = {
  readonly rooms: Rooms;
  readonly options: PipelineOptions;
  readonly account: Account;
  /** What the endpoint is, by method and path. */
  readonly detection: Detection;
  /** Who words refusals: the format of the endpoint, or the one for any JSON client. */
  readonly dialect: Pick<Format, "refuse" | "refuseInStream" | "refuseInTrailers" | "models">;
  /**
   * Of a request in a stream of them that are judged one by one: how many came before it. Undefined: the body is judged
   * whole.
   */
  readonly before?: number;
  /** How the answer is framed, once it is known to be a stream. */
  framing?: StreamFraming;
};
