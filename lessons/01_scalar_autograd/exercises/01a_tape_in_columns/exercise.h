// 01a: a computation on numbers, written down as a list of nodes. The list lies in columns; row i
// is node i:
//
//   op[i]      left[i]     right[i]    value[i]
//   kInput     -           -           given
//   kAdd       operand     operand     value[left] + value[right]
//   kMultiply  operand     operand     value[left] * value[right]
//   kDivide    operand     operand     value[left] / value[right]
//   kTanh      operand     -           tanh(value[left])
//
// Operands stand above their node: left[i] < i, right[i] < i. An operand may be used any number of
// times, also twice by one node (x * x). The last node is the result.
//
//   x0 = 2, x1 = 3, x2 = x0 * x1, x3 = x2 + x0       d x3 / d x0 = x1 + 1 = 4:  x0 is used twice
#pragma once
#include <cstdint>

namespace exercise {

enum Op : std::int32_t { kInput, kAdd, kMultiply, kDivide, kTanh };

/// The columns of a tape; `count` nodes, at least one.
struct Tape {
  const std::int32_t* op;
  const std::int32_t* left;
  const std::int32_t* right;  ///< -1 where there is no such operand
  std::int64_t count;
};

/// Fills value[] of all nodes but the inputs, which stand there already.
void evaluate(double* value, const Tape& tape);

/// gradient[i] = dresult * d value[count - 1] / d value[i], for every node i. What stands in
/// gradient[] before is not to be used. Nodes that the result does not depend on get exactly 0.
void walk_back(double* gradient, const double* value, const Tape& tape, double dresult);

}  // namespace exercise
