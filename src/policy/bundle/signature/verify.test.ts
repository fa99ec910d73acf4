import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { join } from "node:path";
import { describe, test } from "node:test";
import { SignJWT } from "jose";
import { createSigningKey, opaBuild, opaSign, type SigningKey } from "../../../../test/support/opa-sign.ts";
import { withFolder, writeSources } from "../../../../test/support/rego.ts";
import { readFiles } from "../../source/read.ts";
import { unpackArchive } from "../archive.ts";
import { BundleError } from "../error.ts";
import { digestOf } from "./digest.ts";
import type { Verification } from "./key.ts";
import { CLOCK_TOLERANCE_S, verifySignature } from "./verify.ts";

const NOW_MS = 1_772_600_767_000;
const NOW_S = NOW_MS / 1000;

const SOURCES = {
  "p.rego": "package p\n\nr := data.x\n",
  "data.json":
    '{"x": {"é\\u2028<": 1.50, "a": [1e5, -0, "\\ud83d\\ude00\\u0007"], "\\ue000": 1, "\\ud83d\\ude00": 2}}',
  ".manifest": '{"roots": ["p", "x"], "metadata": {"b": 1, "a": [2]}}',
};

const verification = (
  { algorithm, verify }: SigningKey,
  more: Partial<Verification> = {},
  id = "default",
): Verification => ({ keys: new Map([[id, { algorithm, key: verify }]]), ...more });

type Files = ReadonlyMap<string, Buffer>;

const refused = (files: Files, how: Verification | undefined, message: RegExp) =>
  assert.rejects(verifySignature(files, how, NOW_MS), (error) => {
    assert.ok(error instanceof BundleError, String(error));
    assert.match(error.message, message);
    return true;
  });

const signed = async (options: Parameters<typeof opaBuild>[1]): Promise<Files> =>
  (await unpackArchive(await opaBuild(SOURCES, { entrypoints: ["p/r"], ...options }))).files;

const with_ = (files: Files, path: string, content: string | undefined): Files => {
  const changed = new Map(files);
  if (content === undefined) changed.delete(path);
  else changed.set(path, Buffer.from(content));
  return changed;
};

describe("a bundle that opa build signed", () => {
  for (const algorithm of ["RS256", "PS256", "ES256", "HS256"] as const) {
    test(`with ${algorithm} is believed by its key and by no other`, async () => {
      const key = createSigningKey(algorithm);
      const files = await signed({ key });
      await verifySignature(files, verification(key), NOW_MS);
      await refused(
        files,
        verification(createSigningKey(algorithm)),
        /its signature does not match the key default/,
      );
    });
  }

  test("must be of the algorithm that its key is configured for", async () => {
    const key = createSigningKey("RS256");
    await refused(
      await signed({ key }),
      verification({ ...key, algorithm: "PS256" }),
      /not of the algorithm PS256/,
    );
    // The public key is public: who takes it for a secret could be signed to by anybody.
    const forged = await signed({ key: { ...key, algorithm: "HS256", sign: key.verify } });
    await refused(forged, verification(key), /not of the algorithm RS256/);
  });

  test("is looked up by the key id that it names, unless the configuration names one", async () => {
    const key = createSigningKey("ES256");
    const files = await signed({ key, keyId: "theirs" });
    await verifySignature(files, verification(key, {}, "theirs"), NOW_MS);
    await refused(
      files,
      verification(key, {}, "ours"),
      /is by the key "theirs", which is not configured; configured are ours/,
    );
    await verifySignature(files, verification(key, { keyId: "ours" }, "ours"), NOW_MS);
    await refused(files, verification(key, { keyId: "gone" }, "ours"), /the key "gone", which is not/);
  });

  test("must be for the scope that is configured", async () => {
    const key = createSigningKey("HS256");
    const read = await signed({ key, claims: { scope: "read", keyid: "default" } });
    await verifySignature(read, verification(key, { scope: "read" }), NOW_MS);
    const scoped = new Map([["default", { algorithm: key.algorithm, key: key.verify, scope: "read" }]]);
    await verifySignature(read, { keys: scoped }, NOW_MS);
    await refused(read, verification(key), /for the scope "read", and "" is configured/);
    await refused(read, { keys: scoped, scope: "write" }, /for the scope "read", and "write" is configured/);
    await refused(
      await signed({ key }),
      verification(key, { scope: "write" }),
      /for the scope "", and "write"/,
    );
  });

  test("must be valid now, when it says until when it is, give or take what clocks are apart", async () => {
    const key = createSigningKey("HS256");
    const at = (claims: object) => signed({ key, claims: { keyid: "default", ...claims } });
    await verifySignature(
      await at({ exp: NOW_S - CLOCK_TOLERANCE_S + 1, nbf: NOW_S }),
      verification(key),
      NOW_MS,
    );
    await refused(
      await at({ exp: NOW_S - CLOCK_TOLERANCE_S }),
      verification(key),
      /has expired at 2026-03-04T05:05:07\.000Z: sign the bundle again/,
    );
    await refused(
      await at({ nbf: NOW_S + CLOCK_TOLERANCE_S + 1 }),
      verification(key),
      /is not valid before 2026-03-04T05:07:08\.000Z: look at the clocks/,
    );
  });

  test("covers each file as it is, no more and no less", async () => {
    const key = createSigningKey("HS256");
    const files = await signed({ key });
    const how = verification(key);
    await refused(
      with_(files, "policy.wasm", "other"),
      how,
      /policy\.wasm is not what was signed: its SHA-256/,
    );
    await refused(with_(files, "data.json", '{"x":{}}'), how, /data\.json is not what was signed/);
    await refused(with_(files, ".manifest", '{"roots":[""]}'), how, /\.manifest is not what was signed/);
    await refused(
      with_(files, "more/data.json", "{}"),
      how,
      /holds more\/data\.json, which its signature does not/,
    );
    await refused(with_(files, "data.json", undefined), how, /covers data\.json, which it does not hold/);
    await refused(with_(files, "data.json", "{"), how, /data\.json cannot be read/);
  });

  test("may be written with other blanks and in another order, as JSON may", async () => {
    const key = createSigningKey("HS256");
    const files = await signed({ key });
    const data = files.get("data.json")?.toString() ?? "";
    const members = Object.entries(JSON.parse(data) as { [key: string]: unknown });
    assert.ok(members.length > 0);
    await verifySignature(
      with_(files, "data.json", `\n ${data.replace("{", "{\n\t")}`),
      verification(key),
      NOW_MS,
    );
  });

  test("may leave out of its signature what the configuration says", async () => {
    const key = createSigningKey("HS256");
    const files = with_(await signed({ key }), "more/data.json", "{}");
    for (const pattern of [
      "more/*",
      "*/data.json",
      "more/data.jso?",
      "more/[a-d]ata.json",
      "m\\ore/data.json",
    ])
      await verifySignature(files, verification(key, { excludeFiles: [pattern] }), NOW_MS);
    for (const pattern of ["*", "more", "more/[^d]ata.json", "more/d?.json", "data.json"])
      await refused(
        files,
        verification(key, { excludeFiles: [pattern] }),
        /more\/data\.json, which its signature/,
      );
    const changed = with_(await signed({ key }), "data.json", '{"x":1}');
    await verifySignature(changed, verification(key, { excludeFiles: ["data.json"] }), NOW_MS);
    const gone = with_(await signed({ key }), "data.json", undefined);
    await refused(gone, verification(key, { excludeFiles: ["data.json"] }), /covers data\.json/);
  });
});

describe("a folder that opa sign signed", () => {
  test("is believed with its YAML, its Rego and whatever else it holds", async () => {
    await withFolder(async (folder) => {
      const key = createSigningKey("ES256");
      await writeSources(folder, {
        ...SOURCES,
        "y/data.yaml": "list: [1, 2.50, yes, 0777]\nname: é\n",
        "README.md": "words\n",
      });
      await opaSign(folder, key, { keyid: "default" });
      const { files } = await readFiles(folder);
      await verifySignature(files, verification(key), NOW_MS);
      await writeSources(folder, { "README.md": "other words\n" });
      const changed = await readFiles(folder);
      await refused(changed.files, verification(key), /README\.md is not what was signed/);
      await refused(
        (await readFiles(join(folder, "y"))).files,
        verification(key),
        /holds no \.signatures\.json/,
      );
    });
  });
});

describe("verifySignature", () => {
  const key = createSigningKey("HS256");
  const token = (claims: { [name: string]: unknown }, header: object = { kid: "default" }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", ...header })
      .sign(createSecretKey(Buffer.from(key.sign)));
  const bundle = (signatures: unknown, content = "{}"): Files =>
    new Map([
      ["data.json", Buffer.from(content)],
      [
        ".signatures.json",
        Buffer.from(typeof signatures === "string" ? signatures : JSON.stringify(signatures)),
      ],
    ]);

  test("refuses an unsigned bundle when a key is configured, and a signed one when none is", async () => {
    const unsigned = new Map([["data.json", Buffer.from("{}")]]);
    await verifySignature(unsigned, undefined, NOW_MS);
    await refused(unsigned, verification(key), /holds no \.signatures\.json: a key is configured/);
    const files = bundle({ signatures: [await token({ files: [] })] });
    await refused(
      files,
      undefined,
      /signed and no key is configured: name one under bundles\[\]\.verification/,
    );
  });

  test("takes an unsigned bundle where a signature is optional, and verifies one that is there", async () => {
    const optional = { ...verification(key), optional: true as const };
    await verifySignature(new Map([["data.json", Buffer.from("{}")]]), optional, NOW_MS);
    const forged = bundle({ signatures: ["e30.e30.e30"] });
    await assert.rejects(verifySignature(forged, optional, NOW_MS));
  });

  test("refuses signatures in another form, each with its own words", async () => {
    const how = verification(key);
    const one = await token({ files: [] });
    await refused(bundle("{"), how, /\.signatures\.json is not JSON/);
    await refused(bundle([]), how, /must hold exactly one signature/);
    await refused(bundle({ signatures: [] }), how, /must hold exactly one signature/);
    await refused(bundle({ signatures: [one, one] }), how, /must hold exactly one signature/);
    await refused(bundle({ signatures: [one], plugin: "vault" }), how, /asks for the verifier "vault"/);
    await refused(bundle({ signatures: ["a.b"] }), how, /is no JSON web token/);
    await refused(bundle({ signatures: [await token({ files: [] }, {})] }), how, /names no key/);
    await refused(bundle({ signatures: [await token({})] }), how, /the claim files is missing/);
    await refused(
      bundle({ signatures: [await token({ files: [], exp: "soon" })] }),
      how,
      /cannot be verified with the key default: .*exp/,
    );
    await refused(bundle({ signatures: [await token({ files: [{}] })] }), how, /a file without a name/);
    const file = {
      name: "data.json",
      hash: digestOf("data.json", Buffer.from("{}"), "SHA-512"),
      algorithm: "SHA-512",
    };
    await verifySignature(bundle({ signatures: [await token({ files: [file] })] }), how, NOW_MS);
    await refused(
      bundle({ signatures: [await token({ files: [file, file] })] }),
      how,
      /covers data\.json twice/,
    );
    for (const algorithm of ["MD5", "SHA-1", "SHA-3", ""])
      await refused(
        bundle({ signatures: [await token({ files: [{ ...file, algorithm }] })] }),
        how,
        /its signature hashes data\.json with .*; what counts is SHA-224/,
      );
    const two = new Map([...bundle({}), ["a/.signatures.json", Buffer.from("{}")] as const]);
    await refused(two, how, /two files of signatures: \.signatures\.json and a\/\.signatures\.json/);
    const none = `${Buffer.from('{"alg":"none","kid":"default"}').toString("base64url")}.${one.split(".")[1]}.`;
    await refused(bundle({ signatures: [none] }), how, /not of the algorithm HS256|cannot be verified/);
  });

  test("quotes nothing of a key that cannot be read", async () => {
    const files = bundle({ signatures: [await token({ files: [] })] });
    const broken = verification({ algorithm: "RS256", sign: "", verify: "-----BEGIN secret" });
    await assert.rejects(verifySignature(files, broken, NOW_MS), (error: Error) => {
      assert.match(error.message, /the key default to verify its signature with cannot be read/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
});
