// Variable: a value and its place in the history of how it was computed.
//
// A Tensor enters the graph only through constant() or parameter(); there is no implicit
// conversion, so no operation can cut the graph unnoticed. The history is a tape of Nodes
// (autograd/node.h). NB: PyTorch merged the two types in 0.4; here an optimizer cannot record
// history by accident.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace pupil {

class Node;

/// A parameter: a value that training changes, and the gradient that has arrived for it so far.
struct Leaf {
  Tensor value;
  Tensor grad;  ///< memory for the gradient, possibly a part of an arena
  bool has_grad =
      false;  ///< false: grad holds nothing yet, the next contribution is written with `=`
  bool trainable = true;  ///< false: frozen, a constant for the tape
  std::string name;       ///< for messages and graphs; may be empty
};

class Variable {
 public:
  Variable() = default;  ///< undefined: "no bias"

  const Tensor& value() const { return leaf_ ? leaf_->value : value_; }
  const Shape& shape() const { return value().shape(); }
  DType dtype() const { return value().dtype(); }
  bool defined() const { return value().defined(); }
  /// True when backward() from something that uses this variable has work to do here.
  bool requires_grad() const;
  /// The gradient of a parameter, summed over all backward() calls since zero_grad(); undefined
  /// when none arrived. Throws GradientError on anything but a parameter.
  Tensor grad() const;
  void zero_grad();

  const std::shared_ptr<Leaf>& leaf() const { return leaf_; }
  const std::shared_ptr<Node>& node() const { return node_; }

 private:
  friend Variable constant(Tensor value);
  friend Variable parameter(Tensor value, std::string name);
  friend struct Recorder;
  Tensor value_;
  std::shared_ptr<Leaf> leaf_;
  std::shared_ptr<Node> node_;
};

/// A value without gradient.
Variable constant(Tensor value);
/// A value that gets a gradient. Throws DTypeError when it is not a float tensor.
Variable parameter(Tensor value, std::string name = "");

/// Adds d(loss)/d(parameter) to every parameter that `loss` (one element) depends on, and releases
/// the graph. Throws GradientError when the graph was released before, or no parameter is in it.
void backward(const Variable& loss);
/// The same from `output` of any shape, weighted: adds the gradient of sum(output * upstream).
void backward(const Variable& output, const Tensor& upstream);

/// While one lives, operations record nothing: evaluation and generation.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;
  static bool active();

 private:
  bool before_;
};

}  // namespace pupil
