/** Every member of the inference request of the Open Inference Protocol, and of Triton's and MLServer's extensions in JSON. */
export const kserveV2Request = {
  id: "42",
  model_name: "some-model",
  parameters: {
    binary_data_output: false,
    sequence_id: "s",
    sequence_start: true,
    sequence_end: false,
    priority: 1,
    timeout: 1000,
    content_type: "pd",
    headers: { "x-trace": "t" },
    my_setting: "v",
  },
  inputs: [
    {
      name: "prompt",
      shape: [2, 2],
      datatype: "BYTES",
      parameters: { content_type: "str", note: "n" },
      data: [
        ["a", "b"],
        ["c", "d"],
      ],
    },
    { name: "flat", shape: [3], datatype: "BYTES", data: ["e", "f", "g"] },
    {
      name: "encoded",
      shape: [1],
      datatype: "BYTES",
      parameters: { content_type: "base64" },
      data: ["aGk="],
    },
    { name: "open", shape: -1, datatype: "BYTES", data: "h" },
    { name: "scalar", shape: [], datatype: "FP32", data: [0.5] },
    { name: "flags", shape: [2], datatype: "BOOL", data: [true, false] },
    { name: "ids", shape: [1, 2], datatype: "INT64", data: [[1, 2]] },
    { name: "max_tokens", shape: [1, 1], datatype: "INT32", data: [[20]] },
    {
      name: "elsewhere",
      shape: [4],
      datatype: "FP32",
      parameters: { shared_memory_region: "r", shared_memory_offset: 0, shared_memory_byte_size: 16 },
    },
    { name: "more", shape: [1], datatype: "UINT8", data: [1], another_member: { deep: [["z"]] } },
  ],
  outputs: [
    { name: "output0", parameters: { classification: 3, binary_data: false } },
    { name: "output1", parameters: { shared_memory_region: "r", shared_memory_byte_size: 4 } },
  ],
  another_member: { deep: [[{ deeper: "d" }]] },
};
