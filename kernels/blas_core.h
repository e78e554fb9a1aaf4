// Which of its kernel sets ("core types") OpenBLAS runs on.
//
// OpenBLAS carries kernels for some twenty processors and chooses one set when it starts, by
// vendor, family and model. A processor newer than the library is unknown to it and may get SSE3
// kernels, which reach a fifth of the speed of the right ones. So we choose, by features instead of
// names, before OpenBLAS starts. A user's own OPENBLAS_CORETYPE wins.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kernels/cpu_features.h"

namespace pupil {

/// The fastest core type that runs on such a processor; empty for other architectures (OpenBLAS
/// decides).
std::string_view pick_core(const CpuFeatures& cpu);

/// The core type in use, as OpenBLAS names it.
std::string_view blas_core_name();

/// Says so if core type `used` has narrower vectors than `best`; nothing if not or if either is
/// unknown.
std::optional<std::string> slow_core_warning(std::string_view used, std::string_view best);

/// The same for the core in use and this processor's best.
std::optional<std::string> slow_core_warning();

/// One BLAS thread (we thread above it) and, once a process, the warning on stderr. Called by every
/// user of BLAS before its first call; referring to it also links the start-up choice into the
/// program.
void prepare_blas();

}  // namespace pupil
