// Named arrays of float64 numbers, and how two lists of them are compared.
#pragma once
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace pupil::golden {

struct Named {
  std::string name;
  Tensor value;  ///< f64
};

/// What the engine computed.
class Values {
 public:
  void put(std::string name, const Tensor& value);  ///< floats and i32; a copy as f64
  void put(std::string name, const std::vector<double>& numbers);
  void put(std::string name, double number) { put(std::move(name), std::vector<double>{number}); }

  const std::vector<Named>& all() const { return values_; }

 private:
  std::vector<Named> values_;
};

/// How far a number may lie from the expected one: the larger of relative * (largest |expected| of
/// its array) and absolute. An array of zeros is thereby compared exactly, unless absolute > 0.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// What the engine should have computed.
class Expected {
 public:
  template <class Value>
  void put(std::string name, const Value& value, Tolerance tolerance) {
    values_.put(std::move(name), value);
    tolerances_.push_back(tolerance);
  }
  const std::vector<Named>& all() const { return values_.all(); }
  const Tolerance& tolerance(std::size_t i) const { return tolerances_[i]; }

 private:
  Values values_;
  std::vector<Tolerance> tolerances_;
};

struct Comparison {
  bool holds = false;
  double absolute = 0;  ///< largest |got - expected| of all arrays
  double relative = 0;  ///< largest |got - expected| / largest |expected| of the array
  std::string worst;    ///< where it does not hold: array, element, the two numbers
};

/// Holds when both lists have the same names and shapes and every number lies within its tolerance;
/// a NaN agrees with a NaN only. Nothing to compare does not hold.
Comparison compare(const Values& got, const Expected& expected);

}  // namespace pupil::golden
