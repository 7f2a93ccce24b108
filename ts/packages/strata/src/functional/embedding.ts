import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
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
