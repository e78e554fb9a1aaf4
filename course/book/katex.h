// Formulas: TeX in, HTML with MathML beside it out, at build time. KaTeX (a JavaScript program)
// runs in Duktape; pages need no script and no network.
#pragma once
#include <map>
#include <string>

struct duk_hthread;

namespace pupil::course {

class Katex {
 public:
  /// Loads katex.min.js. Throws InputError when Debian's packages libjs-katex and fonts-katex are
  /// not there.
  Katex();
  ~Katex();
  Katex(const Katex&) = delete;
  Katex& operator=(const Katex&) = delete;

  /// Strict: a command that is unknown, a brace that is missing or a letter that is no TeX throws
  /// InputError with KaTeX's words.
  std::string render(const std::string& tex, bool display);

  /// Writes katex.css and the fonts that it names into `folder`.
  static void write_assets(const std::string& folder);

 private:
  duk_hthread* heap_;
  std::map<std::string, std::string> done_;  // by display mode and source
};

}  // namespace pupil::course
