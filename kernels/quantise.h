// Weights in 4 and in 8 bits, as bitsandbytes defines them (Dettmers et al. 2022, LLM.int8();
// Dettmers et al. 2023, QLoRA). All arithmetic is in float32, whatever T is.
//
// NF4: blocks of 64 numbers along an array; the last may be short.
//   absmax_b = max |x_i|,  i in block b; at least 1e-38, so that a block of zeros can be divided
//   index_i  = the entry of kNf4 nearest to x_i / absmax_b; a tie goes to the lower
//   x'_i     = kNf4[index_i] absmax_b
//   packed   two indices a byte, the first in the high half; an odd last one is followed by a 7
//
// Double quantisation: the absmax of NF4, again in blocks of 256, around their mean.
//   offset = mean of all absmax     absmax2_c = max |absmax_b - offset|,  b in block c
//   code_b = the entry of scale_map() nearest to (absmax_b - offset) / absmax2_c
//   absmax'_b = scale_map()[code_b] absmax2_c + offset
// That makes 4 + 8 / 64 + 32 / (64 * 256) = 4.127 bits a number.
//
// int8, row by row:  code = 127 x / absmax, rounded to nearest, ties to even;  x' = code absmax /
// 127
//
// All numbers must be finite. Nothing may overlap. Deterministic: a number of the result depends on
// its block or row alone (and on `offset`, which is summed in order).
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "kernels/view.h"

namespace pupil::cpu {

inline constexpr std::int64_t kNf4Block = 64;
inline constexpr std::int64_t kScaleBlock = 256;

/// The 16 values of NF4: quantiles of a normal distribution, scaled to [-1, 1], with an exact 0.
extern const float kNf4[16];

/// n numbers -> (n + 1) / 2 bytes and one absmax a block.
template <class T>
void nf4_quantise(std::uint8_t* packed, float* absmax, const T* x, std::int64_t n);
template <class T>
void nf4_dequantise(T* out, const std::uint8_t* packed, const float* absmax, std::int64_t n);

/// One code a number, one absmax a row.
template <class T>
void int8_quantise(std::int8_t* codes, float* absmax, View<const T> x);
template <class T>
void int8_dequantise(View<T> out, const std::int8_t* codes, const float* absmax);

/// The 256 values of a scale's code, rising: 0, 1, and +-10^(i - 6) times the midpoints between the
/// 2^i + 1 numbers that divide [0.1, 1] evenly, for i = 0 .. 6 (Dettmers 2016).
const std::array<float, 256>& scale_map();

/// absmax2 has one number for each kScaleBlock of absmax; returns the offset.
float quantise_scales(std::span<std::uint8_t> codes, std::span<float> absmax2,
                      std::span<const float> absmax);
void dequantise_scales(std::span<float> absmax, std::span<const std::uint8_t> codes,
                       std::span<const float> absmax2, float offset);

}  // namespace pupil::cpu
