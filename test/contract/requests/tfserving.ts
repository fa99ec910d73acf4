/** Every member of the REST API: of a prediction, and the examples and context of a classification or regression. */
export const tfservingRequest = {
  signature_name: "predict_v2",
  instances: [
    { tag: "foo", image: { b64: "aGk=" }, sensor: [[1, 2], ["t"]], flag: true },
    { tag: "bar", image: { b64: "aGk=", other: "o" }, sensor: [], nothing: null },
    ["mixed", [["deep"]]],
    "text",
    5,
  ],
  examples: [{ feature: "v", list: ["w", 1.5], bytes: { b64: "aGk=" } }],
  context: { shared: "s", numbers: [1, 2, 3] },
  another: { deep: ["d", { deeper: "e" }] },
};
