// The book: every lesson's text as a page, an overview, the notation, and all they need beside
// them.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "course/course_tree.h"

namespace pupil::course {

struct Book {
  std::string folder;
  std::int64_t pages = 0, bytes = 0;
};

/// Writes into `folder`: *.html and assets/. Nothing is written when a page cannot be made: broken
/// TeX, a number that no program shows, code that is not there throw InputError with file and line.
/// `say` hears what takes long.
Book build_book(const Course& course, const std::string& folder,
                const std::function<void(const std::string&)>& say);

/// Serves `folder` at 127.0.0.1 alone, until Ctrl-C. `port` 0: any free one. `say` hears the
/// address. Throws InputError when the port is taken.
void serve_folder(const std::string& folder, int port,
                  const std::function<void(const std::string&)>& say);

}  // namespace pupil::course
