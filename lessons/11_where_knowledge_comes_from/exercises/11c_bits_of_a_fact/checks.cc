#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

// sizes[k] words of kind k and `others` of none, in random order; answers are values.
Case make_case(Trial& t, std::int64_t rows, const std::vector<int>& sizes, int others,
               double size = 1, double above = 0) {
  std::vector<std::int32_t> kind(std::size_t(others), -1);
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    kind.insert(kind.end(), std::size_t(sizes[k]), std::int32_t(k));
    t.constant("words of kind " + std::to_string(k), sizes[k]);
  }
  for (std::size_t i = kind.size(); i > 1; --i) {
    std::swap(kind[i - 1], kind[std::size_t(t.random.below(std::int32_t(i)))]);
  }
  t.constant("log 2", 0.6931471805599453);
  const auto width = std::int64_t(kind.size());
  const auto kinds = std::int32_t(sizes.size());
  std::vector<std::int32_t> answer;  // of the last kind in the first row, of kind 0 in the others
  while (std::int64_t(answer.size()) < rows) {
    const std::int32_t v = t.random.below(std::int32_t(width));
    if (kind[std::size_t(v)] == (answer.empty() ? kinds - 1 : 0)) answer.push_back(v);
  }
  std::vector<double> logits = t.random.normals(rows * width, size);
  for (std::size_t i = 0; i < logits.size(); ++i) {  // words of no kind may tower above the rest
    if (kind[i % std::size_t(width)] < 0) logits[i] += above;
  }
  std::vector<double> dbits;
  for (std::int64_t i = 0; i < rows; ++i) {
    dbits.push_back((t.random.below(2) ? 1 : -1) * t.random.uniform(0.6, 1.9));
  }
  const Argument z = input("logits", {rows, width}, logits);
  const Argument k = input_ids("kind", {width}, kind);
  const Argument y = input_ids("answer", {rows}, answer);
  return {
      {"bits", {z, k, y, output("bits", {rows})}},
      {"backward",
       {z, k, y, input("dbits", {rows}, dbits), output("dlogits", {rows, width}).zeros_exact()}}};
}

Case three_kinds(Trial& t) {
  t.describe("7 facts, kinds of 23, 2 and 3 words, 1 word of none");
  return make_case(t, 7, {23, 2, 3}, 1, 0.6);
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) { t.same(three_kinds(t).forward); });
  check("large-logits", [](Trial& t) {
    t.describe("logits around 0, those of words that are no value around 1900; then all of 1000");
    t.same(make_case(t, 5, {3, 5, 7}, 2, 1, 1900).forward);
    t.same(make_case(t, 5, {3, 5, 7}, 2, 1000).forward);
  });
  check("gradient", [](Trial& t) {
    const Case c = three_kinds(t);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("211 facts, kinds of 307, 503 and 97 words, 103 words of none");
    t.same(make_case(t, 211, {307, 503, 97}, 103, 0.3).backward);
  });
  // BEGIN HIDDEN
  check("other-kinds", [](Trial& t) {
    for (const auto& sizes : {std::vector<int>{1, 4}, {6}, {1}}) {
      const Case c = make_case(t, 3, sizes, int(sizes.size()) - 1);
      t.same(c.forward) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
