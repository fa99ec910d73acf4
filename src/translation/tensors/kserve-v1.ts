import { isJsonObject } from "../../exchange/json.ts";
import { instancesOf } from "../../formats/kserve-v1/request.ts";
import { nestedDialect } from "./nested.ts";

/** KServe's first protocol: rows only, in `instances` or, as Vertex AI calls them, `inputs`. */
export const kserveV1Tensors = nestedDialect({
  name: "kserve-v1",
  nonfinite: "refused",
  hasVersions: false,
  hasSignatures: false,
  requestKeys: { row: "instances", columnar: undefined },
  replyKeys: { row: "predictions", columnar: undefined },
  findTensors(body) {
    const isColumnar = isJsonObject(instancesOf(body));
    const key = (body.instances ?? undefined) === undefined ? "inputs" : "instances";
    return { key, layout: isColumnar ? "columnar" : "row" };
  },
});
