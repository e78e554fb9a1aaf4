#include "lessons/kit/lesson.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "autograd/gradcheck.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const char* origin_name(Origin origin) { return origin == Origin::kNow ? "now" : "cached"; }

Json finite_or_null(double x) { return std::isfinite(x) ? Json(x) : Json(nullptr); }

}  // namespace

Gate greater_than(double bound) {
  return {fmt::format("> {:g}", bound), [](double v, double low, double) { return v > low; }, bound,
          0};
}
Gate less_than(double bound) {
  return {fmt::format("< {:g}", bound), [](double v, double, double high) { return v < high; }, 0,
          bound};
}
Gate between(double low, double high) {
  return {fmt::format("in {:g} .. {:g}", low, high),
          [](double v, double l, double h) { return l <= v && v <= h; }, low, high};
}

struct Lesson::Record {
  Json items = Json::array();
};

Lesson::Lesson(std::string id, std::string title, Settings settings, std::uint64_t seed)
    : id_(std::move(id)),
      title_(std::move(title)),
      settings_(std::move(settings)),
      seed_(seed),
      start_(now()),
      record_(std::make_unique<Record>()) {
  fmt::print("Lesson {}: {}\n", id_, title_);
}
Lesson::~Lesson() = default;

const std::string& Lesson::setting(const std::string& name) const {
  for (const auto& [key, value] : settings_) {
    if (key == name) return value;
  }
  throw UsageError(fmt::format("lesson {} has no setting \"{}\"", id_, name));
}

void Lesson::claim(const std::string& sentence) {
  fmt::print("\n{}\n", sentence);
  record_->items.push_back({{"kind", "claim"}, {"text", sentence}});
}

void Lesson::say(const std::string& text) {
  fmt::print("  {}\n", text);
  record_->items.push_back({{"kind", "say"}, {"text", text}});
}

void Lesson::line(const std::string& what, const std::string& symbol, const std::string& value,
                  const std::string& verdict) {
  const std::string left = symbol.empty() ? what : fmt::format("{}, {}", what, symbol);
  constexpr std::size_t kColumn = 58;
  if (left.size() > kColumn) fmt::print("  {}\n", left);
  fmt::print("  {:<58} {:>12}  {}[{}]\n", left.size() > kColumn ? "" : left, value,
             verdict.empty() ? "" : verdict + " ", origin_name(origin_));
  std::fflush(stdout);
}

void Lesson::show(const std::string& what, const std::string& symbol, double value) {
  line(what, symbol, fmt::format("{:.6g}", value), "");
  record_->items.push_back({{"kind", "value"},
                            {"what", what},
                            {"symbol", symbol},
                            {"value", finite_or_null(value)},
                            {"origin", origin_name(origin_)}});
}

void Lesson::gate(const std::string& what, const std::string& symbol, double value,
                  const Gate& gate) {
  const bool holds = gate.holds(value, gate.low, gate.high);
  ++checked_;
  failed_ += !holds;
  line(what, symbol, fmt::format("{:.6g}", value),
       fmt::format("{} {}", gate.text, holds ? "holds" : "DOES NOT HOLD"));
  record_->items.push_back({{"kind", "gate"},
                            {"what", what},
                            {"symbol", symbol},
                            {"value", finite_or_null(value)},
                            {"bound", gate.text},
                            {"holds", holds},
                            {"origin", origin_name(origin_)}});
}

void Lesson::expect_zero(const std::string& what, std::span<const double> values) {
  double largest = 0;
  for (const double v : values) largest = std::isnan(v) ? v : std::max(largest, std::abs(v));
  const bool holds = largest == 0 && !values.empty();
  ++checked_;
  failed_ += !holds;
  line(what, fmt::format("largest of {}", values.size()), fmt::format("{:g}", largest),
       holds ? "= 0 holds" : "= 0 DOES NOT HOLD");
  record_->items.push_back({{"kind", "zero"},
                            {"what", what},
                            {"value", finite_or_null(largest)},
                            {"count", values.size()},
                            {"holds", holds},
                            {"origin", origin_name(origin_)}});
}

void Lesson::gradcheck(const std::string& name, std::vector<Tensor> inputs, OpFunction function) {
  OpSample sample;
  sample.inputs = std::move(inputs);
  sample.function = std::move(function);
  const GradcheckResult result = pupil::gradcheck(sample, seed_);
  ++checked_;
  failed_ += !result.passed;
  line(fmt::format("gradient of {}, {} elements", name, result.elements), "worst error",
       fmt::format("{:.1e}", result.worst_error),
       result.passed ? "< 1e-06 holds" : "DOES NOT HOLD");
  if (!result.passed) fmt::print("    {}\n", result.message);
  record_->items.push_back({{"kind", "gradcheck"},
                            {"what", name},
                            {"value", finite_or_null(result.worst_error)},
                            {"elements", result.elements},
                            {"holds", result.passed},
                            {"origin", "now"}});
}

void Lesson::plot(const std::string& title, const std::string& x, const std::string& y,
                  const std::vector<Curve>& curves) {
  Json list = Json::array();
  for (const Curve& c : curves) list.push_back({{"name", c.name}, {"y", c.y}});
  record_->items.push_back(
      {{"kind", "plot"}, {"title", title}, {"x", x}, {"y", y}, {"curves", list}});
  for (const Curve& c : curves) {
    if (c.y.empty()) continue;
    fmt::print("  plot \"{}\", {}: from {:.4g} to {:.4g} over {} points\n", title, c.name,
               c.y.front(), c.y.back(), c.y.size());
  }
}

void Lesson::table(const std::string& title, const std::vector<std::string>& columns,
                   const std::vector<std::pair<std::string, std::vector<double>>>& rows) {
  fmt::print("  {}\n  {:<24}", title, "");
  for (const std::string& column : columns) fmt::print(" {:>11}", column);
  fmt::print("\n");
  Json list = Json::array();
  for (const auto& [name, values] : rows) {
    fmt::print("  {:<24}", name);
    for (const double v : values) fmt::print(" {:>11.5g}", v);
    fmt::print("  [{}]\n", origin_name(origin_));
    list.push_back({{"name", name}, {"values", values}});
  }
  record_->items.push_back({{"kind", "table"},
                            {"title", title},
                            {"columns", columns},
                            {"rows", list},
                            {"origin", origin_name(origin_)}});
}

void Lesson::sample(const std::string& model, const std::string& prompt, const std::string& text,
                    const std::string& evidence) {
  fmt::print("  {:<10} {} -> {}  [{}]\n", model, prompt, text, origin_name(origin_));
  record_->items.push_back({{"kind", "sample"},
                            {"model", model},
                            {"prompt", prompt},
                            {"text", text},
                            {"evidence", evidence},
                            {"origin", origin_name(origin_)}});
}

void Lesson::caveat(const std::string& text) {
  fmt::print("\nWhat could fool you: {}\n", text);
  record_->items.push_back({{"kind", "caveat"}, {"text", text}});
}

void Lesson::finish() {
  fmt::print("\n{} of {} hold, {:.1f} s\n", checked_ - failed_, checked_, now() - start_);
  if (checked_ == 0) throw Error("the lesson proved nothing: it has no gate and no gradient check");
}

std::string Lesson::report_json() const {
  Json settings = Json::object();
  for (const auto& [key, value] : settings_) settings[key] = value;
  return Json{{"lesson", id_},
              {"title", title_},
              {"seed", seed_},
              {"settings", settings},
              {"checked", checked_},
              {"failed", failed_},
              {"seconds", now() - start_},
              {"items", record_->items}}
             .dump(1) +
         "\n";
}

}  // namespace pupil
