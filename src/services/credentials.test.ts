import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { bodyOf, startHttpServer } from "../../test/support/http-server.ts";
import { withFolder } from "../../test/support/rego.ts";
import { Secret } from "../document/secret.ts";
import { findOpa } from "../policy/opa/opa.ts";
import { type AwsSigning, awsHeaders } from "./aws.ts";
import { createService } from "./service.ts";

const run = promisify(execFile);

describe("AWS signatures", () => {
  const accessKeyId = new Secret(`AKIA${randomBytes(8).toString("hex").toUpperCase()}`);
  const secretAccessKey = new Secret(randomBytes(20).toString("base64"));
  const explicit = { from: "explicit", accessKeyId, secretAccessKey } as const;
  const url = new URL("https://bucket.example/a%20b/bundle.tar.gz?versionId=7&x=a%2Fb");

  /** What OPA's own builtin makes of the same request. */
  async function signedByOpa(headers: { readonly [name: string]: string }, token?: string): Promise<string> {
    const time = headers["x-amz-date"] ?? "";
    const iso = time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5");
    const input = {
      request: { method: "GET", url: url.href, headers: {} },
      config: {
        aws_service: "s3",
        aws_region: "eu-west-1",
        aws_access_key: accessKeyId.reveal(),
        aws_secret_access_key: secretAccessKey.reveal(),
        ...(token === undefined ? {} : { aws_session_token: token }),
      },
      ns: Date.parse(iso) * 1_000_000,
    };
    const query = "providers.aws.sign_req(input.request, input.config, input.ns).headers.Authorization";
    return withFolder(async (folder) => {
      const file = join(folder, "input.json");
      await writeFile(file, JSON.stringify(input));
      const { stdout } = await run(await findOpa(), ["eval", "--format=raw", "--input", file, query]);
      // AWS takes the header with or without spaces between its parts.
      return stdout.trim().replaceAll(",", ", ");
    });
  }

  test("are those that OPA makes", async () => {
    for (const sessionToken of [undefined, new Secret("session/token==")]) {
      const keys = { ...explicit, ...(sessionToken === undefined ? {} : { sessionToken }) };
      const signing: AwsSigning = { keys, region: "eu-west-1" };
      const headers = await awsHeaders(signing, { method: "GET", url, body: undefined });
      assert.equal(headers.authorization, await signedByOpa(headers, sessionToken?.reveal()));
      assert.equal(headers["x-amz-security-token"], sessionToken?.reveal());
    }
  });

  test("take their keys from the environment or from a profile, and name what is missing", async () => {
    const request = { method: "GET", url, body: undefined };
    const id = accessKeyId.reveal();
    const environment = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "eu-west-1" };
    const from = (headers: { readonly [name: string]: string }) => headers.authorization ?? "";
    const fromEnvironment: AwsSigning = { keys: { from: "environment" } };
    assert.match(
      from(await awsHeaders(fromEnvironment, request, environment)),
      new RegExp(`${id}/\\d+/eu-west-1/s3/`),
    );
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"])
      await assert.rejects(
        awsHeaders(fromEnvironment, request, { ...environment, [name]: "" }),
        new RegExp(`${name} is not set`),
      );
    await withFolder(async (folder) => {
      const file = join(folder, "credentials");
      const profile = (name?: string): AwsSigning => ({
        keys: { from: "profile", file, ...(name === undefined ? {} : { profile: name }) },
        region: "r",
      });
      await assert.rejects(awsHeaders(profile(), request, {}), /credentials file .* cannot be read/);
      const entry = (name: string) =>
        `[${name}]\n# a comment = 1\naws_access_key_id = ID-${name}\naws_secret_access_key=a=b\n`;
      await writeFile(file, `${entry("default")}\n${entry("ci")}[half]\naws_access_key_id=x\n`);
      assert.match(from(await awsHeaders(profile(), request, {})), /Credential=ID-default\//);
      assert.match(from(await awsHeaders(profile("ci"), request, {})), /Credential=ID-ci\//);
      await assert.rejects(awsHeaders(profile("half"), request, {}), /in \[half\]/);
      await writeFile(file, "x".repeat(64 * 1024 + 1));
      await assert.rejects(awsHeaders(profile(), request, {}), /larger than 65536 bytes/);
    });
  });

  test("are made anew for each hop of a redirect", async (t) => {
    const signed: string[] = [];
    const server = await startHttpServer((incoming, response) => {
      signed.push(incoming.headers.authorization ?? "");
      if (incoming.url === "/there") response.end();
      else response.writeHead(307, { location: "/there" }).end();
    });
    t.after(() => server.close());
    const credentials = { kind: "s3Signing", keys: explicit, region: "r" } as const;
    const service = createService({ name: "s3", url: server.url, credentials });
    t.after(() => service.close());
    await service.request({ method: "GET", path: "here", timeoutMs: 5_000, maxBytes: 10 });
    assert.equal(signed.length, 2);
    assert.ok(signed.every((value) => value.startsWith("AWS4-HMAC-SHA256 ")));
    assert.notEqual(signed[0], signed[1]);
  });
});

describe("OAuth 2.0 client credentials", () => {
  const clientSecret = new Secret("se cret");

  async function start(t: TestContext, answer: (count: number) => { status?: number; body: string }) {
    const asked: { authorization: string | undefined; body: string }[] = [];
    const used: (string | undefined)[] = [];
    const server = await startHttpServer(async (request, response) => {
      if (request.url !== "/token") {
        used.push(request.headers.authorization);
        return void response.writeHead(request.headers.authorization === "Bearer t1" ? 401 : 200).end();
      }
      asked.push({ authorization: request.headers.authorization, body: (await bodyOf(request)).toString() });
      const { status = 200, body } = answer(asked.length);
      response.writeHead(status).end(body);
    });
    t.after(() => server.close());
    const credentials = {
      kind: "oauth2",
      tokenUrl: `${server.url}/token`,
      clientId: "me",
      clientSecret,
      scopes: ["a", "b"],
    } as const;
    const service = createService({ name: "acme", url: server.url, credentials });
    t.after(() => service.close());
    const ask = () => service.request({ method: "GET", path: "x", timeoutMs: 5_000, maxBytes: 10 });
    return { asked, used, ask };
  }
  const token = (value: string, seconds = 3600) =>
    JSON.stringify({ access_token: value, token_type: "Bearer", expires_in: seconds });

  test("get a token, keep it while it is good, and get another when it is refused", async (t) => {
    const { asked, used, ask } = await start(t, (count) => ({ body: token(`t${count}`) }));
    assert.equal((await ask()).status, 401);
    assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 200);
    assert.deepEqual(used, ["Bearer t1", "Bearer t2", "Bearer t2"]);
    assert.deepEqual(asked[0], {
      authorization: `Basic ${Buffer.from("me:se%20cret").toString("base64")}`,
      body: "grant_type=client_credentials&scope=a+b",
    });
    assert.equal(asked.length, 2);
  });

  test("get a new token when the old one ends soon", async (t) => {
    const { asked, ask } = await start(t, (count) => ({ body: token(`x${count}`, 9) }));
    await ask();
    await ask();
    assert.equal(asked.length, 2);
  });

  test("say what the token endpoint did wrong, without the secret or its words", async (t) => {
    const answers = [
      { status: 400, body: "se cret is wrong" },
      { body: "<html>" },
      { body: "[]" },
      { body: JSON.stringify({ access_token: "x", token_type: "mac" }) },
      { body: "x".repeat(64 * 1024 + 1) },
    ];
    const { used, ask } = await start(t, (count) => answers[count - 1] ?? { body: "" });
    for (const reason of [
      /replied with 400/,
      /no bearer token/,
      /no bearer token/,
      /no bearer token/,
      /larger than/,
    ])
      await assert.rejects(ask(), (error: Error) => {
        assert.match(error.message, /no token from http:\/\/127\.0\.0\.1:\d+\/token: /);
        assert.match(error.message, reason);
        assert.doesNotMatch(error.message, /se cret/);
        return true;
      });
    assert.deepEqual(used, []);
  });

  test("ask over the protocol of the token URL, whatever that of the service", async (t) => {
    const server = await startHttpServer((_, response) => void response.end("{}"));
    t.after(() => server.close());
    const tokenUrl = `${server.url.replace("http:", "https:")}/token`;
    const credentials = { kind: "oauth2", tokenUrl, clientId: "me", clientSecret } as const;
    const service = createService({ name: "acme", url: server.url, credentials });
    t.after(() => service.close());
    const asked = service.request({ method: "GET", path: "x", timeoutMs: 5_000, maxBytes: 10 });
    // The server does not speak TLS: that it is tried is what counts.
    await assert.rejects(asked, /no token from https:.*TLS failed/);
  });

  test("are refused when the secret would go out in clear text", () => {
    const credentials = {
      kind: "oauth2",
      tokenUrl: "http://idp.example/t",
      clientId: "me",
      clientSecret,
    } as const;
    assert.throws(
      () => createService({ name: "acme", url: "https://h", credentials }),
      /acme: the token URL .* https/,
    );
  });
});
