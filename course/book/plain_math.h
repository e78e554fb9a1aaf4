// Formulas and letters for terminals that may know ASCII only.
#pragma once
#include <string>

namespace pupil::course {

/// TeX as one reads it aloud on paper: "\frac{\partial L}{\partial z_v} = p_v - [v = y]" becomes
/// "dL/dz_v = p_v - [v = y]". What it does not know stays as it is: never less than the source
/// says.
std::string plain_math(const std::string& tex);

/// The same for every $...$ within a text; \$ is the sign.
std::string plain_formulas(const std::string& text);

/// `text` itself where the locale is UTF-8, else every other letter as ASCII: quotes and dashes by
/// their like, Greek by name, the rest as U+0416.
std::string for_terminal(const std::string& text);
std::string to_ascii(const std::string& text);

}  // namespace pupil::course
