import assert from "node:assert/strict";
import { describe, test } from "node:test";
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

describe("a model of Bedrock's that an ARN names", () => {
  const ARN =
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0";
  const escaped = encodeURIComponent(ARN);

  test("is one segment, whose slash is escaped", () => {
    for (const arn of [
      ARN,
      "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.titan-text-express-v1",
      "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.titan-text-lite-v1:0:4k/abcdefghij12",
      "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4",
      "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/My_Endpoint.1",
      "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT12345:1",
    ]) {
      for (const spelt of [encodeURIComponent(arn), arn.replaceAll("/", "%2f"), arn.replaceAll("/", "%2F")]) {
        const found = detection("POST", `/model/${spelt}/converse`);
        assert.ok(found.kind === "inference", spelt);
        assert.equal(found.endpoint.names.model, arn);
        assert.equal(found.endpoint.pathFor(arn), `/model/${encodeURIComponent(arn)}/converse`);
      }
    }
    const stream = detection("POST", `/model/${escaped}/converse-stream`);
    assert.ok(stream.kind === "inference" && stream.endpoint.stream === true);
    assert.equal(kindOf("GET", `/model/${escaped}/converse`), "unknown");
  });

  for (const path of [
    "/model%2Fx/converse",
    "/model%2fx%2fconverse",
    "/model/x%2Fconverse",
    "/model/x%5Cconverse",
    "/model/x%2Fy/converse",
    "/model/meta-llama%2FLlama-3.1-8B/converse",
    `/model%2F${escaped}/converse`,
    `/model/${escaped}%2Fconverse`,
    `/model/${ARN}/converse`,
    `/model/${ARN}%2Fconverse`,
    `/model/${escaped.replaceAll("%", "%25")}/converse`,
    `/model/${escaped.replaceAll("%", "%2525")}/converse`,
    `/model/${escaped.replace("%2F", "%252F")}/converse`,
    `/model/${escaped.replace("%2F", "%5C")}/converse`,
    `/model/${escaped.replace("%2F", "%2F%5C")}/converse`,
    `/model/${escaped.replace("%2F", "%2F%2F")}/converse`,
    `/model/${escaped.replace("%2F", "%u002F")}/converse`,
    `/model/${escaped.replace("%2F", "%c0%af")}/converse`,
    `/model/${escaped.replace("%2F", "%ef%bc%8f")}/converse`,
    `/model/${escaped}%2F..%2F..%2Fv1%2Fmessages/converse`,
    `/model/${escaped}%2F../converse`,
    `/model/${escaped.replace("%2F", "%2F..%2F")}/converse`,
    `/model/${escaped.replace("%2F", "%2F.%2F")}/converse`,
    `/model/${escaped.replace("%2F", "%2F.hidden%2F")}/converse`,
    `/model/${escaped}%2F/converse`,
    `/model/%2F${escaped}/converse`,
    `/model/${escaped}%2Fa%2Fb/converse`,
    `/model/${escaped};x/converse`,
    `/model/${escaped}%3Bx/converse`,
    `/model/${escaped}%00/converse`,
    `/model/${escaped}%3F/converse`,
    `/model/${escaped}%23/converse`,
    `/model/${escaped}/Converse`,
    `/MODEL/${escaped}/converse`,
    `/model/${escaped}/converse/`,
    `/model/${escaped}//converse`,
    `/model/${escaped.toUpperCase()}/converse`,
    `/model/arn%3Aaws%3Abedrock%2Fus-east-1%3A%3A%3Ax/converse`,
    `/model/arn%3Aaws%3Abedrock%3Aus%2Feast%3A123%3Aa%2Fb/converse`,
    `/model/${escaped.replace("us.", "us%2E")}/converse`,
    `/model/${escaped.replace("us.", "%75s.")}/converse`,
    `/v2/models/${escaped}/infer`,
    `/v1beta/models/${escaped}:generateContent`,
    `/v1/models/${escaped}:predict`,
  ])
    test(`is not found in ${path}, which is ambiguous`, () => {
      assert.equal(kindOf("POST", path), "ambiguous");
    });
});

for (const path of [
  "/v1/chat%2Fcompletions",
  "/v1%2f..%2fchat/completions",
  "/x%2Fy",
  "/x%2fy",
  "/x%252Fy",
  "/x%25252fy",
  "/x%5Cy",
  "/x%5cy",
  "/x%255Cy",
  "/x\\y",
  "/x%u002fy",
  "/x%c0%afy",
  "/%2F",
])
  test(`${path} has other segments to other servers, whatever they are, and is ambiguous`, () => {
    assert.equal(kindOf("POST", path), "ambiguous");
    assert.equal(kindOf("GET", path), "ambiguous");
  });
