/** Everything that a reader can reach, found by looking: a new export is covered without being listed. */

/** Something that can be called, and how. */
export interface Target {
  /** `Tensor.prototype.add`, `new nn.Linear`, `functional.gelu`. */
  readonly place: string;
  readonly how: "call" | "new" | "method" | "get" | "set";
  /** The function itself. */
  readonly body: (...args: never[]) => unknown;
  /** For methods and accessors: the class whose instances it belongs to. */
  readonly owner: string | null;
  /** For functions that are properties of an object: that object. */
  readonly self: unknown;
}

type Body = Target["body"];

function isBody(value: unknown): value is Body {
  return typeof value === "function";
}

function isClass(body: Body): boolean {
  return /^class\b/.test(Function.prototype.toString.call(body));
}

/** Everything in a package's exports that can be called, and its classes by name. */
export function surface(root: object): { targets: Target[]; classes: Map<string, Body> } {
  const targets: Target[] = [];
  const classes = new Map<string, Body>();
  const seen = new Set<unknown>([Object.prototype, Function.prototype]);
  const ends = new Set<unknown>([Object.prototype, Error.prototype, null]);

  const members = (of: object, place: string, owner: string | null, skip: readonly string[]): void => {
    for (const key of Reflect.ownKeys(of)) {
      const name = typeof key === "symbol" ? `[${key.description}]` : key;
      const found = Reflect.getOwnPropertyDescriptor(of, key);
      if (found === undefined || skip.includes(name)) continue;
      const at = `${place}.${name}`;
      if (isBody(found.value) && !isClass(found.value)) {
        targets.push({ place: at, how: owner === null ? "call" : "method", body: found.value, owner, self: of });
      }
      if (isBody(found.get)) targets.push({ place: at, how: "get", body: found.get, owner, self: of });
      if (isBody(found.set)) targets.push({ place: at, how: "set", body: found.set, owner, self: of });
    }
  };

  const walk = (of: object, prefix: string): void => {
    for (const key of Object.keys(of).sort()) {
      const value: unknown = Reflect.get(of, key);
      const place = `${prefix}${key}`;
      if (seen.has(value)) continue;
      if (isBody(value)) {
        seen.add(value);
        if (!isClass(value)) {
          targets.push({ place, how: "call", body: value, owner: null, self: undefined });
          continue;
        }
        classes.set(key, value);
        targets.push({ place: `new ${place}`, how: "new", body: value, owner: null, self: undefined });
        members(value, place, null, ["length", "name", "prototype"]);
        const prototype: unknown = Reflect.get(value, "prototype");
        // Those of the classes it extends, too, unless they are exported themselves.
        for (let at = prototype; typeof at === "object" && at !== null && (at === prototype || !ends.has(at)); at = Reflect.getPrototypeOf(at)) {
          members(at, `${place}.prototype`, key, ["constructor"]);
        }
      } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        seen.add(value);
        members(value, place, null, []);
        // A namespace of the package has functions and classes; its members were taken as functions.
        walk(value, `${place}.`);
      }
    }
  };
  const ending = (of: object): void => {
    for (const value of Object.values(of)) {
      if (isBody(value) && isClass(value)) ends.add(Reflect.get(value, "prototype"));
      else if (typeof value === "object" && value !== null && Reflect.get(value, Symbol.toStringTag) === "Module") ending(value);
    }
  };
  ending(root);
  walk(root, "");
  const unique = new Map(targets.map((target) => [`${target.how} ${target.place}`, target]));
  return { targets: [...unique.values()], classes };
}
