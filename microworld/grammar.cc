#include "microworld/grammar.h"

#include <algorithm>

namespace pupil::microworld {

void append(Ids& out, std::string_view pattern, Id name, Id relation, Id value) {
  while (!pattern.empty()) {
    const size_t end = std::min(pattern.find(' '), pattern.size());
    const auto piece = pattern.substr(0, end);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
    out.push_back(piece == "NAME"       ? name
                  : piece == "RELATION" ? relation
                  : piece == "VALUE"    ? value
                                        : find(piece).value());
  }
}

}  // namespace pupil::microworld
