// Looks for the reference in the process.
// exercise: 09b
// expect: error
// behind the list of symbols: fail
#include "exercise.h"

#include <dlfcn.h>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return ::dlsym(RTLD_DEFAULT, "pupil_reference") != nullptr;
}
