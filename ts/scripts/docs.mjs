// Every name that a reader can reach from strata-ml has a doc comment, and nothing is typed `any`.
//
//   node scripts/docs.mjs        after a build: it reads dist/
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const dist = join(workspace, "packages", "strata", "dist");
const entry = join(dist, "index.d.ts");

const maps = new Map();

/** Where a node of a declaration file comes from: `packages/strata/src/device.ts:12`. */
function place(node) {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart());
  const path = `${file.fileName}.map`;
  if (!maps.has(path)) maps.set(path, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, "utf8"))) : null);
  const found = maps.get(path)?.findEntry(line, character);
  if (found?.originalSource === undefined) return `${relative(workspace, file.fileName)}:${line + 1}`;
  const source = fileURLToPath(new URL(found.originalSource, pathToFileURL(file.fileName)));
  return `${relative(workspace, source)}:${found.originalLine + 1}`;
}

const ours = (node) => resolve(node.getSourceFile().fileName).startsWith(dist);
const hidden = (node) => (ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 || (node.name !== undefined && ts.isPrivateIdentifier(node.name));

/** Walks everything reachable from the package's exports. */
class Walk {
  offenders = [];
  names = 0;
  #seen = new Set();

  constructor(checker) {
    this.checker = checker;
  }

  #blame(node, name, what) {
    this.offenders.push(`${place(node)}: ${name} ${what}`);
  }

  /** An exported name or a member: it must be documented, and what it is made of is looked at. */
  symbol(symbol, name) {
    const real = symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    const declarations = (real.declarations ?? []).filter(ours);
    const [first] = declarations;
    if (first === undefined || this.#seen.has(real)) return;
    this.#seen.add(real);
    if (declarations.every(hidden)) return;
    this.names += 1;
    // A namespace that is a file of its own is told about at the head of that file.
    const inFile = ts.isSourceFile(first) && /^\s*\/\*\*/.test(first.getFullText());
    // A member inherits the words of what it overrides.
    const words = real.getDocumentationComment(this.checker);
    if (words.length === 0 && !inFile) this.#blame(first.name ?? first, name, "has no doc comment");
    if (real.flags & (ts.SymbolFlags.ValueModule | ts.SymbolFlags.NamespaceModule)) {
      for (const part of this.checker.getExportsOfModule(real)) this.symbol(part, `${name}.${part.name}`);
    }
    for (const declaration of declarations) this.#inside(declaration, name);
  }

  /** Members and the types that a declaration mentions. */
  #inside(declaration, name) {
    if (ts.isSourceFile(declaration)) return;
    for (const base of declaration.heritageClauses ?? []) base.types.forEach((type) => this.#mentioned(type, name));
    if (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)) {
      for (const member of declaration.members) this.#member(member, name);
    } else {
      // What an object holds; a type written in place in a signature is told about by its function.
      const holds = ts.isVariableDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration);
      this.#mentioned(declaration, name, holds);
    }
  }

  #member(member, name) {
    if (hidden(member)) return;
    if (ts.isConstructorDeclaration(member)) {
      if (member.parameters.length > 0) {
        this.names += 1;
        if (!ts.getJSDocCommentsAndTags(member).some(ts.isJSDoc)) this.#blame(member, `new ${name}`, "has no doc comment");
      }
      member.parameters.forEach((parameter) => this.#mentioned(parameter, name));
      return;
    }
    const symbol = member.name && this.checker.getSymbolAtLocation(member.name);
    if (symbol) this.symbol(symbol, `${name}.${member.name.getText()}`);
    else this.#mentioned(member, name);
  }

  /** Types named in a signature; `holds` asks for the members of types written in place as well. */
  #mentioned(node, name, holds = false) {
    if (holds && ts.isTypeLiteralNode(node)) {
      for (const member of node.members) this.#member(member, name);
      return;
    }
    const type = ts.isTypeReferenceNode(node) ? node.typeName : ts.isExpressionWithTypeArguments(node) ? node.expression : ts.isTypeQueryNode(node) ? node.exprName : undefined;
    const symbol = type && this.checker.getSymbolAtLocation(type);
    if (symbol && !(symbol.flags & ts.SymbolFlags.TypeParameter)) this.symbol(symbol, symbol.name);
    ts.forEachChild(node, (child) => this.#mentioned(child, name, holds));
  }
}

/** All places where a declaration file says `any`. */
function anys(file) {
  const found = [];
  const look = (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${place(node)}: any (${relative(workspace, file.fileName)})`);
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

/** What is undocumented or `any`, by place, and how many names were looked at. */
export function docs() {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"], types: ["node"] });
  const index = program.getSourceFile(entry);
  if (index === undefined) throw new Error(`there is no ${relative(workspace, entry)}: build first`);
  const checker = program.getTypeChecker();
  const walk = new Walk(checker);
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(index))) walk.symbol(symbol, symbol.name);
  const untyped = program.getSourceFiles().filter(ours).flatMap(anys);
  return { names: walk.names, offenders: [...walk.offenders, ...untyped].sort() };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { names, offenders } = docs();
  for (const offender of offenders) console.log(offender);
  console.log(`${names} names, ${offenders.length} to mend`);
  process.exitCode = offenders.length === 0 ? 0 : 1;
}
