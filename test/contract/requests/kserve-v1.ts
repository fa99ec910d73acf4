/** Both members of the protocol, with rows of every form, and what models are given besides. */
export const kserveV1Request = {
  instances: [
    { item_id: "0", timestamp: "2020-01-01", target: 100.5, image: { b64: "aGk=" } },
    ["ragged", [1, ["deep"]]],
    "text",
    7,
  ],
  inputs: { a: ["b"], c: [[1, 2], [3]] },
  parameters: { content_type: "pd", setting: "s" },
};
