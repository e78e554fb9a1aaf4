// Elementwise functions of one number, each as its value and its derivative:
//
//   F::f(x)        y                     F::df(x, y)    dy/dx, from what F::kReads names
//   F::kReads      which of x and y the derivative needs, so that the other need not be kept
//
// V is float, double or a vector of them: the CPU's loops (kernels/elementwise_cpu.cc) and the
// GPU's compile the same line. A new function is a struct here and its name in the list at the end.
#pragma once
#include "kernels/math.h"

namespace pupil::cpu {

enum class Reads { kInput, kOutput };

struct Neg {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return -x; }
  PUPIL_OF_V df(V, V) { return V(-1); }
};

struct Exp {
  static constexpr Reads kReads = Reads::kOutput;
  PUPIL_OF_V f(V x) { return exp(x); }
  PUPIL_OF_V df(V, V y) { return y; }
};

struct Log {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return log(x); }
  PUPIL_OF_V df(V x, V) { return V(1) / x; }
};

struct Sqrt {
  static constexpr Reads kReads = Reads::kOutput;
  PUPIL_OF_V f(V x) { return sqrt(x); }
  PUPIL_OF_V df(V, V y) { return V(0.5) / y; }
};

struct Square {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return x * x; }
  PUPIL_OF_V df(V x, V) { return x + x; }
};

/// Derivative 0 at 0.
struct Abs {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return abs(x); }
  PUPIL_OF_V df(V x, V) { return select(x > V(0), V(1), select(x < V(0), V(-1), V(0))); }
};

struct Tanh {
  static constexpr Reads kReads = Reads::kOutput;
  PUPIL_OF_V f(V x) { return tanh(x); }
  PUPIL_OF_V df(V, V y) { return V(1) - y * y; }
};

/// 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
struct Erf {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return erf(x); }
  PUPIL_OF_V df(V x, V) { return V(1.1283791670955126) * exp(-x * x); }
};

/// 1 / (1 + exp(-x))
struct Sigmoid {
  static constexpr Reads kReads = Reads::kOutput;
  PUPIL_OF_V f(V x) { return sigmoid(x); }
  PUPIL_OF_V df(V, V y) { return y * (V(1) - y); }
};

/// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which overflows nowhere.
struct Softplus {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return max(V(0), x) + log1p(exp(-abs(x))); }
  PUPIL_OF_V df(V x, V) { return sigmoid(x); }
};

/// log(sigmoid(x)) = -softplus(-x)
struct LogSigmoid {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return -Softplus::f(-x); }
  PUPIL_OF_V df(V x, V) { return sigmoid(-x); }
};

/// Derivative 0 at 0.
struct Relu {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return max(V(0), x); }
  PUPIL_OF_V df(V x, V) { return select(x > V(0), V(1), V(0)); }
};

/// x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks and Gimpel 2016).
/// As (1 + tanh(u)) / 2 = sigmoid(2 u), this is x sigmoid(2 u), which keeps its digits for x < 0.
struct GeluTanh {
  static constexpr Reads kReads = Reads::kInput;
  static constexpr double kSqrt2OverPi = 0.79788456080286536, kCubic = 0.044715;

  PUPIL_OF_V gate(V x, V square) {
    return sigmoid(x * (V(2 * kSqrt2OverPi) + V(2 * kSqrt2OverPi * kCubic) * square));
  }
  PUPIL_OF_V f(V x) { return x * gate(x, x * x); }
  PUPIL_OF_V df(V x, V) {
    const V square = x * x, s = gate(x, square);
    const V two_du = V(2 * kSqrt2OverPi) + V(6 * kSqrt2OverPi * kCubic) * square;
    return s + x * two_du * s * (V(1) - s);
  }
};

/// x Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2 (Hendrycks and Gimpel 2016).
struct GeluErf {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V phi(V x) { return V(0.5) + V(0.5) * erf(x * V(0.70710678118654752)); }
  PUPIL_OF_V f(V x) { return x * phi(x); }
  PUPIL_OF_V df(V x, V) {
    return phi(x) + x * V(0.39894228040143268) * exp(V(-0.5) * x * x);  // 1 / sqrt(2 pi)
  }
};

/// x sigmoid(x)
struct Silu {
  static constexpr Reads kReads = Reads::kInput;
  PUPIL_OF_V f(V x) { return x * sigmoid(x); }
  PUPIL_OF_V df(V x, V) {
    const V s = sigmoid(x);
    return s + x * s * (V(1) - s);
  }
};

// clang-format off
#define PUPIL_UNARY_FUNCTORS(X) \
  X(Neg) X(Exp) X(Log) X(Sqrt) X(Square) X(Abs) X(Tanh) X(Erf) X(Sigmoid) X(Softplus) \
  X(LogSigmoid) X(Relu) X(GeluTanh) X(GeluErf) X(Silu)
// clang-format on

}  // namespace pupil::cpu
