export { estimate, tokensOf } from "./estimate.ts";
export { createMeter, type Meter, type MeterOptions, type Settlement } from "./meter.ts";
