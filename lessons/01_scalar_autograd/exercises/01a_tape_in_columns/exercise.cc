// 01a: a tape in columns. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

void evaluate(double* value, const Tape& tape) {
  for (std::int64_t i = 0; i < tape.count; ++i) {
    const std::int32_t l = tape.left[i], r = tape.right[i];
    // BEGIN SOLUTION value
    //| // value[i] from value[l] and value[r]; an input stands there already.
    //| (void)l, (void)r, (void)value;
    //| not_done("the value of a node");
    switch (tape.op[i]) {
      case kAdd:
        value[i] = value[l] + value[r];
        break;
      case kMultiply:
        value[i] = value[l] * value[r];
        break;
      case kDivide:
        value[i] = value[l] / value[r];
        break;
      case kTanh:
        value[i] = std::tanh(value[l]);
        break;
    }
    // END SOLUTION
  }
}

// Node i knows its gradient g; its operands l and r get their shares.
static void share_out(double* gradient, const double* value, std::int32_t op, std::int64_t i,
                      std::int32_t l, std::int32_t r) {
  const double g = gradient[i];
  // BEGIN SOLUTION shares
  //| // One line for each operand: g times the derivative of the node by that operand.
  //| (void)g, (void)value, (void)op, (void)l, (void)r;
  //| not_done("the shares of the operands");
  switch (op) {
    case kAdd:
      gradient[l] += g;
      gradient[r] += g;
      break;
    case kMultiply:
      gradient[l] += g * value[r];
      gradient[r] += g * value[l];
      break;
    case kDivide:
      gradient[l] += g / value[r];
      gradient[r] -= g * value[i] / value[r];
      break;
    case kTanh:
      gradient[l] += g * (1 - value[i] * value[i]);
      break;
  }
  // END SOLUTION
}

void walk_back(double* gradient, const double* value, const Tape& tape, double dresult) {
  // BEGIN SOLUTION walk
  //| // Where does the walk begin, with which number, and which way does it go?
  //| (void)gradient, (void)value, (void)tape, (void)dresult, (void)share_out;
  //| not_done("the walk");
  std::fill_n(gradient, tape.count, 0.0);
  gradient[tape.count - 1] = dresult;
  for (std::int64_t i = tape.count; i-- > 0;) {
    share_out(gradient, value, tape.op[i], i, tape.left[i], tape.right[i]);
  }
  // END SOLUTION
}

// BEGIN MUTANT quotient-upside-down of=value fails=value
//! Your quotient is right over left; it is left over right.
//~ switch (tape.op[i]) {
//~   case kAdd: value[i] = value[l] + value[r]; break;
//~   case kMultiply: value[i] = value[l] * value[r]; break;
//~   case kDivide: value[i] = value[r] / value[l]; break;
//~   case kTanh: value[i] = std::tanh(value[l]); break;
//~ }
// END MUTANT

// BEGIN MUTANT front-to-back of=walk fails=gradient
//! You walk from the first node to the last: each node hands its gradient on before it has any.
//~ std::fill_n(gradient, tape.count, 0.0);
//~ gradient[tape.count - 1] = dresult;
//~ for (std::int64_t i = 0; i < tape.count; ++i) {
//~   share_out(gradient, value, tape.op[i], i, tape.left[i], tape.right[i]);
//~ }
// END MUTANT

// BEGIN MUTANT begins-with-one of=walk fails=gradient
//! The walk begins with 1; it begins with dresult, the gradient that arrives from outside.
//~ std::fill_n(gradient, tape.count, 0.0);
//~ gradient[tape.count - 1] = 1 + 0 * dresult;
//~ for (std::int64_t i = tape.count; i-- > 0;) {
//~   share_out(gradient, value, tape.op[i], i, tape.left[i], tape.right[i]);
//~ }
// END MUTANT

// BEGIN MUTANT last-use-wins of=shares fails=gradient
//! You wrote = where += belongs: of several uses of a node only one counts.
//~ switch (op) {
//~   case kAdd:
//~     gradient[l] = g;
//~     gradient[r] = g;
//~     break;
//~   case kMultiply:
//~     gradient[l] = g * value[r];
//~     gradient[r] = g * value[l];
//~     break;
//~   case kDivide:
//~     gradient[l] = g / value[r];
//~     gradient[r] = -g * value[i] / value[r];
//~     break;
//~   case kTanh:
//~     gradient[l] = g * (1 - value[i] * value[i]);
//~     break;
//~ }
// END MUTANT

// BEGIN MUTANT own-factor of=shares fails=gradient
//! In a product each operand gets its own value as factor; it gets the other one's.
//~ switch (op) {
//~   case kAdd:
//~     gradient[l] += g;
//~     gradient[r] += g;
//~     break;
//~   case kMultiply:
//~     gradient[l] += g * value[l];
//~     gradient[r] += g * value[r];
//~     break;
//~   case kDivide:
//~     gradient[l] += g / value[r];
//~     gradient[r] -= g * value[i] / value[r];
//~     break;
//~   case kTanh:
//~     gradient[l] += g * (1 - value[i] * value[i]);
//~     break;
//~ }
// END MUTANT

// BEGIN MUTANT denominator-sign of=shares fails=gradient
//! The denominator's share has the wrong sign: a larger denominator makes the quotient smaller.
//~ switch (op) {
//~   case kAdd:
//~     gradient[l] += g;
//~     gradient[r] += g;
//~     break;
//~   case kMultiply:
//~     gradient[l] += g * value[r];
//~     gradient[r] += g * value[l];
//~     break;
//~   case kDivide:
//~     gradient[l] += g / value[r];
//~     gradient[r] += g * value[i] / value[r];
//~     break;
//~   case kTanh:
//~     gradient[l] += g * (1 - value[i] * value[i]);
//~     break;
//~ }
// END MUTANT

// BEGIN MUTANT tanh-of-operand of=shares fails=gradient
//! The derivative of tanh is 1 - tanh^2: square the node's value, not its operand's.
//~ switch (op) {
//~   case kAdd:
//~     gradient[l] += g;
//~     gradient[r] += g;
//~     break;
//~   case kMultiply:
//~     gradient[l] += g * value[r];
//~     gradient[r] += g * value[l];
//~     break;
//~   case kDivide:
//~     gradient[l] += g / value[r];
//~     gradient[r] -= g * value[i] / value[r];
//~     break;
//~   case kTanh:
//~     gradient[l] += g * (1 - value[l] * value[l]);
//~     break;
//~ }
// END MUTANT

// BEGIN MUTANT begins-everywhere of=walk fails=dead-ends
//! Nodes that nobody uses begin with dresult, too; only the last node is the result.
//~ std::fill_n(gradient, tape.count, dresult);
//~ for (std::int64_t i = 0; i < tape.count; ++i) {
//~   if (tape.left[i] >= 0) gradient[tape.left[i]] = 0;
//~   if (tape.right[i] >= 0) gradient[tape.right[i]] = 0;
//~ }
//~ for (std::int64_t i = tape.count; i-- > 0;) {
//~   share_out(gradient, value, tape.op[i], i, tape.left[i], tape.right[i]);
//~ }
// END MUTANT

}  // namespace exercise
