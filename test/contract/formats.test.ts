import { FORMATS } from "../../src/formats/index.ts";
import { testFormat } from "./contract.ts";
import { WHOLE_REQUESTS } from "./requests/index.ts";

for (const format of Object.values(FORMATS))
  testFormat(format, WHOLE_REQUESTS[format.name as keyof typeof FORMATS]);
