// OpSample: one way to call one operation. The samples stand beside the operation's rule and drive
// gradient checks, comparison with the composed twin (autograd/reference.h), f32 against f64,
// device parity and benchmarks. They run the very code that training runs.
//
//   SAMPLES(layer_norm) {
//     Samples list;
//     for (auto [rows, width] : {Size{3, 5}, Size{65, 17}})
//       list.add({randn({rows, width}), randn({width}), randn({width})},
//                [](const Inputs& in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
//           .same_as([](const Inputs& in) { return reference::layer_norm(in[0], in[1], in[2],
//           1e-5); }) .note("65 = one tile and a row");
//     return list;
//   }
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/operations.h"
#include "autograd/variable.h"

namespace pupil {

using Inputs = std::vector<Variable>;
using OpFunction = std::function<Variable(const Inputs&)>;

struct OpSample {
  std::vector<Tensor> inputs;  ///< f64; the check makes parameters of them
  OpFunction function;
  OpFunction twin;                  ///< the same composed of simpler operations; may be empty
  std::vector<bool> zero_gradient;  ///< input i has exactly the gradient 0 (a detached one)
  double tolerance = 1e-6;          ///< of the gradient error (autograd/gradcheck.h)
  double float32_tolerance =
      2e-4;                      ///< f32 against f64: values and gradients, relative to the largest
  std::string text;              ///< what the sample is for
  std::int64_t tile_border = 0;  ///< > 0: crosses a border of this many rows, columns or positions

  OpSample& same_as(OpFunction f) { return twin = std::move(f), *this; }
  OpSample& note(std::string s) { return text = std::move(s), *this; }
  OpSample& border(std::int64_t n) { return tile_border = n, *this; }
  OpSample& no_gradient(std::size_t input);
  OpSample& within(double gradient_tolerance) { return tolerance = gradient_tolerance, *this; }
  OpSample& float32_within(double t) { return float32_tolerance = t, *this; }
};

class Samples : public std::vector<OpSample> {
 public:
  OpSample& add(std::vector<Tensor> inputs, OpFunction function);
};

#define SAMPLES(op) std::vector<OpSample> samples_##op()

// Random inputs, f64, reproducible: the n-th call since the start of a SAMPLES function in this
// process draws from stream n of a fixed seed; samples_x() called twice gives different numbers
// only if reset_sample_seed() gave another seed.
Tensor randn(const Shape& shape);
Tensor rand_between(const Shape& shape, double low, double high);
/// Values at least `distance` away from every kink, for relu, abs, max, clamp.
Tensor randn_away_from(const Shape& shape, const std::vector<double>& kinks,
                       double distance = 0.02);
/// All different by at least 0.02, in random order: for max, minimum, maximum.
Tensor rand_distinct(const Shape& shape);
Tensor random_ids(const Shape& shape, std::int32_t count);  ///< i32 in [0, count)
void reset_sample_seed(std::uint64_t seed);

}  // namespace pupil
