#include "course/secrets.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "nn/file.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLeastSigns = 12;

std::string without_blanks(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || (c == '\n' && !keep_lines);
    if (!blank) out += c;
  }
  return out;
}

}  // namespace

void Secrets::add(const std::string& line, const std::string& place) {
  const std::string text = without_blanks(line, false);
  const bool loop = text.starts_with("for(") && text.ends_with("{");
  if (text.size() >= kLeastSigns && !loop) secrets_.push_back({text, place});
}

void Secrets::allow(const std::string& text) {
  allowed_ += "\n" + without_blanks(text, true) + "\n";
}

std::size_t Secrets::count() const {
  return std::size_t(std::count_if(secrets_.begin(), secrets_.end(), [&](const Secret& s) {
    return allowed_.find(s.text) == std::string::npos;
  }));
}

// Each place is looked up by its next 12 signs; the few that match are compared whole.
std::vector<Leak> Secrets::find_in(const std::string& root) const {
  std::unordered_multimap<std::string_view, const Secret*> by_start;
  for (const Secret& s : secrets_) {
    if (allowed_.find(s.text) != std::string::npos) continue;
    by_start.emplace(std::string_view(s.text).substr(0, kLeastSigns), &s);
  }
  std::vector<Leak> leaks;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = without_blanks(read_file(entry.path().string()), false);
    const std::string_view view = bytes;
    for (std::size_t at = 0; at + kLeastSigns <= view.size(); ++at) {
      const auto range = by_start.equal_range(view.substr(at, kLeastSigns));
      for (auto it = range.first; it != range.second; ++it) {
        if (view.substr(at).starts_with(it->second->text)) {
          leaks.push_back({fs::relative(entry.path(), root).string(), *it->second});
        }
      }
    }
  }
  return leaks;
}

}  // namespace pupil::course
