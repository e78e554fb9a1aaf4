// Layered drawing of a directed acyclic graph (Sugiyama, Tagawa, Toda 1981), in three steps:
//
//   1 layers     layer(v) = longest path from v to the end of the graph, so every edge points down
//                and a parameter stands right above its first use
//   2 order      an edge over several layers becomes a chain of points, one in each layer between
//                (shared by all edges that leave the same vertex); each layer is then sorted by the
//                mean place of its neighbours, sweeping down and up a few times
//   3 positions  x minimises sum w_i (x_i - mean x of the neighbours)^2 with x_(i+1) - x_i >= the
//                room the two boxes need: isotonic regression, solved by pooling (Barlow et al.
//                1972)
//
// Lengths are in pixels, x to the right, y down. Deterministic. Linear in vertices x layers.
#pragma once
#include <vector>

namespace pupil {

struct LayoutBox {
  double width = 0, height = 0;  ///< given
  double x = 0, y = 0;           ///< found: its centre
};

/// From the bottom of one box to the top of another; several inputs of one box end side by side.
struct LayoutEdge {
  int from = 0, to = 0;  ///< given: indices of boxes
  struct Point {
    double x, y;
  };
  std::vector<Point> path;  ///< found: points to go through, from first to last
};

struct Layout {
  std::vector<LayoutBox> boxes;  ///< every edge goes from a later box to an earlier one
  std::vector<LayoutEdge> edges;
  double width = 0, height = 0;  ///< found: of the whole picture, which starts at (0, 0)
};

void place(Layout& layout);

}  // namespace pupil
