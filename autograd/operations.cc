#include "autograd/operations.h"

#include "autograd/sample.h"

namespace pupil {

std::span<const Operation> all_operations() {
#define PUPIL_LIST_OPERATION(op) Operation{#op, samples_##op},
  static const Operation list[] = {PUPIL_OPERATIONS(PUPIL_LIST_OPERATION)};
#undef PUPIL_LIST_OPERATION
  return list;
}

}  // namespace pupil
