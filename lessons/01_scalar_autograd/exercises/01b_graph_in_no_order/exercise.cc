// 01b: a graph in no order. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cstdint>
#include <vector>

#include "lessons/kit/not_done.h"

namespace exercise {

// waiting[j]: the edges under root that lead to j, that is, how many shares j has to wait for.
static std::vector<std::int32_t> count_uses(const Graph& graph, std::int32_t root) {
  std::vector<std::int32_t> waiting(std::size_t(graph.count), 0);
  // BEGIN SOLUTION uses
  //| // Which edges will ever hand something over?
  //| (void)root;
  //| not_done("the uses of each node");
  std::vector<char> seen(waiting.size(), 0);
  std::vector<std::int32_t> below = {root};  // reached, not yet looked at
  seen[std::size_t(root)] = 1;
  while (!below.empty()) {
    const std::int32_t i = below.back();
    below.pop_back();
    for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
      const auto j = std::size_t(graph.operand[e]);
      ++waiting[j];
      if (!seen[j]) below.push_back(graph.operand[e]);
      seen[j] = 1;
    }
  }
  // END SOLUTION
  return waiting;
}

void add_gradients(double* gradient, const Graph& graph, std::int32_t root, double droot) {
  std::vector<std::int32_t> waiting = count_uses(graph, root);
  // BEGIN SOLUTION walk
  //| // Nodes that wait for nobody can hand on. Who is the first? A stack of such nodes will do; do
  //| // not recurse, a graph may be 100,000 nodes deep.
  //| (void)gradient, (void)droot, (void)waiting;
  //| not_done("the walk");
  std::vector<double> g(waiting.size(), 0.0);
  std::vector<std::int32_t> ready = {root};
  g[std::size_t(root)] = droot;
  while (!ready.empty()) {
    const std::int32_t i = ready.back();
    ready.pop_back();
    gradient[i] += g[std::size_t(i)];
    for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
      const auto j = std::size_t(graph.operand[e]);
      g[j] += g[std::size_t(i)] * graph.slope[e];
      if (--waiting[j] == 0) ready.push_back(graph.operand[e]);
    }
  }
  // END SOLUTION
}

// BEGIN MUTANT first-arrival of=walk fails=gradient
//! A node hands on as soon as something has arrived; what arrives later never gets further down.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ std::vector<char> seen(waiting.size(), 0);
//~ std::vector<std::int32_t> ready = {root};
//~ g[std::size_t(root)] = droot;
//~ seen[std::size_t(root)] = 1;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     g[j] += g[std::size_t(i)] * graph.slope[e];
//~     if (!seen[j]) ready.push_back(graph.operand[e]);
//~     seen[j] = 1;
//~   }
//~ }
//~ for (std::size_t j = 0; j < g.size(); ++j) gradient[j] += g[j];
// END MUTANT

// BEGIN MUTANT total-at-every-arrival of=walk fails=gradient
//! With every arrival a node hands on its total so far, so what came first is handed on again.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ std::vector<std::int32_t> ready = {root};
//~ g[std::size_t(root)] = droot;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     g[j] += g[std::size_t(i)] * graph.slope[e];
//~     ready.push_back(graph.operand[e]);
//~   }
//~ }
//~ for (std::size_t j = 0; j < g.size(); ++j) gradient[j] += g[j];
// END MUTANT

// BEGIN MUTANT by-number of=walk fails=gradient
//! You walk from the largest number to the smallest, as on a tape; here numbers say nothing.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ g[std::size_t(root)] = droot;
//~ for (std::int64_t i = graph.count; i-- > 0;) {
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     g[std::size_t(graph.operand[e])] += g[std::size_t(i)] * graph.slope[e];
//~   }
//~ }
//~ for (std::size_t j = 0; j < g.size(); ++j) gradient[j] += g[j];
// END MUTANT

// BEGIN MUTANT last-use-wins of=walk fails=gradient
//! You wrote = where += belongs: of several uses of a node only the one that comes last counts.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ std::vector<std::int32_t> ready = {root};
//~ g[std::size_t(root)] = droot;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   gradient[i] += g[std::size_t(i)];
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     g[j] = g[std::size_t(i)] * graph.slope[e];
//~     if (--waiting[j] == 0) ready.push_back(graph.operand[e]);
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT upstream-added-late of=walk fails=gradient
//! droot reaches the root alone: what the root hands on was computed with 1.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ std::vector<std::int32_t> ready = {root};
//~ g[std::size_t(root)] = 1;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   gradient[i] += i == root ? droot : g[std::size_t(i)];
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     g[j] += g[std::size_t(i)] * graph.slope[e];
//~     if (--waiting[j] == 0) ready.push_back(graph.operand[e]);
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT waits-for-strangers of=uses fails=other-results
//! You count every use in the graph. Users that do not lie under root never hand anything over, and
//! the nodes that wait for them wait for ever.
//~ (void)root;
//~ for (std::int32_t e = 0; e < graph.first[graph.count]; ++e) {
//~   ++waiting[std::size_t(graph.operand[e])];
//~ }
// END MUTANT

// BEGIN MUTANT old-sum-handed-on of=walk fails=second-pass
//! You work in gradient[] itself, so what earlier results left there is handed on once more.
//~ std::vector<std::int32_t> ready = {root};
//~ gradient[root] += droot;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     gradient[j] += gradient[i] * graph.slope[e];
//~     if (--waiting[j] == 0) ready.push_back(graph.operand[e]);
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT old-sum-lost of=walk fails=second-pass
//! You wrote over gradient[]; the sum of earlier results must stay, yours is added.
//~ std::vector<double> g(waiting.size(), 0.0);
//~ std::vector<std::int32_t> ready = {root};
//~ g[std::size_t(root)] = droot;
//~ while (!ready.empty()) {
//~   const std::int32_t i = ready.back();
//~   ready.pop_back();
//~   gradient[i] = g[std::size_t(i)];
//~   for (std::int32_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
//~     const auto j = std::size_t(graph.operand[e]);
//~     g[j] += g[std::size_t(i)] * graph.slope[e];
//~     if (--waiting[j] == 0) ready.push_back(graph.operand[e]);
//~   }
//~ }
// END MUTANT

}  // namespace exercise
