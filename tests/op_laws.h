// The laws every operation's samples must obey, for use inside gtest.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/gradcheck.h"
#include "autograd/sample.h"
#include "kernels/parallel.h"

namespace pupil::laws {

struct Outcome {
  Tensor value;
  std::vector<Tensor> gradients;  ///< undefined where none arrived
};

/// Value and gradients of `function` at the sample's inputs in `dtype`, for a fixed upstream.
inline Outcome run(const OpSample& sample, const OpFunction& function, DType dtype) {
  Inputs inputs;
  for (const Tensor& x : sample.inputs) inputs.push_back(parameter(x.to(dtype).clone()));
  const Variable y = function(inputs);
  Outcome outcome{y.value(), {}};
  reset_sample_seed(5);
  if (y.requires_grad()) backward(y, randn(y.shape()).to(dtype));
  for (const Variable& x : inputs) outcome.gradients.push_back(x.grad());
  return outcome;
}

inline void expect_close(const Tensor& got, const Tensor& want, double tolerance,
                         const std::string& what) {
  ASSERT_EQ(got.defined(), want.defined()) << what;
  if (!got.defined()) return;
  ASSERT_EQ(got.shape().str(), want.shape().str()) << what;
  const auto a = got.to(DType::kFloat64).to_vector<double>();
  const auto b = want.to(DType::kFloat64).to_vector<double>();
  double largest = 0;
  for (const double x : b) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_LE(std::abs(a[i] - b[i]), tolerance * std::max(largest, 1e-3))
        << what << ", element " << i << ": got " << a[i] << ", want " << b[i];
  }
}

inline void expect_close(const Outcome& got, const Outcome& want, double tolerance,
                         const std::string& what) {
  expect_close(got.value, want.value, tolerance, what + ": value");
  for (std::size_t i = 0; i < want.gradients.size(); ++i) {
    expect_close(got.gradients[i], want.gradients[i], tolerance,
                 what + ": gradient " + std::to_string(i));
  }
}

/// Finite differences, the composed twin, f32 against f64, and the same bits for 1, 2 and 3
/// threads.
inline void expect_lawful(std::vector<OpSample> (*samples)()) {
  reset_sample_seed(1);
  for (const OpSample& sample : samples()) {
    const GradcheckResult check = gradcheck(sample);
    EXPECT_TRUE(check.passed) << check.message;
    const Outcome exact = run(sample, sample.function, DType::kFloat64);
    if (sample.twin) {
      expect_close(exact, run(sample, sample.twin, DType::kFloat64), 1e-12, "twin, " + sample.text);
    }
    const int before = threads();
    set_threads(1);
    const Outcome alone = run(sample, sample.function, DType::kFloat32);
    expect_close(alone, exact, sample.float32_tolerance, "f32, " + sample.text);
    for (const int n : {2, 3}) {
      set_threads(n);
      expect_close(run(sample, sample.function, DType::kFloat32), alone, 0,
                   "threads, " + sample.text);
    }
    set_threads(before);
  }
}

}  // namespace pupil::laws
