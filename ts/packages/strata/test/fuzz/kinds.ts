/** What the package's types say that its functions take, read from its declarations. */
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** A type, as far as values can be made for it. */
export type Kind =
  | { readonly is: "number" | "string" | "boolean" | "undefined" | "null" | "function" | "unknown" }
  | { readonly is: "literal"; readonly value: string | number | boolean }
  | { readonly is: "list" | "iterable"; readonly of: Kind }
  | { readonly is: "tuple"; readonly of: readonly Kind[] }
  | { readonly is: "made"; readonly name: string }
  | { readonly is: "object"; readonly fields: Readonly<Record<string, Kind>> }
  | { readonly is: "either"; readonly of: readonly Kind[] };

/** A parameter. */
export interface Parameter {
  readonly name: string;
  readonly kind: Kind;
  readonly optional: boolean;
  readonly rest: boolean;
}

/** The parameters of every function by its place, `nn.Linear.prototype.forward`; overloads side by side. */
export type Signatures = Readonly<Record<string, readonly (readonly Parameter[])[]>>;

const DEEP = 4;

class Reader {
  readonly found: Record<string, Parameter[][]> = {};
  readonly #checker: ts.TypeChecker;
  readonly #at: ts.Node;
  readonly #seen = new Set<string>();

  constructor(checker: ts.TypeChecker, at: ts.Node) {
    this.#checker = checker;
    this.#at = at;
  }

  module(symbol: ts.Symbol, prefix: string): void {
    for (const part of this.#checker.getExportsOfModule(symbol)) {
      const real = part.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(part) : part;
      const place = `${prefix}${part.name}`;
      if (this.#seen.has(place)) continue;
      this.#seen.add(place);
      if (real.flags & (ts.SymbolFlags.ValueModule | ts.SymbolFlags.NamespaceModule)) this.module(real, `${place}.`);
      else if (real.flags & ts.SymbolFlags.Class) this.#class(real, place);
      else if (real.flags & ts.SymbolFlags.Value) this.#value(this.#checker.getTypeOfSymbolAtLocation(real, this.#at), place);
    }
  }

  #value(type: ts.Type, place: string): void {
    const calls = type.getCallSignatures();
    if (calls.length > 0) this.found[place] = calls.map((one) => this.#parameters(one));
    else for (const member of type.getProperties()) this.#member(member, place);
  }

  #class(symbol: ts.Symbol, place: string): void {
    const made = this.#checker.getTypeOfSymbolAtLocation(symbol, this.#at);
    const news = made.getConstructSignatures();
    this.found[`new ${place}`] = news.map((one) => this.#parameters(one));
    for (const member of made.getProperties()) if (member.name !== "prototype") this.#member(member, place);
    const instance = this.#checker.getDeclaredTypeOfSymbol(symbol);
    for (const member of this.#checker.getPropertiesOfType(instance)) this.#member(member, `${place}.prototype`);
  }

  #member(member: ts.Symbol, place: string): void {
    const type = this.#checker.getTypeOfSymbolAtLocation(member, this.#at);
    const calls = type.getCallSignatures();
    const at = `${place}.${member.name}`;
    if (calls.length > 0) this.found[at] = calls.map((one) => this.#parameters(one));
    // What an accessor holds is what its setter takes.
    else this.found[at] = [[{ name: "value", kind: this.#kind(type, 0), optional: false, rest: false }]];
  }

  #parameters(signature: ts.Signature): Parameter[] {
    return signature.getParameters().map((symbol) => {
      const declared = symbol.valueDeclaration;
      const type = this.#checker.getTypeOfSymbolAtLocation(symbol, this.#at);
      const is = declared !== undefined && ts.isParameter(declared) ? declared : undefined;
      const rest = is?.dotDotDotToken !== undefined;
      const kind = this.#kind(type, 0);
      const each = rest && kind.is === "list" ? kind.of : kind;
      return { name: symbol.name, kind: each, optional: is?.questionToken !== undefined || is?.initializer !== undefined, rest };
    });
  }

  #kind(type: ts.Type, depth: number): Kind {
    const flags = type.flags;
    if (type.isUnion()) {
      const parts = type.types.map((one) => this.#kind(one, depth));
      return { is: "either", of: parts };
    }
    if (type.isStringLiteral() || type.isNumberLiteral()) return { is: "literal", value: type.value };
    if (flags & ts.TypeFlags.BooleanLike) return { is: "boolean" };
    if (flags & ts.TypeFlags.NumberLike) return { is: "number" };
    if (flags & ts.TypeFlags.StringLike) return { is: "string" };
    if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return { is: "undefined" };
    if (flags & ts.TypeFlags.Null) return { is: "null" };
    if (type.getCallSignatures().length > 0) return { is: "function" };
    if (type.isIntersection() && type.types.some((one) => one.getCallSignatures().length > 0)) return { is: "function" };
    if (flags & ts.TypeFlags.TypeParameter) {
      const bound = type.getConstraint();
      return bound === undefined ? { is: "unknown" } : this.#kind(bound, depth + 1);
    }
    return depth >= DEEP ? { is: "unknown" } : this.#object(type, depth);
  }

  #object(type: ts.Type, depth: number): Kind {
    const name = type.symbol?.name ?? "";
    const inner = (): Kind => {
      const [of] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return of === undefined ? { is: "unknown" } : this.#kind(of, depth + 1);
    };
    if (this.#checker.isTupleType(type)) {
      return { is: "tuple", of: this.#checker.getTypeArguments(type as ts.TypeReference).map((one) => this.#kind(one, depth + 1)) };
    }
    if (this.#checker.isArrayType(type)) return { is: "list", of: inner() };
    if (/^(Async)?(Iterable|Iterator|Generator|IterableIterator)$/.test(name)) return { is: "iterable", of: inner() };
    // A class of the package's or of the language's.
    if (type.isClass() || /Array$|^(AbortSignal|Map|Set|Date)$/.test(name)) return { is: "made", name };
    const fields: Record<string, Kind> = {};
    for (const member of this.#checker.getPropertiesOfType(type)) {
      fields[member.name] = this.#kind(this.#checker.getTypeOfSymbolAtLocation(member, this.#at), depth + 1);
    }
    return { is: "object", fields };
  }
}

/** Reads the declarations that the build left in `dist`. */
export function signatures(): Signatures {
  const entry = fileURLToPath(new URL("../../dist/index.d.ts", import.meta.url));
  const program = ts.createProgram([entry], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    strict: true,
  });
  const index = program.getSourceFile(entry);
  if (index === undefined) throw new Error(`there is no ${entry}: build first`);
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(index);
  if (symbol === undefined) throw new Error(`${entry} exports nothing`);
  const reader = new Reader(checker, index);
  reader.module(symbol, "");
  return reader.found;
}
