// 01b: a graph whose nodes are numbered at random: neither operands nor users come first. What the
// nodes compute is not needed any more; each edge knows its local derivative.
//
//   edges of node i: e = first[i] .. first[i + 1] - 1             i = 0 .. count - 1
//   edge e:          node i uses node operand[e], slope[e] = d i / d operand[e]
//
// The chain rule, for a result called root:
//
//   g[root] = droot,   g[j] = sum over all edges e of i with operand[e] = j of g[i] * slope[e]
//
// There are no circles. One node may use another through several edges (x * x has two). Some nodes
// do not lie under root: they use nodes that root uses, too, but belong to other results.
#pragma once
#include <cstdint>

namespace exercise {

struct Graph {
  const std::int32_t* first;  ///< count + 1 of them; first[count] is the number of edges
  const std::int32_t* operand;
  const double* slope;
  std::int64_t count;
};

/// gradient[j] += g[j] for every node j under root, root itself included. Other nodes' gradients
/// stay as they are. What stands in gradient[] before is a sum of earlier results: it is kept, and
/// it is no part of g.
void add_gradients(double* gradient, const Graph& graph, std::int32_t root, double droot);

}  // namespace exercise
