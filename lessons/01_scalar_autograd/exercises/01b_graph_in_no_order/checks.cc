#include "lessons/kit/check.h"

#include <numeric>

using namespace pupil::kit;

namespace {

// Nodes by rank: a node uses nodes of lower rank only. Numbers are given out at random afterwards.
struct Ranked {
  std::vector<std::vector<std::int32_t>> uses;
  std::int32_t root = 0;

  std::int32_t add(std::vector<std::int32_t> operands) {
    uses.push_back(std::move(operands));
    return std::int32_t(uses.size()) - 1;
  }
};

// 23 nodes and 37 edges. Each node uses the one below it; the third uses one node twice; 14 edges
// more go anywhere down.
Ranked draw_graph(Random& random) {
  Ranked graph;
  graph.add({});
  graph.add({});
  graph.add({0, 1, 1});
  while (graph.uses.size() < 23) graph.root = graph.add({std::int32_t(graph.uses.size()) - 1});
  for (int extra = 0; extra < 14; ++extra) {
    const std::int32_t user = 3 + random.below(20);
    graph.uses[std::size_t(user)].push_back(random.below(user));
  }
  return graph;
}

Call gradients(Trial& t, const Ranked& graph, bool before) {
  const std::size_t count = graph.uses.size();
  std::vector<std::int32_t> number(count), of_number(count);
  std::iota(number.begin(), number.end(), 0);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(number[i - 1], number[std::size_t(t.random.below(std::int32_t(i)))]);
  }
  for (std::size_t i = 0; i < count; ++i) of_number[std::size_t(number[i])] = std::int32_t(i);
  std::vector<std::int32_t> uses, operand;
  std::vector<double> slope;
  for (std::size_t n = 0; n < count; ++n) {
    for (const std::int32_t below : graph.uses[std::size_t(of_number[n])]) {
      operand.push_back(number[std::size_t(below)]);
      slope.push_back((t.random.below(2) ? 1 : -1) * t.random.uniform(0.6, 1.2));
    }
    uses.push_back(std::int32_t(graph.uses[std::size_t(of_number[n])].size()));
  }
  const double droot = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient droot", droot);
  const auto nodes = std::int64_t(count), edges = std::int64_t(operand.size());
  std::vector<double> start(count, 0.0);
  if (before) start = t.random.normals(nodes);
  return {"gradients",
          {input_ids("uses", {nodes}, uses), input_ids("operand", {edges}, operand),
           input("slope", {edges}, slope), integer_input("root", number[std::size_t(graph.root)]),
           input("droot", droot), updated("gradient", {nodes}, start)}};
}

}  // namespace

PUPIL_CHECKS {
  check("gradient", [](Trial& t) {
    t.describe("23 nodes, all of them under root");
    t.same(gradients(t, draw_graph(t.random), false));
  });
  check("other-results", [](Trial& t) {
    t.describe("23 nodes under root, 6 of other results that use some of them");
    Ranked graph = draw_graph(t.random);
    for (int i = 0; i < 6; ++i) {
      const std::int32_t above = graph.add({t.random.below(23), t.random.below(23 + i)});
      if (i < 4) graph.uses[std::size_t(above)].push_back(t.random.below(23));
    }
    t.same(gradients(t, graph, false));
  });
  check("second-pass", [](Trial& t) {
    t.describe("23 nodes, and gradients of an earlier result in place");
    t.same(gradients(t, draw_graph(t.random), true));
  });
  check("large", [](Trial& t) {
    t.describe("100003 nodes under each other, half of them leaves");
    Ranked graph;
    graph.add({});
    for (std::int32_t i = 1; i < 100003; ++i) {
      // Numbers stay near 1: a long chain of single uses, with a leaf at every node.
      graph.root = i % 2 ? graph.add({}) : graph.add({i > 2 ? i - 2 : 0, i - 1});
    }
    Call call = gradients(t, graph, false);
    for (double& s : call.at("slope").numbers) s = s > 0 ? 1 : -1;
    t.same(call);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    Ranked alone;
    alone.add({});
    alone.add({0, 0, 0});
    Ranked cube = alone;
    cube.root = 1;
    t.same(gradients(t, alone, true)) && t.same(gradients(t, cube, true));
  });
  // END HIDDEN
}
