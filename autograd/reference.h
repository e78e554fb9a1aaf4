// The composed twins: what each fused operation means, written with simpler operations. Tests
// compare the two, values and gradients; no program uses them.
#pragma once
#include "autograd/operations.h"

namespace pupil::reference {

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double eps);
Variable log_softmax(const Variable& x);
Variable logsumexp(const Variable& x);
Variable rms_norm(const Variable& x, const Variable& weight, double eps);
Variable softmax(const Variable& x);
Variable variance(const Variable& x, int axis);

}  // namespace pupil::reference
