/** How binaries for this machine are called. */
import { readFileSync } from "node:fs";
import { arch, platform, report } from "node:process";

/** Whether this Linux's C library is musl (Alpine) rather than glibc. */
function isMusl(): boolean {
  try {
    // A script or a program that names its library; there on nearly every system.
    const ldd = readFileSync("/usr/bin/ldd", "latin1");
    if (ldd.includes("musl")) return true;
    if (ldd.includes("GLIBC") || ldd.includes("GNU C Library")) return false;
  } catch {
    // Not there: ask the runtime.
  }
  const header: unknown = Object(report?.getReport()).header;
  return typeof header === "object" && header !== null && !("glibcVersionRuntime" in header);
}

/** `linux-x64-gnu`, `linux-arm64-musl`, `darwin-arm64`, `win32-x64-msvc`. */
export function platformName(): string {
  const abi = platform === "linux" ? (isMusl() ? "-musl" : "-gnu") : platform === "win32" ? "-msvc" : "";
  return `${platform}-${arch}${abi}`;
}
