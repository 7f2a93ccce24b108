// GELU in its tanh form (Hendrycks and Gimpel, 2016) and its derivative.
//
//   gelu(x) = x/2 (1 + tanh u),   u = sqrt(2/pi) (x + 0.044715 x^3)
//
// 1/2 (1 + tanh u) is 1 / (1 + e^-2u): one exponential and one division, and nothing cancels where
// tanh u is close to -1. Below, `power` is -2u = x (LINEAR + CUBIC x^2).
#pragma once

#define GELU_LINEAR -1.5957691216057308f  // -2 sqrt(2/pi)
#define GELU_CUBIC -0.07135481627260025f  // LINEAR * 0.044715

// region: value
// Far below 0 the exponential is infinite and the answer 0; of -infinity too, where the quotient is none.
__device__ __forceinline__ float gelu_of(float x) {
    float power = x * (GELU_LINEAR + GELU_CUBIC * x * x);
    return power > 89.0f ? 0.0f : x / (1.0f + expf(power));
}
// end: value

// region: slope
// With e = e^power and s = 1 / (1 + e): gelu = x s, and s' = -power' e s^2. Beyond 10 the derivative
// is 0 or 1 to every digit; holding x there keeps its powers from overflowing, and lets NaN through.
__device__ __forceinline__ float gelu_slope(float x) {
    x = x < -10.0f ? -10.0f : x > 10.0f ? 10.0f : x;
    float e = expf(x * (GELU_LINEAR + GELU_CUBIC * x * x));
    float s = 1.0f / (1.0f + e);
    return s - x * (GELU_LINEAR + 3.0f * GELU_CUBIC * x * x) * (e * s) * s;
}
// end: slope
