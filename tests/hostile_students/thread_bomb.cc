// Starts threads without an end.
// exercise: 09b
// expect: error
// behind the list of symbols: crash
#include "exercise.h"

#include <pthread.h>

static void* forever(void*) {
  for (volatile bool on = true; on;) {
  }
  return nullptr;
}

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  pthread_t thread;
  while (::pthread_create(&thread, nullptr, forever, nullptr) == 0) {
  }
  return 0;
}
