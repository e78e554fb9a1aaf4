// Calls the engine's own kernel.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

namespace pupil::cpu {
template <class T>
void scaled_copy(T* out, bool add, T factor, const T* inp, std::int64_t n);
extern template void scaled_copy<float>(float*, bool, float, const float*, std::int64_t);
}  // namespace pupil::cpu

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  float one = 1;
  pupil::cpu::scaled_copy<float>(&one, false, 2, &one, length);
  return std::int32_t(one);
}
