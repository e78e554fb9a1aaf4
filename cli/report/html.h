// Text for a page of HTML: escaped strings, and numbers as a reader likes them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pupil::cli {

/// Safe between tags and inside quoted attributes.
std::string escape_html(std::string_view text);

// Numbers. What is not finite or was not measured reads as an en dash.
std::string percent(double share);            ///< 0.9375 -> "93.8 %" (no line break inside)
std::string fixed(double value, int digits);  ///< 1.23456, 3 -> "1.235"
std::string short_number(double value);       ///< 0.003 -> "0.003", 5e-05 -> "5e-05"
std::string grouped(std::int64_t value);      ///< 254976 -> "254,976"
std::string duration(double seconds);         ///< "0.42 s", "26.3 s", "1 min 32 s"
std::string per_second(double count, double seconds);  ///< rounded and grouped

}  // namespace pupil::cli
