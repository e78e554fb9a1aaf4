// Node: one step of the tape. An operation computes its value, then calls
//
//   return record("square", {x}, /*saved=*/{x.value()}, std::move(y),
//                 [](const Node& n, const Tensor& dy, Gradients& d) { ... });
//
// The rule captures plain numbers only (checked at compile time); tensors it needs go into `saved`,
// where they can be seen, are released as soon as the rule has run, and are checked for having been
// changed in between. The rule fills d[i], the destination of the gradient of input i, exactly once
// for every input that wants one; the tape checks number, shape and element type.
#pragma once
#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/variable.h"

namespace pupil {

/// Where a rule writes the gradient of one input.
class Destination {
 public:
  /// False for an input that needs no gradient: skip the work.
  explicit operator bool() const { return grad_ != nullptr; }
  /// True when a contribution is there already: write `+=`; otherwise `=`.
  bool add() const { return *holds_; }
  /// The memory to write, in the shape of the input. Ask add() first. Counts as filled.
  Tensor write();
  /// The same, zeroed when nothing is there: for kernels that can only add.
  Tensor write_add();
  /// Takes over (or adds) a gradient that exists as a tensor.
  void give(Tensor gradient);

 private:
  friend class Node;
  friend class Gradients;
  Tensor* grad_ = nullptr;
  bool* holds_ = nullptr;
  bool is_leaf_ = false;
  int filled_ = 0;
  const char* op_ = "";
  Shape shape_;
  DType dtype_{};
};

/// The destinations of one node, one for each input.
class Gradients {
 public:
  Destination& operator[](std::size_t i) { return destinations_[i]; }

 private:
  friend class Node;
  std::vector<Destination> destinations_;
};

class Node {
 public:
  static constexpr std::size_t kRuleBytes = 96;
  using RuleCall = void (*)(const void*, const Node&, const Tensor&, Gradients&);
  /// The body of a recompute node: the one rule that has to hold more than plain numbers.
  using Block = std::function<Variable(const std::vector<Variable>&)>;

  /// Saved tensor i, or the first N at once: `const auto [x, rstd] = n.saved<2>();`
  const Tensor& saved(std::size_t i) const { return saved_[i]; }
  template <std::size_t N>
  std::array<Tensor, N> saved() const {
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<Tensor, N>{saved_[I]...};
    }
    (std::make_index_sequence<N>());
  }
  const char* name() const { return name_; }
  const Shape& shape() const { return shape_; }
  const Block& block() const { return block_; }

  /// One input: the node that made it, or the parameter it is, or neither (a constant).
  struct Edge {
    std::shared_ptr<Node> node;
    std::shared_ptr<Leaf> leaf;
    Shape shape;
    DType dtype;
  };
  const std::vector<Edge>& inputs() const { return inputs_; }
  std::size_t saved_bytes() const;

  Node() = default;
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 private:
  friend void backward(const Variable& output, const Tensor& upstream);
  friend struct Recorder;
  void run_rule();

  const char* name_ = "";
  std::uint64_t sequence_ = 0;  // creation order is a topological order
  std::vector<Edge> inputs_;
  std::vector<Tensor> saved_;
  std::vector<std::uint32_t> versions_;
  Tensor grad_;  // d(loss)/d(output) while backward() is on its way here
  bool has_grad_ = false;
  bool released_ = false;
  Shape shape_;
  RuleCall call_ = nullptr;
  alignas(16) std::array<std::byte, kRuleBytes> rule_{};
  Block block_;
};

/// The untyped half of record() below.
Variable record_node(const char* name, std::span<const Variable> inputs, std::vector<Tensor> saved,
                     Tensor value, Node::RuleCall call, const void* rule, std::size_t rule_bytes,
                     Node::Block block = nullptr);

/// Puts an operation on the tape (see above). Without an input that requires a gradient, or under
/// NoGrad, the result is a constant and nothing is kept.
template <class Rule>
Variable record(const char* name, std::span<const Variable> inputs, std::vector<Tensor> saved,
                Tensor value, Rule rule, Node::Block block = nullptr) {
  static_assert(std::is_trivially_copyable_v<Rule>,
                "a rule captures plain numbers only; put tensors into `saved`");
  static_assert(sizeof(Rule) <= Node::kRuleBytes, "a rule captures at most 96 bytes");
  const Node::RuleCall call = [](const void* r, const Node& n, const Tensor& dy, Gradients& d) {
    (*static_cast<const Rule*>(r))(n, dy, d);
  };
  return record_node(name, inputs, std::move(saved), std::move(value), call, &rule, sizeof(Rule),
                     std::move(block));
}
template <class Rule>
Variable record(const char* name, std::initializer_list<Variable> inputs, std::vector<Tensor> saved,
                Tensor value, Rule rule, Node::Block block = nullptr) {
  return record(name, std::span(inputs.begin(), inputs.size()), std::move(saved), std::move(value),
                rule, std::move(block));
}
/// For an operation that has no gradient rule: throws GradientError on an input that needs one.
Variable record_without_rule(const char* name, std::span<const Variable> inputs, Tensor value);

}  // namespace pupil
