/** The devices that tests run on: the CPU, and one of each other kind that is here. */
import { env } from "node:process";
import { Device } from "strata-ml";
import type { Machine } from "strata-ml";

let found: Promise<Device[]> | undefined;

async function look(): Promise<Device[]> {
  const required = (env["STRATA_REQUIRE"] ?? "").split(",");
  const devices: Device[] = [];
  const seen = new Set<Machine>();
  for (const { machine, info, reason } of await Device.list()) {
    if (seen.has(machine)) continue;
    if (info !== null) {
      seen.add(machine);
      devices.push(machine === "cpu" ? Device.cpu() : await Device.open(`${machine}:${info.index}`));
    } else if (required.includes(machine)) {
      throw new Error(`STRATA_REQUIRE asks for ${machine}: ${reason}`);
    } else {
      console.log(`SKIPPED: ${machine}: ${reason}`);
    }
  }
  return devices;
}

/** Opened once. A kind that is missing is told as SKIPPED, or fails if STRATA_REQUIRE names it. */
export function devices(): Promise<Device[]> {
  return (found ??= look());
}

/** The first device that is not the CPU, or undefined. */
export async function elsewhere(): Promise<Device | undefined> {
  return (await devices()).find((device) => device.machine !== "cpu");
}
