/**
 * The engine's structured answers are JSON text. What a text holds is stated beside each call in
 * `native.ts`; both sides are built from one commit, so it is not checked again here.
 */
export function parse<T>(text: string): T {
  const value: T = JSON.parse(text);
  return value;
}
