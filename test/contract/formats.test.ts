import { FORMATS } from "../../src/formats/index.ts";
import { testFormat } from "./contract.ts";

for (const format of Object.values(FORMATS)) testFormat(format);
