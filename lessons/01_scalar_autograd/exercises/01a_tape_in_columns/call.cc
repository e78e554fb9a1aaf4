#include "lessons/kit/call.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "exercise.h"

PUPIL_CALL {
  const exercise::Tape tape{a.ids("op"), a.ids("left"), a.ids("right"), a.size("op")};
  std::vector<double> value(std::size_t(tape.count), std::numeric_limits<double>::quiet_NaN());
  std::copy_n(a.numbers("inputs"), a.size("inputs"), value.begin());
  exercise::evaluate(value.data(), tape);
  if (a.is("result")) a.number("result") = value.back();
  if (a.is("values")) std::copy(value.begin(), value.end(), a.out_numbers("values"));
  const auto walk = [&](double* gradient) {
    exercise::walk_back(gradient, value.data(), tape, a.value("dresult"));
  };
  if (a.is("gradients")) walk(a.out_numbers("gradients"));
  if (a.is("backward")) {
    std::vector<double> gradient(value.size(), std::numeric_limits<double>::quiet_NaN());
    walk(gradient.data());
    std::copy_n(gradient.begin(), a.size("dinputs"), a.out_numbers("dinputs"));
  }
}
