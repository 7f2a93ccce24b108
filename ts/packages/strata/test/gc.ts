/** Makes the runtime collect garbage and run finalizers. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = () => void;

function isCollect(value: unknown): value is Collect {
  return typeof value === "function";
}

/** The runtime's own way, if there is one. */
function own(): Collect | undefined {
  const bun: unknown = Reflect.get(globalThis, "Bun");
  if (typeof bun === "object" && bun !== null && "gc" in bun && isCollect(bun.gc)) {
    const { gc } = bun;
    return () => Reflect.apply(gc, bun, [true]);
  }
  const plain: unknown = Reflect.get(globalThis, "gc");
  if (isCollect(plain)) return plain;
  try {
    setFlagsFromString("--expose-gc");
    const fresh: unknown = runInNewContext("gc");
    return isCollect(fresh) ? fresh : undefined;
  } catch {
    return undefined;
  }
}

const collect = own();

/** Collects until `done` says so or it was tried often enough; returns what `done` said last. */
export async function collectUntil(done: () => boolean, rounds = 50): Promise<boolean> {
  for (let i = 0; i < rounds && !done(); i++) {
    if (collect) collect();
    // Without a way to ask, garbage is made until the runtime minds it.
    else Array.from({ length: 200 }, () => new Array(10_000).fill(i));
    await new Promise((next) => setTimeout(next, 5));
  }
  return done();
}
