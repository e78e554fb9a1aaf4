#include "lessons/kit/check.h"

#include <cmath>
#include <numeric>

using namespace pupil::kit;

namespace {

// Row by row, from messages as the template wrote them.
Call targets_of(Trial& t, const std::vector<std::int32_t>& header,
                const std::vector<std::int32_t>& content, const std::vector<double>& weight) {
  const auto count = std::int64_t(header.size());
  const std::int64_t length = count + std::accumulate(header.begin(), header.end(), 0) +
                              std::accumulate(content.begin(), content.end(), 0);
  return {"targets",
          {input_ids("ids", {length}, t.random.integers(length, 1000)),
           input_ids("header", {count}, header), input_ids("content", {count}, content),
           input("weight", {count}, weight), output_ids("targets", {length}),
           output("weights", {length})}};
}

struct Case {
  Call forward, backward;
};

// `counting` rows of `length` have a weight, drawn between 0.1 and 0.9.
Case make_case(Trial& t, std::int64_t length, std::int32_t width, std::int64_t counting) {
  const std::vector<std::int32_t> mask = t.random.mask(length, counting);
  std::vector<std::int32_t> targets = t.random.integers(length, width);
  std::vector<double> weights;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    weights.push_back(mask[i] ? t.random.uniform(0.1, 0.9) : 0);
    if (!mask[i]) targets[i] = -100;
  }
  const double dloss = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dloss", dloss);
  t.constant("rows that count", double(counting));
  t.constant("the sum of the weights", std::accumulate(weights.begin(), weights.end(), 0.0));
  const Argument z = input("logits", {length, width}, t.random.normals(length * width, 1.5));
  const Argument y = input_ids("targets", {length}, targets);
  const Argument w = input("weights", {length}, weights);
  return {{"loss", {z, y, w, output("loss")}},
          {"backward",
           {z, y, w, input("dloss", dloss), output("dlogits", {length, width}).zeros_exact()}}};
}

Case usual(Trial& t) {
  t.describe("11 rows, 5 of them with a weight, a vocabulary of 13");
  return make_case(t, 11, 13, 5);
}

}  // namespace

PUPIL_CHECKS {
  check("row", [](Trial& t) {
    t.describe("system, user and assistant: 7, 5 and 7 tokens, weights 0, below 1, and 1");
    t.same(targets_of(t, {2, 1, 1}, {4, 3, 5}, {0, t.random.uniform(0.3, 0.7), 1}));
  });
  check("value", [](Trial& t) { t.same(usual(t).forward); });
  check("gradient", [](Trial& t) {
    const Case c = usual(t);
    t.gradient(c.forward, c.backward);
  });
  check("nothing-weighted", [](Trial& t) {
    t.describe("7 rows, none with a weight");
    const Case c = make_case(t, 7, 5, 0);
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("499 rows, 211 of them with a weight, a vocabulary of 1009");
    t.same(make_case(t, 499, 1009, 211).backward);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    t.same(targets_of(t, {0, 0, 3}, {0, 2, 0}, {0.5, 1, 0.25})) &&
        t.same(targets_of(t, {0}, {0}, {1}));
    Case c = make_case(t, 2, 3, 1);
    t.same(c.forward) && t.same(c.backward);
    const double before = t.outputs(c.forward).at("loss").numbers[0];
    for (double& w : c.forward.at("weights").numbers) w *= 2;
    const double after = t.outputs(c.forward).at("loss").numbers[0];
    t.expect(std::abs(after - before) < 1e-12, "twice the weight everywhere leaves the loss");
  });
  // END HIDDEN
}
