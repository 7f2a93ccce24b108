// What all cumsum kernels share: what they take, and where the elements of a walk lie.
#pragma once

#ifndef INTEGER
#define INTEGER 0  // 1: i32 or u32, modulo 2^32
#endif
#ifndef REVERSE
#define REVERSE 0  // 1: from the last element to the first
#endif

struct Params {
    unsigned columns;  // outer inner
    unsigned length;
    unsigned inner;
    unsigned first;  // this launch takes elements first .. first + count, in the order of the walk
    unsigned count;
};

// Where element j of the walk lies.
__device__ __forceinline__ size_t place(const Params& p, unsigned column, unsigned j) {
    unsigned at = REVERSE ? p.length - 1 - j : j;
    return ((size_t)(column / p.inner) * p.length + at) * p.inner + column % p.inner;
}
