// Operations on elements. The formulas, value and derivative, are the functors of kernels/unary.h
// and kernels/binary.h; here each gets its name, its rule and its samples.
#include "kernels/elementwise.h"

#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/error.h"
#include "tensor/matmul.h"
#include "tensor/shapes.h"

namespace pupil {
namespace {

// y = f(x);   dx = dy f'(x)
template <class F>
Variable unary(const char* name, const Variable& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(name, x.dtype(), [&]<class T>() {
    cpu::unary_forward<F, T>(y.data<T>(), x.value().data<T>(), y.numel());
  });
  const Tensor saved = F::kReads == cpu::Reads::kInput ? x.value() : y;
  return record(name, {x}, {saved}, y, [](const Node& n, const Tensor& dy, Gradients& d) {
    if (!d[0]) return;
    const bool add = d[0].add();
    const Tensor dx = d[0].write();
    dispatch_float(n.name(), dy.dtype(), [&]<class T>() {
      const T* saved = n.saved(0).template data<T>();
      cpu::unary_backward<F, T>(dx.data<T>(), add, dy.data<T>(), saved, saved, dy.numel());
    });
  });
}

// A kernel takes an operand that repeats over leading axes as it is; other broadcasts are copied.
Tensor operand(const Tensor& t, const Shape& shape) {
  const int missing = shape.rank() - t.shape().rank();
  bool is_suffix = true;
  for (int axis = 0; axis < t.shape().rank(); ++axis) {
    is_suffix = is_suffix && t.shape()[axis] == shape[axis + missing];
  }
  return is_suffix || t.numel() == 1 ? t : tensor::broadcast_to(t, shape);
}
template <class T>
cpu::Repeated<T> repeated(const Tensor& t) {
  return {t.data<T>(), t.numel()};
}

void check_pair(const char* name, const Variable& a, const Variable& b) {
  if (a.dtype() == b.dtype()) return;
  throw DTypeError(fmt::format("[{}] element types differ: a is {}, b is {}", name, a.value().str(),
                               b.value().str()));
}

// y = f(a, b);   da = sum_to(dy df/da),  db = sum_to(dy df/db)
template <class F>
Variable binary(const char* name, const Variable& a, const Variable& b) {
  check_pair(name, a, b);
  Tensor y = Tensor::empty(broadcast(name, a.shape(), b.shape()), a.dtype());
  const Tensor av = operand(a.value(), y.shape()), bv = operand(b.value(), y.shape());
  dispatch_float(name, y.dtype(), [&]<class T>() {
    if (y.numel()) {
      cpu::binary_forward<F, T>(y.data<T>(), repeated<T>(av), repeated<T>(bv), y.numel());
    }
  });
  return record(
      name, {a, b}, {av, bv}, std::move(y), [](const Node& n, const Tensor& dy, Gradients& d) {
        Tensor target[2];
        bool add[2] = {false, false}, whole[2];
        for (int i : {0, 1}) {
          whole[i] = n.inputs()[i].shape == dy.shape();
          if (!d[i]) continue;
          add[i] = whole[i] && d[i].add();
          target[i] = whole[i] ? d[i].write() : Tensor::empty(dy.shape(), dy.dtype());
        }
        dispatch_float(n.name(), dy.dtype(), [&]<class T>() {
          const auto at = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
          if (dy.numel()) {
            cpu::binary_backward<F, T>(at(target[0]), add[0], at(target[1]), add[1], dy.data<T>(),
                                       repeated<T>(n.saved(0)), repeated<T>(n.saved(1)),
                                       dy.numel());
          }
        });
        for (int i : {0, 1}) {
          if (d[i] && !whole[i]) d[i].give(tensor::sum_to(target[i], n.inputs()[i].shape));
        }
      });
}

}  // namespace

// The gradients of a sum are dy itself: handed on without a copy.
Variable add(const Variable& a, const Variable& b) {
  check_pair("add", a, b);
  Tensor y = Tensor::empty(broadcast("add", a.shape(), b.shape()), a.dtype());
  const Tensor av = operand(a.value(), y.shape()), bv = operand(b.value(), y.shape());
  dispatch_float("add", y.dtype(), [&]<class T>() {
    if (y.numel()) {
      cpu::binary_forward<cpu::Add, T>(y.data<T>(), repeated<T>(av), repeated<T>(bv), y.numel());
    }
  });
  return record("add", {a, b}, {}, std::move(y), [](const Node& n, const Tensor& dy, Gradients& d) {
    for (int i : {0, 1}) {
      if (d[i]) d[i].give(tensor::sum_to(dy, n.inputs()[i].shape));
    }
  });
}

Variable sub(const Variable& a, const Variable& b) { return binary<cpu::Sub>("sub", a, b); }
Variable mul(const Variable& a, const Variable& b) { return binary<cpu::Mul>("mul", a, b); }
Variable div(const Variable& a, const Variable& b) { return binary<cpu::Div>("div", a, b); }
Variable minimum(const Variable& a, const Variable& b) {
  return binary<cpu::Minimum>("minimum", a, b);
}
Variable maximum(const Variable& a, const Variable& b) {
  return binary<cpu::Maximum>("maximum", a, b);
}

Variable neg(const Variable& x) { return unary<cpu::Neg>("neg", x); }
Variable exp(const Variable& x) { return unary<cpu::Exp>("exp", x); }
Variable log(const Variable& x) { return unary<cpu::Log>("log", x); }
Variable sqrt(const Variable& x) { return unary<cpu::Sqrt>("sqrt", x); }
Variable square(const Variable& x) { return unary<cpu::Square>("square", x); }
Variable abs(const Variable& x) { return unary<cpu::Abs>("abs", x); }
Variable tanh(const Variable& x) { return unary<cpu::Tanh>("tanh", x); }
Variable sigmoid(const Variable& x) { return unary<cpu::Sigmoid>("sigmoid", x); }
Variable log_sigmoid(const Variable& x) { return unary<cpu::LogSigmoid>("log_sigmoid", x); }
Variable softplus(const Variable& x) { return unary<cpu::Softplus>("softplus", x); }
Variable relu(const Variable& x) { return unary<cpu::Relu>("relu", x); }
Variable gelu_tanh(const Variable& x) { return unary<cpu::GeluTanh>("gelu_tanh", x); }
Variable gelu_erf(const Variable& x) { return unary<cpu::GeluErf>("gelu_erf", x); }
Variable silu(const Variable& x) { return unary<cpu::Silu>("silu", x); }

// dx = factor dy
Variable scale(const Variable& x, double factor) {
  const auto scaled = [](double factor, const Tensor& t) {
    Tensor out = Tensor::empty(t.shape(), t.dtype());
    dispatch_float("scale", t.dtype(), [&]<class T>() {
      cpu::scale<T>(out.data<T>(), T(factor), t.data<T>(), t.numel());
    });
    return out;
  };
  return record("scale", {x}, {}, scaled(factor, x.value()),
                [factor, scaled](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].give(scaled(factor, dy));
                });
}

// y = min(max(x, low), high);   dx = dy where low <= x <= high
Variable clamp(const Variable& x, double low, double high) {
  if (!(low <= high)) throw UsageError(fmt::format("[clamp] low {} is above high {}", low, high));
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float("clamp", x.dtype(), [&]<class T>() {
    cpu::clamp_forward<T>(y.data<T>(), x.value().data<T>(), T(low), T(high), y.numel());
  });
  return record("clamp", {x}, {x.value()}, std::move(y),
                [low, high](const Node& n, const Tensor& dy, Gradients& d) {
                  if (!d[0]) return;
                  const bool add = d[0].add();
                  const Tensor dx = d[0].write();
                  dispatch_float("clamp", dy.dtype(), [&]<class T>() {
                    cpu::clamp_backward<T>(dx.data<T>(), add, dy.data<T>(), n.saved(0).data<T>(),
                                           T(low), T(high), dy.numel());
                  });
                });
}

// da = dy where the condition holds, else 0;   db the opposite
Variable where(const Tensor& condition, const Variable& a, const Variable& b) {
  check_pair("where", a, b);
  if (a.shape() != b.shape() || condition.shape() != a.shape() ||
      condition.dtype() != DType::kInt32) {
    throw ShapeError(
        fmt::format("[where] needs one shape and an i32 condition: condition {}, a {}, b {}",
                    condition.str(), a.value().str(), b.value().str()));
  }
  Tensor y = Tensor::empty(a.shape(), a.dtype());
  dispatch_float("where", y.dtype(), [&]<class T>() {
    cpu::where_forward<T>(y.data<T>(), condition.data<std::int32_t>(), a.value().data<T>(),
                          b.value().data<T>(), y.numel());
  });
  return record(
      "where", {a, b}, {condition}, std::move(y),
      [](const Node& n, const Tensor& dy, Gradients& d) {
        Tensor target[2];
        bool add[2] = {false, false};
        for (int i : {0, 1}) {
          if (!d[i]) continue;
          add[i] = d[i].add();
          target[i] = d[i].write();
        }
        dispatch_float("where", dy.dtype(), [&]<class T>() {
          const auto at = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
          cpu::where_backward<T>(at(target[0]), add[0], at(target[1]), add[1], dy.data<T>(),
                                 n.saved(0).data<std::int32_t>(), dy.numel());
        });
      });
}

namespace {

OpFunction call(Variable (*f)(const Variable&)) {
  return [f](const Inputs& in) { return f(in[0]); };
}
OpFunction call(Variable (*f)(const Variable&, const Variable&)) {
  return [f](const Inputs& in) { return f(in[0], in[1]); };
}

constexpr std::int64_t kTile = cpu::kElementwiseTile;

// Odd sizes for every function; one sample crosses the border of a tile, on a strip of x so narrow
// that a difference quotient of every element stays cheap.
Samples unary_samples(Variable (*f)(const Variable&),
                      const std::function<Tensor(const Shape&)>& input) {
  Samples list;
  for (const Shape& shape : {Shape{3, 5}, Shape{1}, Shape{2, 1, 17}, Shape{33}}) {
    list.add({input(shape)}, call(f));
  }
  list.add({input({3})},
           [f](const Inputs& in) {
             // Three numbers repeated over one tile and three elements more.
             return f(reshape(broadcast_to(in[0], {kTile / 3 + 2, 3}), {(kTile / 3 + 2) * 3}));
           })
      .note("one tile and a few elements")
      .border(kTile);
  return list;
}

// Every way in which two shapes can meet.
Samples binary_samples(Variable (*f)(const Variable&, const Variable&),
                       const std::function<Tensor(const Shape&)>& a,
                       const std::function<Tensor(const Shape&)>& b) {
  Samples list;
  list.add({a({3, 5}), b({3, 5})}, call(f));
  list.add({a({2, 3, 5}), b({3, 5})}, call(f)).note("b repeats over the leading axis");
  list.add({a({5}), b({4, 5})}, call(f)).note("a repeats over the leading axis");
  list.add({a({4, 1}), b({3})}, call(f)).note("both stretch");
  list.add({a({2, 3}), b({})}, call(f)).note("b is one number");
  list.add({a({19})}, [f](const Inputs& in) { return f(in[0], in[0]); })
      .note("the same variable twice");
  return list;
}

const auto kAwayFrom0 = [](const Shape& s) { return randn_away_from(s, {0}); };
const auto kPositive = [](const Shape& s) { return rand_between(s, 0.3, 3); };
const auto kAnything = [](const Shape& s) { return randn(s); };

// Values on a grid apart from another grid: no ties and no kink within a step of the difference.
Samples pick_samples(Variable (*f)(const Variable&, const Variable&)) {
  Samples list;
  for (const auto& [sa, sb] : {std::pair{Shape{3, 5}, Shape{3, 5}},
                               {Shape{2, 3, 5}, Shape{3, 5}},
                               {Shape{4, 1}, Shape{1, 3}}}) {
    const Tensor a = rand_distinct(sa), b = rand_distinct(sb);
    for (double& x : b.span<double>()) x += 0.015;
    list.add({a, b}, call(f));
  }
  return list;
}

}  // namespace

SAMPLES(add) { return binary_samples(add, kAnything, kAnything); }
SAMPLES(sub) { return binary_samples(sub, kAnything, kAnything); }
SAMPLES(mul) { return binary_samples(mul, kAnything, kAnything); }
SAMPLES(div) { return binary_samples(div, kAnything, kPositive); }
SAMPLES(minimum) { return pick_samples(minimum); }
SAMPLES(maximum) { return pick_samples(maximum); }
SAMPLES(neg) { return unary_samples(neg, kAnything); }
SAMPLES(exp) { return unary_samples(exp, kAnything); }
SAMPLES(log) { return unary_samples(log, kPositive); }
SAMPLES(sqrt) { return unary_samples(sqrt, kPositive); }
SAMPLES(square) { return unary_samples(square, kAnything); }
SAMPLES(abs) { return unary_samples(abs, kAwayFrom0); }
SAMPLES(tanh) { return unary_samples(tanh, kAnything); }
SAMPLES(sigmoid) { return unary_samples(sigmoid, kAnything); }
SAMPLES(log_sigmoid) { return unary_samples(log_sigmoid, kAnything); }
SAMPLES(softplus) { return unary_samples(softplus, kAnything); }
SAMPLES(relu) { return unary_samples(relu, kAwayFrom0); }
SAMPLES(gelu_tanh) { return unary_samples(gelu_tanh, kAnything); }
SAMPLES(gelu_erf) { return unary_samples(gelu_erf, kAnything); }
SAMPLES(silu) { return unary_samples(silu, kAnything); }

SAMPLES(scale) {
  Samples list;
  for (const double factor : {-1.7, 0.0, 3.0}) {
    list.add({randn({3, 5})}, [factor](const Inputs& in) { return scale(in[0], factor); });
  }
  return list;
}

SAMPLES(clamp) {
  Samples list;
  list.add({randn_away_from({5, 7}, {-0.5, 0.7})},
           [](const Inputs& in) { return clamp(in[0], -0.5, 0.7); });
  return list;
}

SAMPLES(where) {
  Samples list;
  const Tensor condition = random_ids({3, 7}, 2);
  list.add({randn({3, 7}), randn({3, 7})},
           [condition](const Inputs& in) { return where(condition, in[0], in[1]); });
  return list;
}

}  // namespace pupil
