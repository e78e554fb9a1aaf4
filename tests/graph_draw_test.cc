// Pictures of the tape: the right boxes and arrows, for small graphs and for very large ones.
#include "autograd/graph_draw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/graph_layout.h"
#include "autograd/operations.h"
#include "tensor/error.h"

namespace pupil {
namespace {

Variable vector_of_2(const char* name) {
  return parameter(Tensor::full({2}, 1.5, DType::kFloat32), name);
}

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}
bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

TEST(GraphDraw, ShowsEachOperationAndParameterOnceAndEveryUse) {
  const Variable a = vector_of_2("a"), b = vector_of_2("b");
  const Variable y = add(mul(a, b), a);  // v0 add, then mul, b, a in some order
  const std::string dot = graph_dot(y);
  EXPECT_EQ(count(dot, "shape=box"), 2) << dot;
  EXPECT_EQ(count(dot, "shape=ellipse"), 2) << dot;
  EXPECT_EQ(count(dot, "->"), 4) << dot;  // a -> mul, b -> mul, mul -> add, a -> add
  EXPECT_TRUE(contains(dot, "v0 [shape=box, label=\"add\\n(2)\\nsaves 0 B\"]")) << dot;
  EXPECT_TRUE(contains(dot, "label=\"mul\\n(2)\\nsaves 16 B\"")) << dot;
  const std::string svg = graph_svg(y);
  EXPECT_EQ(count(svg, "class=\"op\""), 2);
  EXPECT_EQ(count(svg, "class=\"parameter\""), 2);
  EXPECT_EQ(count(svg, "class=\"edge\""), 4);
  EXPECT_TRUE(contains(svg, "2 operations, 2 parameters"));
}

TEST(GraphDraw, DrawsAnArrowForEachUseByOneOperation) {
  const Variable a = vector_of_2("a");
  EXPECT_EQ(count(graph_dot(mul(a, a)), "v1 -> v0;"), 2);
}

TEST(GraphDraw, LeavesOutWhatIsNotOnTheTape) {
  const Variable c = constant(Tensor::full({2}, 2, DType::kFloat32));
  const std::string dot = graph_dot(mul(vector_of_2("a"), c));
  EXPECT_EQ(count(dot, "label="), 2) << dot;
  EXPECT_THROW(graph_dot(c), GradientError);
  EXPECT_THROW(graph_svg(mul(c, c)), GradientError);
  EXPECT_EQ(count(graph_dot(vector_of_2("alone")), "label=\"alone"), 1);
}

TEST(GraphDraw, WalksAChainOfTenThousandWithoutTheCallStackAndRefusesItsPicture) {
  Variable x = vector_of_2("x");
  for (int i = 0; i < 10000; ++i) x = neg(x);
  const std::string dot = graph_dot(x);
  EXPECT_EQ(count(dot, "->"), 10000);
  try {
    graph_svg(x);
    FAIL() << "10001 boxes were drawn";
  } catch (const GradientError& e) {
    EXPECT_TRUE(contains(e.what(), "10001")) << e.what();
    EXPECT_TRUE(contains(e.what(), "2000")) << e.what();
  }
}

TEST(GraphDraw, DrawsTheLargestPictureAllowed) {
  Variable x = vector_of_2("x");
  for (int i = 0; i < kMaxDrawnVertices - 1; ++i) x = neg(x);
  EXPECT_EQ(count(graph_svg(x), "class=\"op\""), kMaxDrawnVertices - 1);
}

TEST(GraphDraw, EscapesNames) {
  const Variable v = vector_of_2("<script>\"&\\\n");
  EXPECT_TRUE(contains(graph_svg(neg(v)), "&lt;script&gt;&quot;&amp;\\ </text>"));
  EXPECT_TRUE(contains(graph_dot(neg(v)), "label=\"<script>\\\"&\\\\ \\n"));
}

TEST(GraphLayout, PointsEveryEdgeDownAndKeepsBoxesApart) {
  // A ladder with rungs and one edge over all layers: 0 is the end.
  Layout layout;
  constexpr int kBoxes = 31;
  for (int i = 0; i < kBoxes; ++i) layout.boxes.push_back({40.0 + i % 7 * 10, 20.0 + i % 3 * 15});
  for (int i = 1; i < kBoxes; ++i) {
    layout.edges.push_back({i, (i - 1) / 2, {}});
    if (i > 2) layout.edges.push_back({i, i / 3, {}});
  }
  layout.edges.push_back({kBoxes - 1, 0, {}});
  place(layout);
  for (const LayoutEdge& e : layout.edges) {
    ASSERT_GE(e.path.size(), 2u);
    for (std::size_t i = 1; i < e.path.size(); ++i) {
      EXPECT_GE(e.path[i].y, e.path[i - 1].y) << e.from << " -> " << e.to;
    }
    EXPECT_GT(e.path.back().y, e.path.front().y);
  }
  for (int i = 0; i < kBoxes; ++i) {
    const LayoutBox& a = layout.boxes[i];
    EXPECT_GE(a.x - a.width / 2, 0);
    EXPECT_LE(a.x + a.width / 2, layout.width);
    EXPECT_LE(a.y + a.height / 2, layout.height);
    for (int j = 0; j < i; ++j) {
      const LayoutBox& b = layout.boxes[j];
      EXPECT_TRUE(std::abs(a.x - b.x) >= (a.width + b.width) / 2 ||
                  std::abs(a.y - b.y) >= (a.height + b.height) / 2)
          << "boxes " << i << " and " << j << " overlap";
    }
  }
}

}  // namespace
}  // namespace pupil
