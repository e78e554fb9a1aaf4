// Kernels of our own in the place of the library's, as an exercise hands them in: functions of the
// same signature, linked beside the static libraries. Operations, gradient checks and training run
// on them, and a mistake in one shows.
//
// A switch chooses what stands behind each function: the student's version, the student's version
// with a mistake in it, or the library's own, which keeps its name in namespace cpu::baseline.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "autograd/gradcheck.h"
#include "kernels/layer_norm.h"
#include "nn/optimizer.h"
#include "sft/step.h"
#include "tensor/norms.h"
#include "tests/op_laws.h"
#include "tests/small_models.h"

namespace pupil::cpu::baseline {
template <class T>
void layer_norm_forward(View<T> out, T* mean, T* rstd, View<const T> inp, const T* weight,
                        const T* bias, T eps);
template <class T>
void layer_norm_backward(View<T> dinp, bool add, T* dweight, T* dbias, T* scratch,
                         View<const T> dout, View<const T> inp, const T* weight, const T* mean,
                         const T* rstd);
}  // namespace pupil::cpu::baseline

namespace student {

using pupil::View;
using std::int64_t;

enum class Version { kLibrary, kRight, kWrong };

struct Slot {
  Version version = Version::kLibrary;
  int calls = 0;
};
Slot forward_f64, forward_f32, backward_f64;

/// The mistake: the variance divided by width - 1.
template <class T>
void forward(Slot& slot, View<T> out, T* mean, T* rstd, View<const T> inp, const T* weight,
             const T* bias, T eps) {
  ++slot.calls;
  if (slot.version == Version::kLibrary) {
    return pupil::cpu::baseline::layer_norm_forward(out, mean, rstd, inp, weight, bias, eps);
  }
  const int64_t width = inp.width;
  const int64_t divisor = slot.version == Version::kWrong ? width - 1 : width;
  for (int64_t i = 0; i < inp.rows; ++i) {
    const T* x = inp.row(i);
    T sum = 0, squares = 0;
    for (int64_t j = 0; j < width; ++j) sum += x[j];
    mean[i] = sum / T(width);
    for (int64_t j = 0; j < width; ++j) squares += (x[j] - mean[i]) * (x[j] - mean[i]);
    rstd[i] = 1 / std::sqrt(squares / T(divisor) + eps);
    for (int64_t j = 0; j < width; ++j) {
      out.row(i)[j] = (x[j] - mean[i]) * rstd[i] * weight[j] + (bias ? bias[j] : 0);
    }
  }
}

/// The mistake: rstd taken for a constant, as if it did not depend on the input.
void backward(View<double> dinp, bool add, double* dweight, double* dbias, View<const double> dout,
              View<const double> inp, const double* weight, const double* mean, const double* rstd,
              bool constant_rstd) {
  for (int64_t i = 0; i < inp.rows; ++i) {
    const double *x = inp.row(i), *dy = dout.row(i);
    const auto xhat = [&](int64_t j) { return (x[j] - mean[i]) * rstd[i]; };
    double avg_g = 0, avg_gx = 0;
    for (int64_t j = 0; j < inp.width; ++j) {
      avg_g += dy[j] * weight[j] / double(inp.width);
      avg_gx += dy[j] * weight[j] * xhat(j) / double(inp.width);
    }
    if (constant_rstd) avg_gx = 0;
    for (int64_t j = 0; j < inp.width; ++j) {
      const double g = rstd[i] * (dy[j] * weight[j] - avg_g - xhat(j) * avg_gx);
      if (dweight) dweight[j] += dy[j] * xhat(j);
      if (dbias) dbias[j] += dy[j];
      if (dinp.data) dinp.row(i)[j] = add ? dinp.row(i)[j] + g : g;
    }
  }
}

}  // namespace student

// ---- what is handed in: these take the place of the library's in the whole program --------------

template <>
void pupil::cpu::layer_norm_forward<double>(View<double> out, double* mean, double* rstd,
                                            View<const double> inp, const double* weight,
                                            const double* bias, double eps) {
  student::forward(student::forward_f64, out, mean, rstd, inp, weight, bias, eps);
}

template <>
void pupil::cpu::layer_norm_forward<float>(View<float> out, float* mean, float* rstd,
                                           View<const float> inp, const float* weight,
                                           const float* bias, float eps) {
  student::forward(student::forward_f32, out, mean, rstd, inp, weight, bias, eps);
}

template <>
void pupil::cpu::layer_norm_backward<double>(View<double> dinp, bool add, double* dweight,
                                             double* dbias, double* scratch,
                                             View<const double> dout, View<const double> inp,
                                             const double* weight, const double* mean,
                                             const double* rstd) {
  student::Slot& slot = student::backward_f64;
  ++slot.calls;
  if (slot.version == student::Version::kLibrary) {
    return baseline::layer_norm_backward(dinp, add, dweight, dbias, scratch, dout, inp, weight,
                                         mean, rstd);
  }
  student::backward(dinp, add, dweight, dbias, dout, inp, weight, mean, rstd,
                    slot.version == student::Version::kWrong);
}

namespace pupil {
namespace {

using student::Version;

class AReplacedKernel : public testing::Test {
 protected:
  void SetUp() override { use(Version::kLibrary, Version::kLibrary); }

  static void use(Version forward, Version backward) {
    student::forward_f64 = student::forward_f32 = {forward, 0};
    student::backward_f64 = {backward, 0};
  }
};

bool passes_gradcheck() {
  reset_sample_seed(11);
  for (const OpSample& sample : samples_layer_norm()) {
    if (!gradcheck(sample).passed) return false;
  }
  return true;
}

constexpr int kSteps = 6;

// The losses of a few steps of AdamW on a small GPT, which has five layer norms.
std::vector<double> losses_of_training(DType dtype) {
  Gpt gpt = small::model(small::config(), 4, dtype);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {});
  const std::vector<Batch> batch = small::whole(small::examples(8, 5));
  std::vector<double> losses;
  for (int i = 0; i < kSteps; ++i) {
    losses.push_back(optimizer_step(gpt, arena, optimizer, batch, {}, 1e-2).loss);
  }
  return losses;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want,
                 double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], want[i], tolerance) << "step " << i + 1;
  }
}

TEST_F(AReplacedKernel, IsWhatTheOperationCalls) {
  const Tensor x = randn({5, 7}), weight = randn({7}), bias = randn({7});
  const Tensor want = tensor::layer_norm(x, weight, bias, 1e-5).out;
  EXPECT_EQ(student::forward_f64.calls, 1);
  use(Version::kRight, Version::kRight);
  const Tensor got = tensor::layer_norm(x, weight, bias, 1e-5).out;
  EXPECT_EQ(student::forward_f64.calls, 1);
  EXPECT_EQ(student::forward_f32.calls, 0) << "each element type has a function of its own";
  laws::expect_close(got, want, 1e-13, "the student's against the library's");
}

TEST_F(AReplacedKernel, PassesTheGradientCheckWhenItIsRight) {
  EXPECT_TRUE(passes_gradcheck()) << "the library's";
  use(Version::kRight, Version::kRight);
  EXPECT_TRUE(passes_gradcheck()) << "the student's";
  EXPECT_GT(student::forward_f64.calls, 0);
  EXPECT_GT(student::backward_f64.calls, 0);
}

TEST_F(AReplacedKernel, FailsTheGradientCheckWhenItsForwardIsWrong) {
  use(Version::kWrong, Version::kLibrary);
  EXPECT_FALSE(passes_gradcheck());
}

TEST_F(AReplacedKernel, FailsTheGradientCheckWhenItsBackwardIsWrong) {
  use(Version::kLibrary, Version::kWrong);
  EXPECT_FALSE(passes_gradcheck());
}

TEST_F(AReplacedKernel, DrivesTraining) {
  const auto want = losses_of_training(DType::kFloat64);
  use(Version::kRight, Version::kRight);
  const auto got = losses_of_training(DType::kFloat64);
  EXPECT_EQ(student::forward_f64.calls, 5 * kSteps);
  EXPECT_EQ(student::backward_f64.calls, 5 * kSteps);
  expect_near(got, want, 1e-9);
  EXPECT_LT(got.back(), got.front()) << "and the model learns";
}

TEST_F(AReplacedKernel, DrivesTrainingInF32) {
  const auto want = losses_of_training(DType::kFloat32);
  use(Version::kRight, Version::kLibrary);
  const auto got = losses_of_training(DType::kFloat32);
  EXPECT_EQ(student::forward_f32.calls, 5 * kSteps);
  EXPECT_EQ(student::forward_f64.calls, 0);
  expect_near(got, want, 1e-3);
}

TEST_F(AReplacedKernel, ChangesTheLossWhenItsForwardIsWrong) {
  const auto want = losses_of_training(DType::kFloat64);
  use(Version::kWrong, Version::kLibrary);
  EXPECT_GT(std::abs(losses_of_training(DType::kFloat64)[0] - want[0]), 1e-3);
}

TEST_F(AReplacedKernel, ChangesWhatIsLearnedWhenItsBackwardIsWrong) {
  const auto want = losses_of_training(DType::kFloat64);
  use(Version::kLibrary, Version::kWrong);
  const auto got = losses_of_training(DType::kFloat64);
  EXPECT_NEAR(got[0], want[0], 1e-12) << "nothing has been learned before the first step";
  EXPECT_GT(std::abs(got.back() - want.back()), 1e-4);
}

}  // namespace
}  // namespace pupil
