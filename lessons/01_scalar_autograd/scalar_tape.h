// ScalarTape: reverse-mode automatic differentiation of numbers (Linnainmaa 1970), whole.
//
// Each operation appends a node that keeps its value, its operands and its derivative by each of
// them (the slopes). Operands stand before their node, so one walk from the last node to the first
// meets every user of a node before the node itself:
//
//   g_result = 1,   g_j += g_i * dv_i/dv_j   for each operand j of i, i = last .. first
//
//   ScalarTape tape;
//   const Scalar x = tape.input(3), y = x * x + x;
//   tape.backward(y);
//   x.gradient();  // 2 * 3 + 1
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace pupil {

struct ScalarNode {
  double value = 0, gradient = 0;
  std::int64_t operand[2] = {-1, -1};  ///< -1: none
  double slope[2] = {0, 0};            ///< d value / d operand
};

class ScalarTape;

/// A node of a tape, as a number to compute with. The tape must outlive it.
struct Scalar {
  ScalarTape* tape = nullptr;
  std::int64_t index = -1;

  double value() const;
  double gradient() const;
};

class ScalarTape {
 public:
  Scalar input(double value) { return append({.value = value}); }
  Scalar node(double value, Scalar a, double slope) {
    return append({.value = value, .operand = {a.index, -1}, .slope = {slope, 0}});
  }
  Scalar node(double value, Scalar a, double slope_a, Scalar b, double slope_b) {
    return append({.value = value, .operand = {a.index, b.index}, .slope = {slope_a, slope_b}});
  }

  /// Gradients of every node: how much `result` changes with it.
  // anchor: walk
  void backward(Scalar result) {
    for (ScalarNode& node : nodes_) node.gradient = 0;
    nodes_[std::size_t(result.index)].gradient = 1;
    for (std::int64_t i = result.index; i >= 0; --i) {
      const ScalarNode& node = nodes_[std::size_t(i)];
      for (const int side : {0, 1}) {
        if (node.operand[side] < 0) continue;
        nodes_[std::size_t(node.operand[side])].gradient += node.gradient * node.slope[side];
      }
    }
  }

  std::vector<ScalarNode>& nodes() { return nodes_; }
  const std::vector<ScalarNode>& nodes() const { return nodes_; }

 private:
  Scalar append(const ScalarNode& node) {
    nodes_.push_back(node);
    return {this, std::int64_t(nodes_.size()) - 1};
  }
  std::vector<ScalarNode> nodes_;
};

inline double Scalar::value() const { return tape->nodes()[std::size_t(index)].value; }
inline double Scalar::gradient() const { return tape->nodes()[std::size_t(index)].gradient; }

inline Scalar operator+(Scalar a, Scalar b) {
  return a.tape->node(a.value() + b.value(), a, 1, b, 1);
}
inline Scalar operator-(Scalar a, Scalar b) {
  return a.tape->node(a.value() - b.value(), a, 1, b, -1);
}
inline Scalar operator*(Scalar a, Scalar b) {
  return a.tape->node(a.value() * b.value(), a, b.value(), b, a.value());
}
inline Scalar operator/(Scalar a, Scalar b) {
  const double y = a.value() / b.value();
  return a.tape->node(y, a, 1 / b.value(), b, -y / b.value());
}
inline Scalar operator+(Scalar a, double c) { return a.tape->node(a.value() + c, a, 1); }
inline Scalar operator*(Scalar a, double c) { return a.tape->node(a.value() * c, a, c); }
inline Scalar tanh(Scalar a) {
  const double y = std::tanh(a.value());
  return a.tape->node(y, a, 1 - y * y);
}
inline Scalar exp(Scalar a) {
  const double y = std::exp(a.value());
  return a.tape->node(y, a, y);
}

}  // namespace pupil
