// The search: one script with the text of all sections, so that it works from a file, too.
#include <nlohmann/json.hpp>

#include "course/book/page.h"

namespace pupil::course {
namespace {

constexpr std::size_t kLongest = 4000;  // bytes of a section's text

// Shows the field, and below it up to twelve sections that hold all the words typed, those with a
// word in their title first.
constexpr const char* kScript = R"js(
(function () {
  const field = document.getElementById("search"), list = document.getElementById("found");
  field.hidden = false;
  field.addEventListener("input", function () {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.textContent = "";
    list.hidden = words.length === 0;
    if (list.hidden) return;
    const hits = [];
    for (const [page, id, label, title, text] of sections) {
      const all = (title + " " + text).toLowerCase();
      if (!words.every(function (w) { return all.includes(w); })) continue;
      const inTitle = words.some(function (w) { return title.toLowerCase().includes(w); });
      hits.push([inTitle ? 0 : 1, page + "#" + id, title, label]);
    }
    hits.sort(function (a, b) { return a[0] - b[0]; });
    for (const [, address, title, label] of hits.slice(0, 12)) {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = address;
      link.textContent = title === label ? label : title + " (" + label + ")";
      item.append(link);
      list.append(item);
    }
    if (hits.length === 0) list.textContent = "Nothing found.";
  });
})();
)js";

// A cut inside a letter would not be UTF-8.
std::string cut(const std::string& text) {
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::string search_script(const std::vector<BookPage>& pages) {
  nlohmann::json sections = nlohmann::json::array();
  for (const BookPage& page : pages) {
    for (const Section& s : page.sections) {
      sections.push_back({page.file, s.id, page.label, s.title, cut(s.text)});
    }
  }
  return "const sections = " + sections.dump() + ";\n" + kScript;
}

}  // namespace pupil::course
