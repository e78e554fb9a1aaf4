// The tape itself: order, accumulation, lifetime, and what it refuses.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "tensor/error.h"

namespace pupil {
namespace {

Variable number(double x) { return parameter(Tensor::scalar(x, DType::kFloat64)); }
double gradient(const Variable& v) { return v.grad().item(); }

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}
#define EXPECT_SAYS(E, statement, part)                                      \
  EXPECT_NE(message_of<E>([&] { statement; }).find(part), std::string::npos) \
      << message_of<E>([&] { statement; })

TEST(Tape, AddsTheGradientsOfEveryUse) {
  // b = a + a; c = b + b + a: a naive walk that visits b before both of its uses gives another
  // number.
  const Variable a = number(3), b = add(a, a), c = add(add(b, b), a);
  backward(c);
  EXPECT_EQ(gradient(a), 5);
}

TEST(Tape, AddsOverTwoWalksAndForgetsOnZeroGrad) {
  Variable a = number(3);
  backward(square(a));
  backward(square(a));
  EXPECT_EQ(gradient(a), 12);
  a.zero_grad();
  EXPECT_FALSE(a.grad().defined());
  backward(square(a));
  EXPECT_EQ(gradient(a), 6);
}

TEST(Tape, HandsAGradientOnWithoutSharingIt) {
  // add() hands dy on to both inputs; the later `+=` into one must not reach the other.
  const Variable a = number(2), b = number(3);
  const Variable x = scale(a, 1), y = scale(b, 1);
  backward(add(add(x, y), square(x)));
  EXPECT_EQ(gradient(a), 5);
  EXPECT_EQ(gradient(b), 1);
}

TEST(Tape, WalksAndTearsDownAChainThatWouldOverflowTheStack) {
  const Variable a = number(1);
  {
    Variable x = a;
    for (int i = 0; i < 200'000; ++i) x = scale(x, 1);
    backward(x);
  }
  EXPECT_EQ(gradient(a), 1);
  Variable unused = a;
  for (int i = 0; i < 200'000; ++i) unused = scale(unused, 1);
}

TEST(Tape, ReleasesWhatItSavedDuringTheWalk) {
  const Variable a = parameter(Tensor::zeros({1 << 16}, DType::kFloat64));
  const std::size_t before = memory_statistics().in_use;
  Variable loss = sum(square(square(square(a))));
  // Two values between three operations; each is half a mebibyte.
  EXPECT_GE(memory_statistics().in_use, before + (2 << 19));
  backward(loss);
  loss = Variable();
  // The gradient of a stays.
  EXPECT_LE(memory_statistics().in_use, before + (1 << 19) + (1 << 17));
}

TEST(Tape, RefusesASecondWalk) {
  const Variable a = number(3), y = square(a);
  backward(y);
  EXPECT_SAYS(GradientError, backward(y), "was released");
}

TEST(Tape, RefusesAValueThatChangedSinceTheForwardPass) {
  const Variable a = number(3), y = square(a);
  ++a.value().storage()->version;  // what an optimizer step does
  EXPECT_SAYS(GradientError, backward(y), "modified between forward and backward");
}

TEST(Tape, RefusesALossWithoutParameters) {
  EXPECT_SAYS(GradientError, backward(square(constant(Tensor::scalar(1)))),
              "depends on no parameter");
}

TEST(Tape, RefusesALossOfSeveralElements) {
  EXPECT_SAYS(ShapeError, backward(square(parameter(Tensor::zeros({2})))), "one element");
}

TEST(Tape, RefusesAnOperationWithoutARule) {
  const std::vector<Variable> inputs{number(1)};
  EXPECT_SAYS(GradientError, record_without_rule("argmax", inputs, Tensor::scalar(0)),
              "[argmax] has no gradient rule");
  const NoGrad no_grad;
  EXPECT_NO_THROW(record_without_rule("argmax", inputs, Tensor::scalar(0)));
}

TEST(Tape, RefusesARuleThatForgetsAnInput) {
  const Variable a = number(1);
  const Variable y =
      record("forgetful", {a}, {}, a.value(), [](const Node&, const Tensor&, Gradients&) {});
  EXPECT_SAYS(GradientError, backward(y), "filled the gradient of input 0 0 times");
}

TEST(Tape, RefusesARuleThatFillsAnInputTwice) {
  const Variable a = number(1);
  const Variable y =
      record("eager", {a}, {}, a.value(), [](const Node&, const Tensor& dy, Gradients& d) {
        d[0].give(dy);
        d[0].give(dy);
      });
  EXPECT_SAYS(GradientError, backward(y), "2 times");
}

TEST(Tape, RefusesARuleThatGivesAnotherShape) {
  const Variable a = parameter(Tensor::zeros({2}, DType::kFloat64));
  const Variable y =
      record("crooked", {a}, {}, a.value(), [](const Node&, const Tensor& dy, Gradients& d) {
        d[0].give(dy.reshape({2, 1}));
      });
  EXPECT_SAYS(GradientError, backward(y, Tensor::zeros({2}, DType::kFloat64)),
              "[crooked] the rule gave a gradient (2, 1) f64 to an input (2) f64");
}

TEST(Tape, RecordsNothingUnderNoGrad) {
  const Variable a = number(2);
  const NoGrad no_grad;
  EXPECT_FALSE(square(a).requires_grad());
}

TEST(Tape, LaunchesNothingForFrozenInputs) {
  const Variable a = number(2), b = number(5);
  b.leaf()->trainable = false;
  backward(mul(a, b));
  EXPECT_EQ(gradient(a), 5);
  EXPECT_FALSE(b.grad().defined());
}

// The check is checked: each of these is wrong and must be found.
TEST(Gradcheck, FindsWrongRules) {
  const auto wrong = [](double factor) {
    Samples list;
    list.add({randn({3, 4})}, [factor](const Inputs& in) {
      return record("wrong", {in[0]}, {in[0].value()}, square(constant(in[0].value())).value(),
                    [factor](const Node& n, const Tensor& dy, Gradients& d) {
                      Tensor dx = mul(constant(n.saved(0)), constant(dy)).value();
                      dx.scale_(factor);
                      d[0].give(dx);
                    });
    });
    return list[0];
  };
  EXPECT_TRUE(gradcheck(wrong(2)).passed);
  EXPECT_FALSE(gradcheck(wrong(2 + 1e-5)).passed);
  EXPECT_FALSE(gradcheck(wrong(-2)).passed);
  EXPECT_FALSE(gradcheck(wrong(NAN)).passed);
  EXPECT_GT(taylor_slope(wrong(2)), 1.9);
  EXPECT_LT(taylor_slope(wrong(2.01)), 1.2);
  EXPECT_TRUE(gradcheck_direction(wrong(2)).passed);
  EXPECT_FALSE(gradcheck_direction(wrong(2 + 1e-4)).passed);
}

TEST(Gradcheck, ComparesAnExpectedZeroExactly) {
  Samples list;
  list.add({randn({3}), randn({3})},
           [](const Inputs& in) { return add(in[0], scale(in[1], 1e-12)); })
      .no_gradient(1);
  EXPECT_FALSE(gradcheck(list[0]).passed);
}

TEST(Gradcheck, NamesTheWorstElement) {
  Samples list;
  list.add({randn({2, 3})}, [](const Inputs& in) {
    return record("half_wrong", {in[0]}, {}, in[0].value().clone(),
                  [](const Node&, const Tensor& dy, Gradients& d) {
                    Tensor dx = dy.clone();
                    dx.data<double>()[4] += 1;
                    d[0].give(dx);
                  });
  });
  const GradcheckResult r = gradcheck(list[0]);
  EXPECT_EQ(r.worst_element, 4);
  EXPECT_NE(r.message.find("input 0 element 4 of (2, 3) f64"), std::string::npos) << r.message;
}

}  // namespace
}  // namespace pupil
