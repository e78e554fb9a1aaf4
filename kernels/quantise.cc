// The code books, and the scales of NF4: few numbers, one for each 64 weights.
#include "kernels/quantise.h"

#include <algorithm>
#include <cmath>

namespace pupil::cpu {

const float kNf4[16] = {-1.0f,
                        -0.6961928009986877f,
                        -0.5250730514526367f,
                        -0.39491748809814453f,
                        -0.28444138169288635f,
                        -0.18477343022823334f,
                        -0.09105003625154495f,
                        0.0f,
                        0.07958029955625534f,
                        0.16093020141124725f,
                        0.24611230194568634f,
                        0.33791524171829224f,
                        0.44070982933044434f,
                        0.5626170039176941f,
                        0.7229568362236023f,
                        1.0f};

const std::array<float, 256>& scale_map() {
  static const std::array<float, 256> map = [] {
    std::array<float, 256> values{};
    std::size_t count = 0;
    values[count++] = 0;
    values[count++] = 1;
    // In float32 and from both ends towards the middle, as PyTorch divides an interval: the bits of
    // the map are part of the definition.
    for (int i = 0; i <= 6; ++i) {
      const int parts = 1 << i;
      const float power = float(std::pow(10.0, i - 6)), step = (1.0f - 0.1f) / float(parts);
      const auto border = [&](int k) {
        return 2 * k <= parts ? std::fma(step, float(k), 0.1f)
                              : std::fma(-step, float(parts - k), 1.0f);
      };
      for (int k = 0; k < parts; ++k) {
        const float value = power * ((border(k) + border(k + 1)) / 2);
        values[count++] = value;
        values[count++] = -value;
      }
    }
    std::sort(values.begin(), values.end());
    return values;
  }();
  return map;
}

namespace {

std::uint8_t nearest_code(float x) {
  const std::array<float, 256>& map = scale_map();
  const auto above = std::lower_bound(map.begin(), map.end(), x);
  if (above == map.begin()) return 0;
  if (above == map.end()) return 255;
  const auto below = above - 1;
  return std::uint8_t((x - *below <= *above - x ? below : above) - map.begin());
}

}  // namespace

float quantise_scales(std::span<std::uint8_t> codes, std::span<float> absmax2,
                      std::span<const float> absmax) {
  if (absmax.empty()) return 0;
  double sum = 0;
  for (const float a : absmax) sum += a;
  const auto offset = float(sum / double(absmax.size()));
  for (std::size_t block = 0; block * kScaleBlock < absmax.size(); ++block) {
    const std::size_t begin = block * kScaleBlock;
    const std::size_t end = std::min<std::size_t>(absmax.size(), begin + kScaleBlock);
    float largest = 0;
    for (std::size_t b = begin; b < end; ++b) {
      largest = std::max(largest, std::abs(absmax[b] - offset));
    }
    absmax2[block] = largest;
    for (std::size_t b = begin; b < end; ++b) {
      codes[b] = nearest_code(largest > 0 ? (absmax[b] - offset) / largest : 0);
    }
  }
  return offset;
}

void dequantise_scales(std::span<float> absmax, std::span<const std::uint8_t> codes,
                       std::span<const float> absmax2, float offset) {
  const std::array<float, 256>& map = scale_map();
  for (std::size_t b = 0; b < absmax.size(); ++b) {
    // Two roundings, as the definition has it: through double, so that they are not fused into one.
    absmax[b] = float(double(map[codes[b]]) * absmax2[b / kScaleBlock]) + offset;
  }
}

}  // namespace pupil::cpu
