#include "cli/number_list.h"

#include <sstream>

namespace pupil::cli {

std::vector<std::string> split_numbers(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != text.npos; text.remove_prefix(end == text.npos ? 0 : end + 1)) {
    end = text.find(',');
    std::istringstream words{std::string(text.substr(0, end))};
    const std::size_t before = parts.size();
    for (std::string word; words >> word;) parts.push_back(word);
    if (parts.size() == before) parts.emplace_back();
  }
  return parts;
}

}  // namespace pupil::cli
