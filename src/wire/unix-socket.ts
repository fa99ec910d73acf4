import { once } from "node:events";
import { chmod, lstat, mkdir, stat, unlink } from "node:fs/promises";
import { createConnection, type Server } from "node:net";
import { dirname } from "node:path";

/** Only the user and group of who calls come near a socket: it is made in a folder of this mode ... */
const FOLDER_MODE = 0o750;
/** ... and has this one, unless said otherwise. */
const SOCKET_MODE = 0o660;

const OTHERS_MAY_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Listens on a unix socket. The folder is made when it is missing. A socket that a killed process left behind is
 * replaced, one that answers is not. `@name` is in the abstract namespace, which has neither folders nor modes.
 * @throws Error that names the path and what is in the way
 */
export async function listenOnPath(server: Server, path: string, mode = SOCKET_MODE): Promise<void> {
  if (path.startsWith("@")) return bind(server, `\0${path.slice(1)}`, path);
  await prepareFolder(dirname(path));
  if (await isStale(path)) await unlink(path);
  await bind(server, path, path);
  await chmod(path, mode);
}

async function bind(server: Server, path: string, written: string): Promise<void> {
  server.listen({ path });
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(`${written} is in use: another process listens there`, { cause: error });
  }
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const { mode } = await stat(folder);
  if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0) {
    throw new Error(
      `anyone may write to ${folder}, so anyone could replace the socket in it: chmod o-w ${folder}`,
    );
  }
}

/** Whether the path is a socket on which nobody listens. @throws Error when it is something else, or someone does */
async function isStale(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return false;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`);
  const probe = createConnection(path);
  try {
    await once(probe, "connect");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") return true;
    throw new Error(`${path} exists and cannot be reached: ${(error as Error).message}`, { cause: error });
  } finally {
    probe.destroy();
  }
  throw new Error(`${path} is in use: another process listens there`);
}
