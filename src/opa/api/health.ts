import type { JsonObject } from "../../exchange/json.ts";
import { decide } from "./decide.ts";
import { parseDataPath, renderReference } from "./documents.ts";
import { ApiError, flag, jsonReply } from "./reply.ts";
import type { ApiRooms } from "./rooms.ts";

/** OPA's health API. @see https://www.openpolicyagent.org/docs/rest-api#health-api */
export function createHealthHandlers(rooms: ApiRooms) {
  /** Whether all of them were up at once at some time: what comes later is for the policy to weigh. */
  let readyOnce = false;

  const health = (parameters: URLSearchParams): Response => {
    const plugins = rooms.plugins();
    if (flag(parameters, "bundle") || flag(parameters, "bundles")) {
      const waiting = rooms.notActivated();
      const ready = ["discovery", "bundle"].every((name) => (plugins[name] ?? "OK") === "OK");
      if (!ready || waiting.length > 0)
        return unhealthy(
          `one or more bundles are not activated${waiting.length === 0 ? "" : `: ${waiting.join(", ")}`}`,
        );
    }
    if (flag(parameters, "plugins")) {
      const excluded = new Set(parameters.getAll("exclude-plugin"));
      const down = Object.entries(plugins).filter(([name, state]) => state !== "OK" && !excluded.has(name));
      if (down.length > 0) return unhealthy("one or more plugins are not up");
    }
    return jsonReply({});
  };

  /** `/health/live` and the like: what `data.system.health.live` says of the plugins. */
  const byPolicy = async (path: string): Promise<Response> => {
    const plugins = rooms.plugins();
    readyOnce ||= Object.values(plugins).every((state) => state === "OK");
    const input = Buffer.from(JSON.stringify({ plugin_state: plugins, plugins_ready: readyOnce }));
    const steps = parseDataPath(`system/health/${path}`);
    const check = `health check (${renderReference(steps)})`;
    try {
      const { result } = await decide(rooms.policies(), steps, input);
      if (result === undefined) return unhealthy(`${check} was undefined`);
      return result === true ? jsonReply({}) : unhealthy(`${check} returned unexpected value`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return unhealthy(`${check}: ${error.message}`);
    }
  };

  return { health, byPolicy };
}

function unhealthy(error: string): Response {
  return jsonReply({ error } satisfies JsonObject, false, 500);
}
