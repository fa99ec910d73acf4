export {
  JSON_CONTAINERS_MAX,
  JSON_DEPTH_MAX,
  JSON_LIMITS,
  JSON_MEMBER_SQUARES_MAX,
  JSON_NUMBER_DIGITS_MAX,
  JSON_VALUES_MAX,
  JsonDocument,
  type JsonNumber,
  type JsonResult,
  readJson,
  type Span,
} from "./document.ts";
export { editJson, type JsonEdit } from "./edit.ts";
export { type JsonFault, renderJsonFault } from "./fault.ts";
export { applyPatch, PATCH_OPERATIONS_MAX } from "./patch.ts";
export { keyPointer, pointerToken } from "./pointer.ts";
export { scanStructure } from "./scan.ts";
export { JSON_COPIED_ITEMS_MAX, JSON_EDITED_BYTES_MAX, JsonEditError } from "./tree.ts";
