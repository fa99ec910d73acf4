import type { Bound } from "./schema.ts";

/** A limit as Go prints a big float: up to six digits before the point, else with an exponent. */
export function boundText({ decimal: { digits, exponent } }: Bound): string {
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits);
  if (digits === 0n) return "0";
  const power = exponent + text.length - 1;
  if (power < -4 || power >= 6) {
    const fraction = text.length === 1 ? "" : `.${text.slice(1)}`;
    return `${sign}${text[0]}${fraction}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${text}`;
  const whole = text.slice(0, power + 1).padEnd(power + 1, "0");
  const fraction = text.slice(power + 1);
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
