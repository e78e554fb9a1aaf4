// The choice of instruction set, and what a kernel compiled for several of them must keep.
#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/elementwise.h"
#include "tensor/matmul.h"
#include "tests/run_self.h"

// A kernel of our own: it takes the place of the library's in the whole program.
template <>
void pupil::cpu::add_bias<double>(View<double> x, const double* bias) {
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.width; ++j) x.row(i)[j] += 100 * bias[j];
  }
}

namespace pupil {
namespace {

TEST(Isa, AFunctionOfTheSameSignatureReplacesAKernelWhenLinked) {
  const Tensor x = Tensor::full({2, 3}, 1, DType::kFloat64);
  tensor::add_bias_(x, Tensor::full({3}, 2, DType::kFloat64));
  EXPECT_EQ(x.to_vector<double>(), std::vector<double>(6, 201));
  const Tensor y = Tensor::full({2, 3}, 1, DType::kFloat32);
  tensor::add_bias_(y, Tensor::full({3}, 2, DType::kFloat32));
  EXPECT_EQ(y.to_vector<float>(), std::vector<float>(6, 3)) << "the one for float is untouched";
}

TEST(Isa, PrintsItsName) { std::printf("active: %s\n", isa_name(active_isa())); }

TEST(Isa, CanBeLoweredByTheEnvironment) {
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa > active_isa()) continue;
    const std::string name = isa_name(isa);
    const auto run = test::run_self("PUPIL_ISA=" + name, "Isa.PrintsItsName");
    EXPECT_EQ(run.status, 0);
    EXPECT_NE(run.output.find("active: " + name + "\n"), std::string::npos) << run.output;
    EXPECT_EQ(run.output.find("ignored"), std::string::npos) << run.output;
  }
}

TEST(Isa, IgnoresANameItDoesNotKnowAndSaysSo) {
  const auto run = test::run_self("PUPIL_ISA=sse9", "Isa.PrintsItsName");
  EXPECT_EQ(run.status, 0);
  EXPECT_NE(run.output.find("PUPIL_ISA=sse9 is ignored: expected baseline, avx2 or avx512"),
            std::string::npos)
      << run.output;
}

}  // namespace
}  // namespace pupil
