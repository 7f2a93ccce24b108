//! Strata's parity table: op by rung by device, and the benchmarks over it.
