// Says that it is not written.
// exercise: 09b
// expect: not_done
// behind the list of symbols: not_done
#include "exercise.h"

#include "lessons/kit/not_done.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  exercise::not_done("nothing to see");
}
