import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { portHolder, portTakenSentence } from "./port-holder.ts";

const onLinux = { skip: process.platform === "linux" ? false : "needs /proc" };

for (const host of ["127.0.0.1", "::1"]) {
  test(
    `names the process that listens on a port of ${host}, and nobody once it has closed`,
    onLinux,
    async () => {
      const server = createServer().listen(0, host);
      await once(server, "listening");
      const { port } = server.address() as { port: number };

      const holder = portHolder(port);
      assert.equal(holder?.pid, process.pid);
      assert.match(
        portTakenSentence(port),
        new RegExp(`^port ${port} is taken by .*node.* \\(process ${process.pid}\\)`),
      );

      server.close();
      await once(server, "close");
      assert.equal(portHolder(port), undefined);
    },
  );
}

test("says another process where the holder cannot be found", () => {
  assert.match(portTakenSentence(0), /^port 0 is taken by another process/);
});
