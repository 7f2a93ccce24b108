/** Arrays and their arithmetic in plain loops of doubles: what tensors are compared with. */

/** Elements in row-major order under a shape. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The number of elements of a shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  for (let place = 0; place < count(shape); place++) {
    const index: number[] = [];
    let rest = place;
    for (const size of [...shape].reverse()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    yield index;
  }
}

/** The element at an index; dimensions of 1 repeat, missing ones are in front. */
export function get(a: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - a.shape.length);
  const place = a.shape.reduce((at, size, d) => at * size + (size === 1 ? 0 : (own[d] ?? 0)), 0);
  return a.data[place] ?? NaN;
}

/** A new array whose elements a function of the index gives. */
export function build(shape: readonly number[], at: (index: number[]) => number): Nd {
  return { shape, data: Array.from(indices(shape), at) };
}

/** Numbers from -2 to 2, another sequence for each seed, exact in f32. */
export function numbers(shape: readonly number[], seed = 1): Nd {
  let state = seed;
  return build(shape, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.fround((state / 2147483648) * 4 - 2);
  });
}

/** The shape that two shapes broadcast to. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, d) => {
    const [x, y] = [a[d - rank + a.length] ?? 1, b[d - rank + b.length] ?? 1];
    return x === 1 ? y : x;
  });
}

/** A function of each element. */
export function map(a: Nd, fn: (x: number) => number): Nd {
  return { shape: a.shape, data: a.data.map(fn) };
}

/** A function of each pair, broadcast. */
export function zip(a: Nd, b: Nd, fn: (x: number, y: number) => number): Nd {
  return build(broadcast(a.shape, b.shape), (index) => fn(get(a, index), get(b, index)));
}

/** A function of all elements along some dimensions. */
export function reduce(a: Nd, dims: readonly number[], keepdim: boolean, fn: (all: number[]) => number): Nd {
  const kept = a.shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const groups = new Map<string, number[]>();
  for (const index of indices(kept)) groups.set(index.join(), []);
  for (const index of indices(a.shape))
    groups.get(index.map((i, d) => (dims.includes(d) ? 0 : i)).join())?.push(get(a, index));
  const shape = keepdim ? kept : a.shape.filter((_, d) => !dims.includes(d));
  return { shape, data: [...groups.values()].map(fn) };
}

/** Dimensions in another order. */
export function permute(a: Nd, order: readonly number[]): Nd {
  return build(
    order.map((d) => a.shape[d] ?? 1),
    (index) => {
      const from: number[] = [];
      order.forEach((d, i) => (from[d] = index[i] ?? 0));
      return get(a, from);
    },
  );
}

/** The product of matrices in the last two dimensions, what comes before broadcast. */
export function matmul(a: Nd, b: Nd): Nd {
  const [n = 1, k = 1] = a.shape.slice(-2);
  const m = b.shape.at(-1) ?? 1;
  const batches = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return build([...batches, n, m], (index) => {
    const [row = 0, column = 0] = index.slice(-2);
    const batch = index.slice(0, -2);
    let sum = 0;
    for (let i = 0; i < k; i++) sum += get(a, [...batch, row, i]) * get(b, [...batch, i, column]);
    return sum;
  });
}

/** Derivatives of a number by each element, by central differences. */
export function differences(a: Nd, of: (a: Nd) => number, step = 1e-3): number[] {
  return a.data.map((x, i) => {
    const moved = (by: number): Nd => ({
      shape: a.shape,
      data: a.data.map((y, j) => (i === j ? x + by : y)),
    });
    return (of(moved(step)) - of(moved(-step))) / (2 * step);
  });
}
