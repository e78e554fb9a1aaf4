#include "course/book/katex.h"

#include <duktape.h>
#include <fmt/format.h>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

const std::string kProgram = "/usr/share/javascript/katex/katex.min.js";
const std::string kStyle = "/usr/share/javascript/katex/katex.min.css";
const std::string kFonts = "/usr/share/fonts/truetype/katex/";

std::string read_installed(const std::string& path) {
  if (!file_exists(path)) {
    throw InputError(
        fmt::format("{} is missing, which formulas are set with; install Debian's "
                    "packages libjs-katex and fonts-katex (./pupil build does it)",
                    path));
  }
  return read_file(path);
}

void set_true(duk_context* heap, const char* option) {
  duk_push_true(heap);
  duk_put_prop_string(heap, -2, option);
}

// HTML knows MathML and SVG by their tags; the namespaces only look like addresses.
std::string without_namespaces(std::string html) {
  const std::string begin = " xmlns=\"";
  for (std::size_t at = html.find(begin); at != html.npos; at = html.find(begin, at)) {
    html.erase(at, html.find('"', at + begin.size()) + 1 - at);
  }
  return html;
}

}  // namespace

Katex::Katex() : heap_(duk_create_heap_default()) {
  if (!heap_) throw std::bad_alloc();
  const std::string program = read_installed(kProgram);
  if (duk_peval_lstring(heap_, program.data(), program.size()) != 0) {
    const std::string reason = duk_safe_to_string(heap_, -1);
    duk_destroy_heap(heap_);
    throw InputError(fmt::format("{}: does not run: {}", kProgram, reason));
  }
  duk_pop(heap_);
}

Katex::~Katex() { duk_destroy_heap(heap_); }

std::string Katex::render(const std::string& tex, bool display) {
  std::string& html = done_[(display ? "D" : "I") + tex];
  if (!html.empty()) return html;
  duk_get_global_string(heap_, "katex");
  duk_push_string(heap_, "renderToString");
  duk_push_lstring(heap_, tex.data(), tex.size());
  duk_push_object(heap_);
  set_true(heap_, "throwOnError");
  if (display) set_true(heap_, "displayMode");
  duk_push_string(heap_, "error");
  duk_put_prop_string(heap_, -2, "strict");
  const bool failed = duk_pcall_prop(heap_, -4, 2) != 0;
  const std::string result = duk_safe_to_string(heap_, -1);
  duk_pop_2(heap_);
  if (failed) {
    done_.erase((display ? "D" : "I") + tex);
    throw InputError(fmt::format("formula ${}$: {}", tex, result));
  }
  return html = without_namespaces(result);
}

void Katex::write_assets(const std::string& folder) {
  make_folder(folder + "/fonts");
  const std::string css = read_installed(kStyle);
  // Each font stands there in three formats; every browser of the last ten years reads the first.
  const std::string begin = "url(fonts/", woff2 = ".woff2)";
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = css.find(begin); at != css.npos; at = css.find(begin, done)) {
    const std::size_t close = css.find(')', at) + 1;
    const std::size_t end = css.find_first_of(",;}", close);  // behind format("...")
    const std::string url = css.substr(at, close - at);
    out += css.substr(done, at - done);
    done = end;
    if (url.ends_with(woff2)) {
      const std::string name = url.substr(begin.size(), url.size() - begin.size() - 1);
      write_file(folder + "/fonts/" + name, read_installed(kFonts + name));
      out += css.substr(at, end - at);
    } else if (out.ends_with(',')) {
      out.pop_back();
    }
  }
  write_file(folder + "/katex.css", out + css.substr(done));
}

}  // namespace pupil::course
