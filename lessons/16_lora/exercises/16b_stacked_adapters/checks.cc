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
