import { base64, encodeMessage, framed } from "../../support/infer-proto.ts";

/** Every member of a `ModelInferRequest`, in the JSON form of protobuf. */
export const inferRequest = {
  modelName: "some-model",
  modelVersion: "1",
  id: "42",
  parameters: {
    sequence_id: { uint64Param: "18446744073709551615" },
    sequence_start: { boolParam: true },
    priority: { int64Param: "1" },
    share: { doubleParam: 0.5 },
    my_setting: { stringParam: "v" },
  },
  inputs: [
    {
      name: "prompt",
      datatype: "BYTES",
      shape: ["2", "1"],
      parameters: { content_type: { stringParam: "str" }, note: { stringParam: "n" } },
      contents: { bytesContents: [base64("a"), base64("b")] },
    },
    { name: "flags", datatype: "BOOL", shape: ["2"], contents: { boolContents: [true, false] } },
    { name: "small", datatype: "INT8", shape: ["2"], contents: { intContents: [-128, 127] } },
    { name: "large", datatype: "INT64", shape: ["1"], contents: { int64Contents: ["-9223372036854775808"] } },
    { name: "plain", datatype: "UINT16", shape: ["1"], contents: { uintContents: [65535] } },
    {
      name: "huge",
      datatype: "UINT64",
      shape: ["1"],
      contents: { uint64Contents: ["18446744073709551615"] },
    },
    { name: "single", datatype: "FP32", shape: [], contents: { fp32Contents: [0.5] } },
    { name: "double", datatype: "FP64", shape: ["1"], contents: { fp64Contents: [0.1] } },
    {
      name: "elsewhere",
      datatype: "FP32",
      shape: ["4"],
      parameters: {
        shared_memory_region: { stringParam: "r" },
        shared_memory_byte_size: { int64Param: "16" },
      },
    },
  ],
  outputs: [
    { name: "output0", parameters: { classification: { int64Param: "3" } } },
    { name: "output1", parameters: { shared_memory_region: { stringParam: "r" } } },
  ],
};

export const kserveV2GrpcRequest = framed(encodeMessage("request", inferRequest));
