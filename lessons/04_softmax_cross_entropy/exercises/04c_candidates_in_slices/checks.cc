#include "lessons/kit/check.h"

#include <limits>

using namespace pupil::kit;

namespace {

struct Sizes {
  std::int64_t rows, columns;
  std::int32_t slice;
  std::int64_t candidates;  // of a row
  std::int64_t from = 0;    // the first column that may be one
};

struct Case {
  Call forward, joined, backward;
};

// What is no candidate holds one of `rivals`; when there are none, a logit like the others.
Case make_case(Trial& t, const Sizes& s, const std::vector<double>& rivals = {}) {
  std::vector<double> logits = t.random.normals(s.rows * s.columns, 1.5);
  std::vector<std::int32_t> candidates, targets;
  for (std::int64_t i = 0; i < s.rows; ++i) {
    candidates.insert(candidates.end(), std::size_t(s.from), 0);
    const std::vector<std::int32_t> some = t.random.mask(s.columns - s.from, s.candidates);
    candidates.insert(candidates.end(), some.begin(), some.end());
    std::int32_t skip = t.random.below(std::int32_t(s.candidates)), target = -1;
    for (std::size_t v = 0; v < some.size(); ++v) {
      if (some[v] && skip-- == 0) target = std::int32_t(s.from) + std::int32_t(v);
    }
    targets.push_back(target);
  }
  for (std::size_t i = 0; i < logits.size() && !rivals.empty(); ++i) {
    if (!candidates[i])
      logits[i] = rivals[std::size_t(t.random.below(std::int32_t(rivals.size())))];
  }
  t.constant("columns of a slice", s.slice);
  t.constant("candidates of a row", double(s.candidates));
  const std::vector<Argument> inputs = {input("logits", {s.rows, s.columns}, logits),
                                        input_ids("candidates", {s.rows, s.columns}, candidates),
                                        input_ids("targets", {s.rows}, targets),
                                        integer_input("slice", s.slice)};
  Case c{{"loss", inputs}, {"joined", inputs}, {"backward", inputs}};
  c.forward.arguments.push_back(output("loss", {s.rows}));
  c.joined.arguments.push_back(output("loss", {s.rows}));
  c.backward.arguments.push_back(input("dloss", {s.rows}, t.random.normals(s.rows)));
  c.backward.arguments.push_back(output("dlogits", {s.rows, s.columns}).zeros_exact());
  return c;
}

const std::vector<double> kAnything = {1e4, std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
constexpr Sizes kUsual = {.rows = 5, .columns = 13, .slice = 3, .candidates = 11};
constexpr char kUsualWords[] = "5 rows of 13 logits, 11 of them candidates, in slices of 3";

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe(kUsualWords);
    t.same(make_case(t, kUsual).forward);
  });
  check("joined", [](Trial& t) {
    t.describe("each slice seen by itself, then joined");
    t.same(make_case(t, kUsual).joined);
  });
  check("rivals", [](Trial& t) {
    t.describe("what is no candidate holds 1e4");
    t.same(make_case(t, {5, 13, 3, 7}, {1e4}).forward);
  });
  check("empty-slices", [](Trial& t) {
    t.describe("candidates among the last 6 of 13 columns only, in slices of 3");
    const Case c = make_case(t, {5, 13, 3, 2, 7});
    t.same(c.forward) && t.same(c.joined);
  });
  check("gradient", [](Trial& t) {
    t.describe(kUsualWords);
    const Case c = make_case(t, kUsual);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe(
        "199 rows of 2003 logits, 1009 of them candidates, in slices of 101; the others hold 1e4, "
        "inf "
        "or nan");
    t.same(make_case(t, {199, 2003, 101, 1009}, kAnything).backward);
  });
  // BEGIN HIDDEN
  check("other-sizes", [](Trial& t) {
    for (const Sizes& s : {Sizes{3, 11, 1, 5}, Sizes{2, 7, 29, 3}, Sizes{5, 17, 3, 1, 13}}) {
      const Case c = make_case(t, s, kAnything);
      t.same(c.forward) && t.same(c.joined) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
