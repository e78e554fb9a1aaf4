#include "course/hypotheses.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <functional>
#include <optional>

namespace pupil::course {
namespace {

using Numbers = std::vector<double>;
using Found = std::optional<Diagnosis>;

constexpr double kExact = 1e-9;

// A wrong array as rows x width, with the few questions that hypotheses ask.
class Clues {
 public:
  explicit Clues(const WrongArray& w)
      : name(w.want.name),
        a(as_numbers(w.got)),
        n(as_numbers(w.want)),
        before(w.before),
        constants(w.constants) {
    width = w.want.shape.empty() ? 1 : std::size_t(w.want.shape.back());
    rows = width ? n.size() / width : 0;
    for (const double x : n) scale = std::max(scale, std::abs(x));
    scale = std::max(scale, 1e-12);
  }
  bool near(double x, double y) const { return std::abs(x - y) <= kExact * scale; }
  bool right(std::size_t i) const { return near(a[i], n[i]); }
  double got(std::size_t r, std::size_t c) const { return a[r * width + c]; }
  double want(std::size_t r, std::size_t c) const { return n[r * width + c]; }
  bool row_holds(std::size_t r, const std::function<bool(std::size_t)>& holds) const {
    for (std::size_t c = 0; c < width; ++c) {
      if (!holds(r * width + c)) return false;
    }
    return true;
  }
  bool row_right(std::size_t r) const {
    return row_holds(r, [&](std::size_t i) { return right(i); });
  }
  bool row_zero(const Numbers& x, std::size_t r) const {
    return row_holds(r, [&](std::size_t i) { return x[i] == 0; });
  }
  bool all(const std::function<bool(std::size_t)>& holds) const {
    for (std::size_t i = 0; i < n.size(); ++i) {
      if (!holds(i)) return false;
    }
    return true;
  }

  std::string name;
  Numbers a, n;
  const Numbers& before;
  const NamedNumbers& constants;
  std::size_t rows = 0, width = 0;
  double scale = 0;
};

std::string listed(const std::vector<std::size_t>& indices) {
  std::vector<std::size_t> few(indices.begin(),
                               indices.begin() + std::min<std::size_t>(indices.size(), 6));
  return fmt::format("{}{}", fmt::join(few, ", "), indices.size() > 6 ? ", ..." : "");
}

// What a factor is: a constant of the case, its inverse, or a quotient of two.
std::string name_factor(double s, const NamedNumbers& constants) {
  const double size = std::abs(s);
  const auto is = [&](double x) { return std::abs(size - x) <= 1e-9 * x; };
  std::vector<std::string> names;
  for (const auto& [name, v] : constants) {
    if (v <= 0 || v == 1) continue;
    if (is(v)) names.push_back(fmt::format("{:g} = {}", v, name));
    if (is(1 / v)) names.push_back(fmt::format("1/{:g}, {:g} = {}", v, v, name));
  }
  if (names.empty()) {
    for (const auto& [name_v, v] : constants) {
      for (const auto& [name_w, w] : constants) {
        if (v <= 0 || w <= 0 || v == w || v == 1 || w == 1) continue;
        if (is(v / w)) {
          names.push_back(fmt::format("{:g}/{:g}: {} over {}", v, w, name_v, name_w));
        } else if (v < w && is(v * w)) {
          names.push_back(fmt::format("{:g} * {:g}: {} times {}", v, w, name_v, name_w));
        }
      }
    }
  }
  if (names.size() > 2) names.resize(2);
  return fmt::format("{}", fmt::join(names, ", or "));
}

Found nonfinite(const Clues& e) {
  for (std::size_t i = 0; i < e.n.size(); ++i) {
    if (std::isfinite(e.a[i]) || !std::isfinite(e.n[i])) continue;
    return Diagnosis{"nonfinite", "exact",
                     fmt::format("{} is {} at row {}, column {}: not written, 0/0, or exp of a "
                                 "large number?",
                                 e.name, e.a[i], i / e.width, i % e.width)};
  }
  return {};
}

Found unwritten(const Clues& e) {
  const bool nan = e.all([&](std::size_t i) { return std::isnan(e.a[i]) || e.a[i] == INT_MIN; });
  const bool zero = e.all([&](std::size_t i) { return e.a[i] == 0; });
  const bool same =
      !e.before.empty() && e.all([&](std::size_t i) { return e.a[i] == e.before[i]; });
  if (nan || same)
    return Diagnosis{"unwritten", "exact", fmt::format("nothing was written to {}", e.name)};
  if (zero) return Diagnosis{"zero", "exact", fmt::format("every element of {} is 0", e.name)};
  return {};
}

Found overwritten(const Clues& e) {
  if (e.before.empty()) return {};
  if (!e.all([&](std::size_t i) { return e.near(e.a[i], e.n[i] - e.before[i]); })) return {};
  return Diagnosis{"not-accumulated", "exact",
                   fmt::format("{} holds your contribution alone; it must be added (+=) to what "
                               "stood there",
                               e.name)};
}

Found scaled(const Clues& e) {
  double an = 0, aa = 0, nn = 0;
  for (std::size_t i = 0; i < e.n.size(); ++i) {
    an += e.a[i] * e.n[i];
    aa += e.a[i] * e.a[i];
    nn += e.n[i] * e.n[i];
  }
  if (nn == 0 || aa == 0 || std::abs(an) < (1 - 1e-12) * std::sqrt(aa * nn)) return {};
  const double s = an / nn;
  // Any number is some multiple of any other: one number alone needs a factor with a name.
  if (e.n.size() == 1 && s != -1 && name_factor(s, e.constants).empty()) return {};
  if (std::abs(s + 1) < kExact) {
    return Diagnosis{"sign", "exact",
                     fmt::format("every element of {} has the opposite sign", e.name)};
  }
  const std::string factor = name_factor(s, e.constants);
  const std::string what = s < 0 ? "sign and scale" : "scale";
  return Diagnosis{"scale", factor.empty() ? "likely" : "exact",
                   fmt::format("{} is right up to a factor ({}): yours is {:.9g} times what it "
                               "should be{}",
                               e.name, what, s, factor.empty() ? "" : "; that is " + factor)};
}

Found shifted(const Clues& e) {
  for (const bool along_rows : {true, false}) {
    const std::size_t count = along_rows ? e.rows : e.width;
    if (count < 3) continue;
    for (const bool forward : {true, false}) {
      bool holds = true;
      for (std::size_t r = 0; r < e.rows && holds; ++r) {
        for (std::size_t c = 0; c < e.width && holds; ++c) {
          const std::size_t at = along_rows ? r : c;
          if (forward ? at == 0 : at + 1 == count) continue;
          const std::size_t from = forward ? at - 1 : at + 1;
          const double other = along_rows ? e.want(from, c) : e.want(r, from);
          holds = e.near(e.got(r, c), other);
        }
      }
      if (holds) {
        return Diagnosis{"shift", "exact",
                         fmt::format("{} is shifted by one {} {}: an index off by one?", e.name,
                                     along_rows ? "row" : "column", forward ? "forward" : "back")};
      }
    }
  }
  return {};
}

Found transposed(const Clues& e) {
  if (e.rows < 2 || e.width < 2) return {};
  for (std::size_t r = 0; r < e.rows; ++r) {
    for (std::size_t c = 0; c < e.width; ++c) {
      if (!e.near(e.a[c * e.rows + r], e.want(r, c))) return {};
    }
  }
  return Diagnosis{"transpose", "exact",
                   fmt::format("{} has the right values, stored transposed ({} x {} wanted)",
                               e.name, e.rows, e.width)};
}

// Rows that should be zero and are not, or the other way round, when every other row is right.
Found rows_leak_or_miss(const Clues& e) {
  std::vector<std::size_t> leak, missing;
  for (std::size_t r = 0; r < e.rows; ++r) {
    if (e.row_right(r)) continue;
    if (e.row_zero(e.n, r)) {
      leak.push_back(r);
    } else if (e.row_zero(e.a, r)) {
      missing.push_back(r);
    } else {
      return {};
    }
  }
  if (e.rows < 2 || leak.empty() == missing.empty()) return {};
  if (!leak.empty()) {
    return Diagnosis{
        "mask-leak", "exact",
        fmt::format("rows {} of {} must be zero and are not; all others are right: the "
                    "mask is not applied",
                    listed(leak), e.name)};
  }
  return Diagnosis{
      "missing-rows", "exact",
      fmt::format("rows {} of {} are zero and must not be; all others are right: a loop "
                  "bound or a mask one too strict?",
                  listed(missing), e.name)};
}

Found rows_scaled(const Clues& e) {
  if (e.rows < 2 || e.width < 3) return {};
  std::vector<double> factors;
  for (std::size_t r = 0; r < e.rows; ++r) {
    double an = 0, nn = 0;
    for (std::size_t c = 0; c < e.width; ++c) {
      an += e.got(r, c) * e.want(r, c);
      nn += e.want(r, c) * e.want(r, c);
    }
    const double s = nn > 0 ? an / nn : 1;
    for (std::size_t c = 0; c < e.width; ++c) {
      if (!e.near(e.got(r, c), s * e.want(r, c))) return {};
    }
    factors.push_back(s);
  }
  factors.resize(std::min<std::size_t>(factors.size(), 4));
  return Diagnosis{"row-scale", "likely",
                   fmt::format("each row of {} is right up to a factor of its own: {:.6g} ...",
                               e.name, fmt::join(factors, ", "))};
}

Found one_column_a_row(const Clues& e) {
  if (e.width < 4 || e.rows < 2) return {};
  bool same_column = true;
  std::size_t first = e.width;
  for (std::size_t r = 0; r < e.rows; ++r) {
    std::size_t wrong = 0, column = e.width;
    for (std::size_t c = 0; c < e.width; ++c) {
      if (e.right(r * e.width + c)) continue;
      ++wrong;
      column = c;
    }
    if (wrong > 1) return {};
    if (wrong == 0) continue;
    if (first == e.width) first = column;
    same_column &= column == first;
  }
  if (same_column) {
    return Diagnosis{"one-column", "likely",
                     fmt::format("only column {} of {} is wrong: a loop bound?", first, e.name)};
  }
  return Diagnosis{"one-in-a-row", "likely",
                   fmt::format("in each row of {} one element is wrong, never the same column: the "
                               "term of the target?",
                               e.name)};
}

Found off_by_row_constant(const Clues& e) {
  if (e.width < 3) return {};
  for (std::size_t r = 0; r < e.rows; ++r) {
    const double d = e.got(r, 0) - e.want(r, 0);
    for (std::size_t c = 0; c < e.width; ++c) {
      if (!e.near(e.got(r, c) - e.want(r, c), d)) return {};
    }
  }
  return Diagnosis{"centering", "likely",
                   fmt::format("in each row of {} all elements are off by the same amount: a term "
                               "that is summed or averaged over the row is missing or too much",
                               e.name)};
}

Found few_rows(const Clues& e) {
  std::vector<std::size_t> wrong;
  for (std::size_t r = 0; r < e.rows; ++r) {
    if (!e.row_right(r)) wrong.push_back(r);
  }
  if (e.rows < 4 || wrong.size() * 4 > e.rows) return {};
  return Diagnosis{"few-rows", "hint",
                   fmt::format("only row{} {} of {} {} wrong: the first or last one, or a special "
                               "case?",
                               wrong.size() > 1 ? "s" : "", listed(wrong), e.name,
                               wrong.size() > 1 ? "are" : "is")};
}

Found reversed(const Clues& e) {
  if (e.n.size() < 3) return {};
  if (!e.all([&](std::size_t i) { return e.near(e.a[i], e.n[e.n.size() - 1 - i]); })) return {};
  return Diagnosis{"reversed", "exact", fmt::format("{} is in reversed order", e.name)};
}

}  // namespace

std::vector<Diagnosis> explain_array(const WrongArray& wrong) {
  const Clues clues(wrong);
  if (clues.n.empty()) return {};
  if (clues.all([&](std::size_t i) { return clues.right(i); })) return {};
  for (const double x : clues.n) {
    if (!std::isfinite(x)) return {};
  }
  for (const auto& hypothesis :
       {unwritten, nonfinite, overwritten, scaled, shifted, transposed, rows_leak_or_miss, reversed,
        rows_scaled, one_column_a_row, off_by_row_constant, few_rows}) {
    if (Found found = hypothesis(clues)) return {*found};
  }
  return {};
}

}  // namespace pupil::course
