#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call evidence, forward, backward;
};

// Texts of these lengths; `size`: of the logits, `offset`: added to every logit of a row.
Case make_case(Trial& t, const std::vector<std::int32_t>& lengths, std::int64_t width,
               std::int32_t k, double size) {
  const auto n = std::int64_t(lengths.size());
  std::vector<std::int32_t> begin = {0};
  for (const std::int32_t length : lengths) begin.push_back(begin.back() + length);
  const std::int64_t rows = begin.back();
  const auto logits = [&] {
    std::vector<double> z = t.random.normals(rows * width, size);
    for (std::int64_t r = 0; r < rows; ++r) {
      const double offset = t.random.normal();
      for (std::int64_t v = 0; v < width; ++v) z[std::size_t(r * width + v)] += offset;
    }
    return z;
  };
  const double dloss = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dloss", dloss);
  t.constant("texts", double(n));
  const std::vector<Argument> read = {
      input("a", {rows, width}, logits()),
      input("b", {rows, width}, logits()),
      input_ids("ids", {rows}, t.random.integers(rows, std::int32_t(width))),
      input_ids("begin", {n + 1}, begin),
      integer_input("k", k),
      input("prior", t.random.uniform(0.3, 0.9))};
  Case c{{"evidence", read}, {"loss", read}, {"backward", read}};
  const Argument author = input_ids("author", {n}, t.random.mask(n, n / 2));
  c.evidence.arguments.push_back(output("s", {n}));
  for (Call* call : {&c.forward, &c.backward}) call->arguments.push_back(author);
  c.forward.arguments.push_back(output("loss"));
  c.backward.arguments.push_back(input("dloss", dloss));
  c.backward.arguments.push_back(output("da", {rows, width}).zeros_exact());
  c.backward.arguments.push_back(output("db", {rows, width}).zeros_exact());
  return c;
}

// 5 texts of 2 to 7 tokens: two of them have fewer than the 3 that count.
Case five_texts(Trial& t, double size = 0.7) {
  t.describe("5 texts of 4, 2, 7, 2 and 4 tokens, a vocabulary of 7, the first 3 tokens count");
  return make_case(t, {4, 2, 7, 2, 4}, 7, 3, size);
}

}  // namespace

PUPIL_CHECKS {
  check("evidence", [](Trial& t) { t.same(five_texts(t).evidence); });
  check("loss", [](Trial& t) { t.same(five_texts(t).forward); });
  check("sure", [](Trial& t) {
    const Case c = five_texts(t, 4000);
    t.describe("logits of several thousand: both models are sure, and some verdicts are wrong");
    t.same(c.forward);
  });
  check("gradient", [](Trial& t) {
    const Case c = five_texts(t);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("17 texts of 29 tokens, a vocabulary of 503, the first 23 count");
    t.same(make_case(t, std::vector<std::int32_t>(17, 29), 503, 23, 0.3).backward);
  });
  // BEGIN HIDDEN
  check("short-texts", [](Trial& t) {
    for (const auto& lengths : {std::vector<std::int32_t>{3, 0, 2}, {1}, {0, 5, 0, 1}}) {
      const Case c = make_case(t, lengths, 7, 13, 0.7);
      t.same(c.evidence) && t.same(c.forward) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
