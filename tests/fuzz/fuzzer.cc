// libFuzzer's entry: PUPIL_FUZZ_TARGET names the target (tests/fuzz/targets.h).
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const char* const kName = std::getenv("PUPIL_FUZZ_TARGET");
  static const pupil::fuzz::Target kTarget = pupil::fuzz::kTargets.at(kName ? kName : "");
  kTarget({reinterpret_cast<const char*>(data), size});
  return 0;
}
