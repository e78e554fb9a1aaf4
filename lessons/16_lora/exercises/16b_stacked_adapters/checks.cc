#include <cmath>

#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

constexpr std::int64_t kIn = 11, kOut = 7;

// The function `name` on a weight with adapters of these ranks.
Call make_call(Trial& t, const std::string& name, const std::vector<std::int32_t>& ranks) {
  std::int64_t all = 0;
  for (const std::int32_t r : ranks) all += r;
  const auto count = std::int64_t(ranks.size());
  std::vector<double> alphas;
  for (std::int64_t j = 0; j < count; ++j) alphas.push_back(t.random.uniform(2, 9));
  return {name,
          {input("a", {all, kIn}, t.random.normals(all * kIn)),
           input("b", {kOut, all}, t.random.normals(kOut * all)),
           input_ids("ranks", {count}, ranks), input("alphas", {count}, alphas)}};
}

Call on_weight(Trial& t, const std::string& name, const std::vector<std::int32_t>& ranks) {
  Call call = make_call(t, name, ranks);
  call.arguments.push_back(updated("w", {kOut, kIn}, t.random.normals(kOut * kIn)));
  return call;
}

const std::vector<std::int32_t> kThree = {2, 5, 6};

}  // namespace

PUPIL_CHECKS {
  check("scales", [](Trial& t) {
    t.describe("three adapters of ranks 2, 5 and 6");
    Call call = make_call(t, "scales", kThree);
    call.arguments.push_back(output("scales", {3}));
    t.same(call);
  });
  check("merge", [](Trial& t) {
    t.describe("three adapters of ranks 2, 5 and 6 on a weight of 7 x 11");
    t.same(on_weight(t, "merge", kThree));
  });
  check("unmerge", [](Trial& t) {
    t.describe("of three adapters the second and the third are taken out, one at a time");
    for (const std::int32_t j : {1, 2}) {
      Call call = on_weight(t, "unmerge", kThree);
      call.arguments.push_back(integer_input("j", j));
      if (!t.same(call)) return;
    }
  });
  check("same-function", [](Trial& t) {
    t.describe("x W'^T against x W^T + sum_j gamma_j (x A_j^T) B_j^T");
    const Call call = on_weight(t, "merge", kThree);
    const std::vector<double> merged = t.outputs(call).at("w").numbers;
    const std::vector<double> x = t.random.normals(kIn);
    const auto& a = call.at("a").numbers;
    const auto& b = call.at("b").numbers;
    double worst = 0;
    for (std::size_t o = 0; o < std::size_t(kOut); ++o) {
      double folded = 0, apart = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        folded += x[i] * merged[o * x.size() + i];
        apart += x[i] * call.at("w").numbers[o * x.size() + i];
      }
      std::size_t q = 0;
      for (std::size_t j = 0; j < kThree.size(); ++j) {
        const double gamma = call.at("alphas").numbers[j] / std::sqrt(double(kThree[j]));
        for (const std::size_t end = q + std::size_t(kThree[j]); q < end; ++q) {
          double down = 0;
          for (std::size_t i = 0; i < x.size(); ++i) down += x[i] * a[q * x.size() + i];
          apart += gamma * down * b[o * 13 + q];
        }
      }
      worst = std::max(worst, std::abs(folded - apart));
    }
    t.expect(worst < 1e-9, "the merged weight is the same function as weight and adapters");
  });
  // BEGIN HIDDEN
  check("one-adapter", [](Trial& t) {
    for (const std::vector<std::int32_t>& ranks : {std::vector<std::int32_t>{5}, {1, 1}}) {
      if (!t.same(on_weight(t, "merge", ranks))) return;
      Call call = on_weight(t, "merge_then_unmerge", ranks);
      call.arguments.push_back(integer_input("j", std::int32_t(ranks.size()) - 1));
      if (!t.same(call)) return;
    }
  });
  // END HIDDEN
}
