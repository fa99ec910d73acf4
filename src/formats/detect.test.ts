import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { detect, dialectOf } from "./index.ts";

function kindOf(method: string, pathname: string): string {
  return detection(method, pathname).kind;
}

function detection(method: string, pathname: string) {
  const head = {
    method,
    pathname,
    path: pathname,
    query: undefined,
    scheme: "http",
    host: "models.example",
    headers: new Map(),
    clientRequestId: undefined,
  };
  return detect(head);
}

test("a POST to the exact path of a dialect is an inference", () => {
  const found = detection("POST", "/v1/chat/completions");
  assert.ok(found.kind === "inference");
  assert.equal(found.format.name, "openai-chat");
  assert.equal(found.endpoint.operation, "chat");
});

for (const [path, format, operation] of [
  ["/v1/completions", "openai-completions", "text_completion"],
  ["/v1/embeddings", "openai-embeddings", "embeddings"],
  ["/v1/responses", "openai-responses", "chat"],
] as const) {
  test(`a POST to ${path} is ${operation}, and no other method or spelling is`, () => {
    const found = detection("POST", path);
    assert.ok(found.kind === "inference");
    assert.deepEqual([found.format.name, found.endpoint.operation], [format, operation]);
    for (const method of ["GET", "DELETE", "PUT"]) assert.equal(kindOf(method, path), "unknown");
    for (const spelt of [`/${path}`, `${path}/`, path.toUpperCase(), `${path};x`, `/x/..${path}`]) {
      assert.equal(kindOf("POST", spelt), "ambiguous", spelt);
    }
  });
}

test("a GET of the models path is the list or one of it", () => {
  assert.deepEqual(detection("GET", "/v1/models"), { kind: "models", model: undefined });
  assert.deepEqual(detection("GET", "/v1/models/sim-small"), { kind: "models", model: "sim-small" });
  assert.deepEqual(detection("GET", "/v1/models/Org/Model-1.5:tag"), {
    kind: "models",
    model: "Org/Model-1.5:tag",
  });
  assert.deepEqual(detection("GET", "/v1/models/Org%2FModel"), { kind: "models", model: "Org/Model" });
});

for (const method of ["GET", "HEAD", "PUT", "post", "OPTIONS", ""]) {
  test(`${method || "no method"} on the chat path is unknown`, () =>
    assert.equal(kindOf(method, "/v1/chat/completions"), "unknown"));
}
for (const method of ["POST", "DELETE", "HEAD"]) {
  test(`${method} on the models path is unknown`, () => {
    assert.equal(kindOf(method, "/v1/models"), "unknown");
    assert.equal(kindOf(method, "/v1/models/sim-small"), "unknown");
  });
}

for (const path of [
  "/",
  "",
  "*",
  "/healthz",
  "/v1",
  "/v1/chat",
  "/v1/chat/completionsx",
  "/v1/responses/resp_1",
  "/v1/responses/resp_1/cancel",
  "/v1/responses/resp_1/input_items",
  "/v1/responses/compact",
  "/v1/responses/input_tokens",
  "/v1/engines/x/completions",
  "/v2/chat/completions",
  "/chat/completions",
  "/openai/v1/chat/completions",
  "/a//b/./c",
  "/%",
  "/%zz",
  "/v1/chat/completions/abc",
  "/v1/model/x",
]) {
  test(`${path || "an empty path"} is unknown`, () => assert.equal(kindOf("POST", path), "unknown"));
}

const AMBIGUOUS = [
  "//v1/chat/completions",
  "/v1//chat/completions",
  "/v1/chat/completions/",
  "/v1/chat/completions//",
  "/./v1/chat/completions",
  "/v1/./chat/completions",
  "/v1/chat/completions/.",
  "/x/../v1/chat/completions",
  "/v1/../v1/chat/completions",
  "/v1/chat/x/../completions",
  "/../v1/chat/completions",
  "/v1/chat/../chat/completions",
  "/v1/%63hat/completions",
  "/%76%31/chat/completions",
  "/v1/%2563hat/completions",
  "/v1/%252563hat/completions",
  "/v1%2fchat%2fcompletions",
  "/v1%2Fchat/completions",
  "/v1%252fchat/completions",
  "/v1%5cchat%5ccompletions",
  "/v1\\chat\\completions",
  "\\v1\\chat\\completions",
  "/v1/chat/completions;x",
  "/v1/chat/completions;x=1/y",
  "/v1;a=b/chat;c/completions;d",
  "/v1/chat/completions%3bx",
  "/x/..;/v1/chat/completions",
  "/V1/chat/completions",
  "/v1/Chat/Completions",
  "/v1/chat/COMPLETIONS",
  "/v1/chat/completions.",
  "/v1./chat/completions",
  "/v1/chat/completions...",
  "/v1/chat/completions%2e",
  "/v1/%2e/chat/completions",
  "/x/%2e%2e/v1/chat/completions",
  "/x/.%2e/v1/chat/completions",
  "/v1/chat/completions%00",
  "/v1/chat/completions%00.png",
  "/v1/chat/completions\0/x",
  "/v1/chat/completions%23x",
  "/v1/chat/completions%3fx=1",
  "/v1/chat/completions#x",
  "/v1/chat/completions%20",
  "/v1/chat/completions%09",
  "/v1/chat/comp%0aletions",
  "/v1/chat/completions%0d%0a",
  "%2fv1/chat/completions",
  "v1/chat/completions",
  "/v1/%u0063hat/completions",
  "/v1%u002fchat/completions",
  "/v1%U002Fchat/completions",
  "/v1/%c0%afchat/completions",
  "/v1%c0%afchat/completions",
  "/v1%e0%80%afchat/completions",
  "/v1%f0%80%80%afchat/completions",
  "/x/%c0%ae%c0%ae/v1/chat/completions",
  "/v1/%c1%a3hat/completions",
  "/v1\uff0fchat/completions",
  "/v1/\uff43hat/completions",
  "/v1/%ef%bd%83hat/completions",
  "//other.example/v1/chat/completions",
  "http://other.example/v1/chat/completions",
  "/v1/models/",
  "/v1//models",
  "/V1/models",
  "/v1/models/../chat/completions",
  "/v1/models/%2e%2e/chat/completions",
  "/v1/models/x/../../chat/completions",
  "/v1/models/x%2f..%2f..%2fchat%2fcompletions",
  "/v1/models//x",
  "/v1/models/x;y",
  "/v1/models/x%00",
  "/v1/models/%",
  "/v1/models/x%252fy",
];
for (const path of AMBIGUOUS) {
  test(`${JSON.stringify(path)} is ambiguous, whatever the method`, () => {
    assert.equal(kindOf("POST", path), "ambiguous");
    assert.equal(kindOf("GET", path), "ambiguous");
  });
}

/** Ways to write a character or a slash so that some server still finds it. */
const spelling = fc.constantFrom(
  (char: string) => char,
  (char: string) => char.toUpperCase(),
  (char: string) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  (char: string) => `%25${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  (char: string) => (char === "/" ? "//" : char),
  (char: string) => (char === "/" ? "/./" : char),
  (char: string) => (char === "/" ? "\\" : char),
  (char: string) => (char === "/" ? "/x/../" : char),
  (char: string) => (char === "/" ? ";x/" : char),
);

test("no mixture of spellings of the chat path passes for anything but itself", () => {
  const path = "/v1/chat/completions";
  fc.assert(
    fc.property(fc.array(spelling, { minLength: path.length, maxLength: path.length }), (spellings) => {
      const spelt = [...path].map((char, index) => spellings[index]?.(char)).join("");
      assert.equal(kindOf("POST", spelt), spelt === path ? "inference" : "ambiguous", spelt);
    }),
    { numRuns: 3000 },
  );
});

for (const path of [
  "/v1/models/m%3Apredict",
  "/v1/models/m%3agenerateContent",
  "/v1/models/m%253Apredict",
  "/v1/models/m:Predict",
  "/v1/models/m:predict.",
  "/v1/models/m\uff1apredict",
  "/v1/models/m:%70redict",
  "/v1/models/m/%76ersions/1:predict",
  "/v1/models/m/Versions/1:predict",
  "/v1/models/m/labels./prod:classify",
  "/v1/models/m/versions%2f1:regress",
]) {
  test(`a POST to ${path}, which is a name to some servers and an endpoint to others, is ambiguous`, () => {
    assert.equal(kindOf("POST", path), "ambiguous");
    assert.notEqual(kindOf("GET", path), "inference");
  });
}

test("words a refusal in OpenAI's dialect where none is spoken", () => {
  const { contentType, body } = dialectOf(detection("GET", "/nowhere"), new Map()).refuse({
    status: 404,
    code: "unknown_endpoint",
    message: "No.",
  });
  assert.equal(contentType, "application/json");
  assert.deepEqual(JSON.parse(body.toString()), {
    error: { message: "No.", type: "invalid_request_error", param: null, code: "unknown_endpoint" },
  });
});
