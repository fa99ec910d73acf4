import assert from "node:assert/strict";
import { test } from "node:test";
import { routeOf } from "./compose.ts";
import type { Route } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import type { RequestHead } from "./exchange/exchange.ts";

/** A request by its line, and whether a route with this match takes it in front of the one for everything. */
function takes(match: Partial<Route["match"]>, request: Partial<RequestHead>): boolean {
  const route = {
    match: { path: "/*", host: undefined, method: undefined, ...match },
    failMode: "closed",
    maxBodyBytes: 1,
    answers: "judged",
  } as const;
  const rest = {
    match: { path: "/*", host: undefined, method: undefined },
    failMode: "closed",
    maxBodyBytes: 2,
    answers: "judged",
  } as const;
  return routeOf([route, rest], requestWith(request)) === route;
}

function requestWith(request: Partial<RequestHead>): RequestHead {
  const pathname = request.pathname ?? "/v1/chat/completions";
  return {
    method: "POST",
    scheme: "https",
    host: "api.example.org",
    path: pathname,
    query: undefined,
    headers: new Map(),
    clientRequestId: undefined,
    ...request,
    pathname,
  };
}

test("takes an exact path letter by letter, without its query", () => {
  assert.ok(takes({ path: "/v1/a" }, { pathname: "/v1/a", path: "/v1/a?x=/other", query: "x=/other" }));
  for (const pathname of ["/v1/A", "/v1/a/", "/v1/ab", "/v1", "//v1/a"])
    assert.ok(!takes({ path: "/v1/a" }, { pathname }), pathname);
});

test("takes what begins with a prefix that ends in a star", () => {
  for (const pathname of ["/v1/", "/v1/a", "/v1/a/b"])
    assert.ok(takes({ path: "/v1/*" }, { pathname }), pathname);
  for (const pathname of ["/v1", "/V1/a", "/v10/a", "/x/v1/a"])
    assert.ok(!takes({ path: "/v1/*" }, { pathname }), pathname);
  assert.ok(takes({ path: "/v1*" }, { pathname: "/v10" }));
});

test("takes a host whatever its case and port", () => {
  for (const host of ["api.example.org", "API.Example.ORG", "api.example.org:443", "API.example.org:8080"])
    assert.ok(takes({ host: "api.example.org" }, { host }), host);
  for (const host of [
    "example.org",
    "xapi.example.org",
    "api.example.org.evil.test",
    "api.example.org:x",
    "",
  ])
    assert.ok(!takes({ host: "api.example.org" }, { host }), host);
});

test("takes the hosts below a suffix, and not the suffix itself", () => {
  for (const host of ["a.example.org", "b.a.example.org:8443", "A.EXAMPLE.ORG"])
    assert.ok(takes({ host: "*.example.org" }, { host }), host);
  for (const host of ["example.org", "badexample.org", "a.example.org.test"])
    assert.ok(!takes({ host: "*.example.org" }, { host }), host);
});

test("takes a method as it is written", () => {
  assert.ok(takes({ method: "POST" }, { method: "POST" }));
  for (const method of ["GET", "post", "POSTS"]) assert.ok(!takes({ method: "POST" }, { method }), method);
});

test("takes a request only where all of a match fit, and by the first route that does", () => {
  const match = { path: "/v1/*", host: "api.example.org", method: "POST" };
  assert.ok(takes(match, {}));
  for (const other of [{ pathname: "/v2/a" }, { host: "x.test" }, { method: "GET" }])
    assert.ok(!takes(match, other));
  const routes = [1, 2].map(
    (maxBodyBytes) =>
      ({
        match: { path: "/*", host: undefined, method: undefined },
        failMode: "closed",
        maxBodyBytes,
        answers: "judged",
      }) as const,
  );
  assert.equal(routeOf(routes, requestWith({})), routes[0]);
});

test("finds a route for every request in a configuration without any", () => {
  const { routes } = loadConfig(undefined, { packagedBundle: "policies.tar.gz" });
  for (const pathname of ["/", "/v1/chat/completions", "/x"])
    assert.equal(routeOf(routes, requestWith({ pathname })), routes.at(-1));
});

test("throws where no route is left, because then nobody said what is closed", () => {
  assert.throws(() => routeOf([], requestWith({})), TypeError);
});
