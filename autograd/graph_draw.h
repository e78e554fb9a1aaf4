// Pictures of the tape: what was computed from what, and what is kept for the way back.
//
// Boxes are operations (name, shape of the result, bytes saved for the gradient rule); rounded ones
// are parameters (name, shape), each drawn once however often it is used. Arrows point the way the
// values go. Constants and frozen parameters are no part of the tape and not drawn. Draw before
// backward(): it releases what was saved.
#pragma once
#include <string>

#include "autograd/variable.h"

namespace pupil {

/// More operations and parameters than this make no readable picture.
inline constexpr int kMaxDrawnVertices = 2000;

/// The graph behind `output` as Graphviz text, of any size. Throws GradientError when `output` has
/// no history: a constant, or computed under NoGrad.
std::string graph_dot(const Variable& output);
/// The same as a picture that needs no other program (autograd/graph_layout.h). It follows the
/// light or dark theme of the page. Throws GradientError above kMaxDrawnVertices, too.
std::string graph_svg(const Variable& output);

}  // namespace pupil
