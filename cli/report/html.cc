#include "cli/report/html.h"

#include <fmt/format.h>

#include <cmath>

namespace pupil::cli {
namespace {

constexpr const char* kNone = "\u2013";   // en dash
constexpr const char* kSpace = "\u00a0";  // no line break between a number and its unit

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f}{}%", 100 * share, kSpace) : kNone;
}

std::string fixed(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : kNone;
}

std::string short_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : kNone;
}

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return kNone;
  if (seconds < 59.95) return fmt::format("{:.{}f}{}s", seconds, seconds < 1 ? 2 : 1, kSpace);
  const auto whole = std::llround(seconds);
  return fmt::format("{0}{2}min {1}{2}s", whole / 60, whole % 60, kSpace);
}

std::string per_second(double count, double seconds) {
  const double rate = count / seconds;
  return std::isfinite(rate) ? grouped(std::llround(rate)) : kNone;
}

}  // namespace pupil::cli
