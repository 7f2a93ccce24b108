import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
import { whole } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";
import { handleOrNone } from "./call.js";

/**
 * The rows of a table that belong to ids: ids [batch, rows] of u32, table [entries, width], result
 * [batch, rows, width]. With `positions` [context, width], row `t` of it is added at place `t`. Without,
 * ids may have any shape. An id outside the table gives a row of NaN.
 *
 * @throws {@link StrataError} `"dtype"` unless the ids are u32; `"shape"` for more rows than positions.
 */
export function embedding(ids: Tensor, table: Tensor, positions?: Tensor | null): Tensor {
  const op = "embedding";
  handleOf(ids, op);
  handleOf(table, op);
  const { shape } = ids;
  const look = (at: Tensor): Tensor => {
    const handles = [handleOf(at, op), handleOf(table, op), handleOrNone(positions, op)] as const;
    return wrap(native.embedding(...handles), table.device);
  };
  if (shape.length === 2 || handleOrNone(positions, op) !== 0) return look(ids);
  return tidy(() => look(ids.reshape(1, ids.numel)).reshape(...shape, table.shape[1] ?? 0));
}

/**
 * 1 at each id and 0 elsewhere: ids of i32 or u32 of any shape, result [..., classes] of f32. An id
 * outside gives a row of NaN. No gradient.
 *
 * @throws {@link StrataError} `"dtype"` unless the ids are integers; `"value"` for classes that are no
 * whole number.
 */
export function oneHot(ids: Tensor, classes: number): Tensor {
  const op = "oneHot";
  return wrap(native.oneHot(handleOf(ids, op), whole(op, "classes", classes, 0)), ids.device);
}
