import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { portTakenSentence } from "../wire/port-holder.ts";

/**
 * A port to listen on: the given one if it is free, one that the system picks for 0.
 *
 * @throws Error with a sentence that names the port and the process that holds it.
 */
export async function claimPort(port: number, host = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(portTakenSentence(port), { cause: error });
  }
  const claimed = (server.address() as AddressInfo).port;
  server.close();
  await once(server, "close");
  return claimed;
}
