#include "lessons/kit/cache_folder.h"

#include <cstdlib>

#include "tensor/error.h"

namespace pupil {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string cache_folder() {
  if (const std::string own = variable("PUPIL_CACHE"); !own.empty()) return own;
  if (const std::string xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/pupil";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/pupil";
  throw InputError("no folder for pretrained models and reports: set PUPIL_CACHE to one");
}

}  // namespace pupil
