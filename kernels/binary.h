// Elementwise functions of two numbers, each as its value and its two derivatives:
//
//   F::f(a, b)      F::da(a, b)      F::db(a, b)
//
// V is float, double or a vector of them, as in kernels/unary.h.
#pragma once
#include "kernels/math.h"

namespace pupil::cpu {

struct Add {
  PUPIL_OF_V f(V a, V b) { return a + b; }
  PUPIL_OF_V da(V, V) { return V(1); }
  PUPIL_OF_V db(V, V) { return V(1); }
};

struct Sub {
  PUPIL_OF_V f(V a, V b) { return a - b; }
  PUPIL_OF_V da(V, V) { return V(1); }
  PUPIL_OF_V db(V, V) { return V(-1); }
};

struct Mul {
  PUPIL_OF_V f(V a, V b) { return a * b; }
  PUPIL_OF_V da(V, V b) { return b; }
  PUPIL_OF_V db(V a, V) { return a; }
};

struct Div {
  PUPIL_OF_V f(V a, V b) { return a / b; }
  PUPIL_OF_V da(V, V b) { return V(1) / b; }
  PUPIL_OF_V db(V a, V b) {
    return -(a / b) / b;  // b * b could overflow where the quotient does not
  }
};

/// NaN if one of the two is. A tie gives half the gradient to each, as in PyTorch.
struct Minimum {
  PUPIL_OF_V f(V a, V b) { return select(a < b, a, select(b <= a, b, a + b)); }
  PUPIL_OF_V da(V a, V b) { return select(a < b, V(1), select(a == b, V(0.5), V(0))); }
  PUPIL_OF_V db(V a, V b) { return da(b, a); }
};

/// NaN if one of the two is. A tie gives half the gradient to each, as in PyTorch.
struct Maximum {
  PUPIL_OF_V f(V a, V b) { return select(a > b, a, select(b >= a, b, a + b)); }
  PUPIL_OF_V da(V a, V b) { return select(a > b, V(1), select(a == b, V(0.5), V(0))); }
  PUPIL_OF_V db(V a, V b) { return da(b, a); }
};

#define PUPIL_BINARY_FUNCTORS(X) X(Add) X(Sub) X(Mul) X(Div) X(Minimum) X(Maximum)

}  // namespace pupil::cpu
