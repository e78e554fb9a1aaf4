#include "sft/neftune.h"

#include <cmath>

#include "kernels/random.h"

namespace pupil {
namespace {

// Apart from the numbers that dropout draws with the same seed.
constexpr std::uint64_t kNoiseKey = 0x4E4546'54756E65;

// The position in row b behind the record that begins at t: its segment ends, or padding begins.
std::int64_t end_of_record(const Batch& batch, std::int64_t b, std::int64_t t) {
  const std::int64_t T = batch.input.ids.shape()[1];
  if (!batch.input.segments.defined()) return batch.lengths[std::size_t(b)];
  const std::int32_t* segments = batch.input.segments.data<std::int32_t>() + b * T;
  const std::int32_t segment = segments[t];
  while (t < T && segments[t] == segment) ++t;
  return t;
}

bool is_padding(const Batch& batch, std::int64_t b, std::int64_t t) {
  if (!batch.input.segments.defined()) return t >= batch.lengths[std::size_t(b)];
  return batch.input.segments.data<std::int32_t>()[b * batch.input.ids.shape()[1] + t] < 0;
}

}  // namespace

Tensor neftune_noise(const Batch& batch, std::int64_t width, double alpha, NoisePlace place,
                     DType dtype) {
  const std::int64_t B = batch.input.ids.shape()[0], T = batch.input.ids.shape()[1];
  const Tensor noise = Tensor::zeros({B, T, width}, DType::kFloat64);
  double* values = noise.data<double>();
  std::int64_t record = place.record;
  for (std::int64_t b = 0; b < B; ++b) {
    for (std::int64_t begin = 0; begin < T;) {
      if (is_padding(batch, b, begin)) {
        ++begin;
        continue;
      }
      const std::int64_t end = end_of_record(batch, b, begin);
      const double size = alpha / std::sqrt(double((end - begin) * width));
      const std::uint64_t stream = (std::uint64_t(place.step) << 32) + std::uint64_t(record++);
      double* const first = values + (b * T + begin) * width;
      const std::int64_t count = (end - begin) * width;
      for (std::int64_t i = 0; i < count; i += 2) {
        const PhiloxWords w = philox(std::uint64_t(i / 2), stream, place.seed ^ kNoiseKey);
        first[i] = size * (2 * uniform(w.word[0], w.word[1]) - 1);
        if (i + 1 < count) first[i + 1] = size * (2 * uniform(w.word[2], w.word[3]) - 1);
      }
      begin = end;
    }
  }
  return noise.to(dtype);
}

}  // namespace pupil
