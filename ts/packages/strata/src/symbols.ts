/**
 * `using` needs `Symbol.dispose`, which the first releases of Node 20 lack. Compilers that lower
 * `using` look for this very property.
 */
for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}
