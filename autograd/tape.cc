// The tape: recording, and the walk back through it.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "autograd/node.h"
#include "tensor/error.h"

namespace pupil {
namespace {

thread_local bool no_grad_active = false;
std::atomic<std::uint64_t> next_sequence{1};

}  // namespace

NoGrad::NoGrad() : before_(no_grad_active) { no_grad_active = true; }
NoGrad::~NoGrad() { no_grad_active = before_; }
bool NoGrad::active() { return no_grad_active; }

Variable constant(Tensor value) {
  Variable v;
  v.value_ = std::move(value);
  return v;
}

Variable parameter(Tensor value, std::string name) {
  if (!value.defined() || !is_float(value.dtype())) {
    throw DTypeError(
        fmt::format("[parameter] {} is {}; only float values have gradients", name, value.str()));
  }
  Variable v;
  v.leaf_ = std::make_shared<Leaf>();
  v.leaf_->value = std::move(value);
  v.leaf_->name = std::move(name);
  return v;
}

bool Variable::requires_grad() const { return node_ || (leaf_ && leaf_->trainable); }

Tensor Variable::grad() const {
  if (!leaf_) throw GradientError("[grad] only parameters keep a gradient");
  return leaf_->has_grad ? leaf_->grad : Tensor();
}

void Variable::zero_grad() {
  if (leaf_) leaf_->has_grad = false;
}

Tensor Destination::write() {
  ++filled_;
  if (!grad_->defined()) {
    *grad_ = Tensor::empty(shape_, dtype_);
  } else if (!is_leaf_ && !grad_->unique()) {
    // Another rule may still read this memory: a gradient was handed on without a copy.
    *grad_ = *holds_ ? grad_->clone() : Tensor::empty(shape_, dtype_);
  }
  Tensor target = *grad_;
  return target;
}

Tensor Destination::write_add() {
  Tensor target = write();
  if (!*holds_) target.fill_(0);
  return target;
}

void Destination::give(Tensor gradient) {
  if (gradient.shape() != shape_ || gradient.dtype() != dtype_) {
    throw GradientError(fmt::format("[{}] the rule gave a gradient {} to an input {} {}", op_,
                                    gradient.str(), shape_.str(), name_of(dtype_)));
  }
  if (*holds_) return write().add_(gradient);
  if (!is_leaf_) {
    ++filled_;
    *grad_ = std::move(gradient);
  } else {
    write().copy_(gradient);
  }
}

std::size_t Node::saved_bytes() const {
  std::size_t bytes = 0;
  for (const Tensor& t : saved_) bytes += t.defined() ? t.bytes() : 0;
  return bytes;
}

// A chain of a million nodes is torn down with a list, not with the call stack.
Node::~Node() {
  thread_local std::vector<std::shared_ptr<Node>>* waiting = nullptr;
  std::vector<std::shared_ptr<Node>> list;
  const bool outermost = waiting == nullptr;
  if (outermost) waiting = &list;
  for (Edge& input : inputs_) {
    if (input.node) waiting->push_back(std::move(input.node));
  }
  if (!outermost) return;
  while (!list.empty()) {
    const std::shared_ptr<Node> next = std::move(list.back());
    list.pop_back();
  }
  waiting = nullptr;
}

struct Recorder {
  static std::shared_ptr<Node> node(const char* name, std::span<const Variable> inputs,
                                    std::vector<Tensor> saved, const Tensor& value) {
    auto node = std::make_shared<Node>();
    node->name_ = name;
    node->sequence_ = next_sequence++;
    node->shape_ = value.shape();
    node->inputs_.reserve(inputs.size());
    for (const Variable& v : inputs) {
      const bool wanted = v.requires_grad();
      node->inputs_.push_back({v.node(), wanted ? v.leaf() : nullptr,
                               v.defined() ? v.shape() : Shape(),
                               v.defined() ? v.dtype() : DType::kFloat32});
    }
    node->saved_ = std::move(saved);
    for (const Tensor& t : node->saved_) {
      node->versions_.push_back(t.defined() ? t.storage()->version : 0);
    }
    return node;
  }
  static void set_rule(Node& node, Node::RuleCall call, const void* rule, std::size_t bytes,
                       Node::Block block) {
    node.call_ = call;
    std::memcpy(node.rule_.data(), rule, bytes);
    node.block_ = std::move(block);
  }
  static void attach(Variable& v, std::shared_ptr<Node> node) { v.node_ = std::move(node); }
};

Variable record_node(const char* name, std::span<const Variable> inputs, std::vector<Tensor> saved,
                     Tensor value, Node::RuleCall call, const void* rule, std::size_t rule_bytes,
                     Node::Block block) {
  Variable result = constant(std::move(value));
  const bool needed = std::any_of(inputs.begin(), inputs.end(),
                                  [](const Variable& v) { return v.requires_grad(); });
  if (!needed || no_grad_active) return result;
  auto node = Recorder::node(name, inputs, std::move(saved), result.value());
  Recorder::set_rule(*node, call, rule, rule_bytes, std::move(block));
  Recorder::attach(result, std::move(node));
  return result;
}

Variable record_without_rule(const char* name, std::span<const Variable> inputs, Tensor value) {
  for (const Variable& v : inputs) {
    if (v.requires_grad() && !no_grad_active) {
      throw GradientError(fmt::format(
          "[{}] has no gradient rule, but an input needs a gradient; use detach() or NoGrad",
          name));
    }
  }
  return constant(std::move(value));
}

void Node::run_rule() {
  for (std::size_t i = 0; i < saved_.size(); ++i) {
    if (saved_[i].defined() && saved_[i].storage()->version != versions_[i]) {
      throw GradientError(fmt::format(
          "[{}] a saved value was modified between forward and backward (by an optimizer step?); "
          "run backward() first",
          name_));
    }
  }
  Gradients gradients;
  gradients.destinations_.resize(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Edge& input = inputs_[i];
    Destination& d = gradients.destinations_[i];
    d.op_ = name_;
    d.shape_ = input.shape;
    d.dtype_ = input.dtype;
    d.is_leaf_ = input.leaf != nullptr;
    if (input.leaf) {
      d.grad_ = &input.leaf->grad;
      d.holds_ = &input.leaf->has_grad;
    } else if (input.node) {
      d.grad_ = &input.node->grad_;
      d.holds_ = &input.node->has_grad_;
    }
  }
  // The same variable twice among the inputs (x * x): the later one gets memory of its own, which
  // is added when the rule is done.
  struct Alias {
    std::size_t input;
    Tensor grad;
    bool holds = false;
  };
  std::vector<Alias> aliases;
  aliases.reserve(inputs_.size());
  for (std::size_t i = 1; i < inputs_.size(); ++i) {
    Destination& d = gradients.destinations_[i];
    for (std::size_t j = 0; d && j < i; ++j) {
      if (gradients.destinations_[j].grad_ != d.grad_) continue;
      Alias& alias = aliases.emplace_back(Alias{i, Tensor()});
      d.grad_ = &alias.grad;
      d.holds_ = &alias.holds;
      d.is_leaf_ = false;
      break;
    }
  }

  call_(rule_.data(), *this, grad_, gradients);

  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Destination& d = gradients.destinations_[i];
    if (!d) continue;
    if (d.filled_ != 1) {
      throw GradientError(
          fmt::format("[{}] the rule filled the gradient of input {} {} times; it "
                      "must do so exactly once",
                      name_, i, d.filled_));
    }
    *d.holds_ = true;
  }
  for (const Alias& alias : aliases) {
    const Edge& input = inputs_[alias.input];
    Tensor& grad = input.leaf ? input.leaf->grad : input.node->grad_;
    if (!input.leaf && !grad.unique()) grad = grad.clone();
    grad.add_(alias.grad);
  }
}

void backward(const Variable& loss) {
  if (loss.value().numel() != 1) {
    throw ShapeError(
        fmt::format("[backward] needs a loss of one element, got {}; pass an upstream "
                    "gradient for anything else",
                    loss.value().str()));
  }
  backward(loss, Tensor::full(loss.shape(), 1.0, loss.dtype()));
}

void backward(const Variable& output, const Tensor& upstream) {
  if (output.leaf() || !output.node()) {
    throw GradientError("[backward] the output depends on no parameter: nothing to differentiate");
  }
  if (upstream.shape() != output.shape() || upstream.dtype() != output.dtype()) {
    throw ShapeError(fmt::format("[backward] the upstream gradient is {}, the output {}",
                                 upstream.str(), output.value().str()));
  }
  std::vector<std::shared_ptr<Node>> reachable;
  std::vector<std::shared_ptr<Node>> stack{output.node()};
  // has_grad_ marks a node as seen during the collection; it is false everywhere before and after.
  while (!stack.empty()) {
    std::shared_ptr<Node> node = std::move(stack.back());
    stack.pop_back();
    if (node->has_grad_) continue;
    if (node->released_) {
      throw GradientError(
          fmt::format("[backward] the graph behind '{}' was released by an earlier "
                      "backward(); run the forward pass again",
                      node->name_));
    }
    node->has_grad_ = true;
    for (const Node::Edge& input : node->inputs_) {
      if (input.node && !input.node->has_grad_) stack.push_back(input.node);
    }
    reachable.push_back(std::move(node));
  }
  for (const auto& node : reachable) node->has_grad_ = false;
  std::sort(reachable.begin(), reachable.end(),
            [](const auto& a, const auto& b) { return a->sequence_ > b->sequence_; });
  output.node()->grad_ = upstream;
  output.node()->has_grad_ = true;
  for (auto& node : reachable) {
    if (node->has_grad_) node->run_rule();
    node->grad_ = Tensor();
    node->has_grad_ = false;
    node->released_ = true;
    node->saved_.clear();
    node->block_ = nullptr;
    node.reset();
  }
}

}  // namespace pupil
