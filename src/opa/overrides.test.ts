import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  LIST_INDEX_MAX,
  OverrideError,
  PATH_STEPS_MAX,
  parseSet,
  parseSetFile,
  withOverrides,
} from "./overrides.ts";

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const set = (text: string, document: unknown = {}, environment = {}): unknown =>
  plain(withOverrides(document, parseSet(text, environment)));

describe("--set", () => {
  for (const [text, expected] of [
    ["a.b.c=x", { a: { b: { c: "x" } } }],
    ["a=1,b=true,c=FALSE,d=0,e=007,f=1.5,g=-3", { a: 1, b: true, c: false, d: 0, e: "007", f: "1.5", g: -3 }],
    ["plugins.envoy_ext_authz_grpc=null", { plugins: { envoy_ext_authz_grpc: {} } }],
    ["a={x,2,true},b=y", { a: ["x", 2, true], b: "y" }],
    ["s[0].url=http://x,s[1].url=http://y", { s: [{ url: "http://x" }, { url: "http://y" }] }],
    ["m[0][1]=x", { m: [[null, "x"]] }],
    ["services.opa\\.example\\.com.url=u", { services: { "opa.example.com": { url: "u" } } }],
    ["a=x\\,y,b=", { a: "x,y", b: "" }],
    ["a=9007199254740993", { a: "9007199254740993" }],
    ["plugins.envoy_ext_authz_grpc.addr=:9191", { plugins: { envoy_ext_authz_grpc: { addr: ":9191" } } }],
  ] as const) {
    test(`reads ${text}`, () => assert.deepEqual(set(text), expected));
  }

  test("substitutes the environment before it reads", () => {
    assert.deepEqual(set(`a.token=$\{TOKEN},b=$\{OTHER}`, {}, { TOKEN: "t" }), {
      a: { token: "t" },
      b: `$\{OTHER}`,
    });
  });

  test("merges maps, and replaces lists and plain values as a whole", () => {
    const document = { services: [{ name: "s", url: "u" }], labels: { a: "1", b: "2" }, status: "x" };
    assert.deepEqual(set("services[0].url=v,labels.b=3,status.console=true", document), {
      services: [{ url: "v" }],
      labels: { a: "1", b: 3 },
      status: { console: true },
    });
  });

  test("leaves the document that it is given as it is, and knows no prototype", () => {
    const document = Object.freeze({ labels: Object.freeze({ a: "1" }) });
    withOverrides(document, parseSet("labels.b=2,__proto__.polluted=1,constructor.prototype.x=1", {}));
    assert.deepEqual(document, { labels: { a: "1" } });
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    assert.equal(Object.hasOwn(Object.prototype, "x"), false);
  });

  test("takes the last of two values", () => assert.deepEqual(set("a=1,a=2"), { a: 2 }));

  for (const [text, fault] of [
    ["a", /a has no value/],
    ["a.b,c=1", /a\.b has no value/],
    [".a=1", /a key is empty/],
    ["a..b=1", /a key is empty behind "a"/],
    ["a[x]=1", /a\[x\] is no position/],
    ["a[-1]=1", /no position/],
    [`a[${LIST_INDEX_MAX + 1}]=1`, /no position/],
    ["a[0]b=1", /a\[0\] has no value/],
    ["a={x,y", /does not end with/],
    [`${"a.".repeat(PATH_STEPS_MAX)}b=1`, /more than 32 steps/],
  ] as const) {
    test(`refuses ${text.slice(0, 20)}`, () =>
      assert.throws(
        () => parseSet(text, {}),
        (error) => error instanceof OverrideError && fault.test(error.message),
      ));
  }

  test("takes the highest position and the longest path", () => {
    assert.equal((set(`a[${LIST_INDEX_MAX}]=1`) as { a: unknown[] }).a.length, LIST_INDEX_MAX + 1);
    assert.equal(parseSet(`${"a.".repeat(PATH_STEPS_MAX - 1)}b=1`, {})[0]?.path.length, PATH_STEPS_MAX);
  });
});

describe("--set-file", () => {
  test("takes the content of the file as a text, without the blanks around it", () => {
    const overrides = parseSetFile("a.token=/run/token,b=/run/b", (path) => `  of ${path}\n`);
    assert.deepEqual(plain(withOverrides({}, overrides)), { a: { token: "of /run/token" }, b: "of /run/b" });
  });

  test("names the file that cannot be read", () => {
    const read = () => {
      throw new Error("no such file");
    };
    assert.throws(() => parseSetFile("a=/run/x", read), /--set-file: \/run\/x cannot be read: no such file/);
  });
});
