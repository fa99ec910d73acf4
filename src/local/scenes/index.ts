import { BODY_SCENES } from "./bodies.ts";
import { CHAT_SCENES } from "./chat.ts";
import { DATA_SCENES } from "./data.ts";
import { DIALECT_SCENES } from "./dialects.ts";
import { IDENTITY_SCENES } from "./identity.ts";
import { MODEL_SCENES } from "./models.ts";
import { SHARE_SCENES } from "./shares.ts";
import type { Scene } from "./stage.ts";

/** The tour, in the order in which it is played. The last one spends a budget that no other scene uses. */
export const SCENES: readonly Scene[] = [
  ...CHAT_SCENES,
  ...MODEL_SCENES,
  ...DIALECT_SCENES,
  ...IDENTITY_SCENES,
  ...BODY_SCENES,
  ...DATA_SCENES,
  ...SHARE_SCENES,
];
