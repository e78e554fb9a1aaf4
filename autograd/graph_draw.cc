#include "autograd/graph_draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "autograd/graph_layout.h"
#include "autograd/node.h"
#include "tensor/error.h"

namespace pupil {
namespace {

struct Vertex {
  const Node* node = nullptr;
  const Leaf* leaf = nullptr;  // one of the two
};
struct Graph {
  std::vector<Vertex> vertices;            // every vertex after all that use it; first the output
  std::vector<std::pair<int, int>> edges;  // value from -> operation that uses it
};

// Depth first with a stack of our own: a vertex is finished after all its inputs, so the finished
// ones in reverse have every user before what it uses.
Graph collect(const Variable& output) {
  if (!output.node() && !output.leaf()) {
    throw GradientError(
        "[graph] the output has no history: it is a constant, or was computed under NoGrad");
  }
  if (output.leaf()) return {{{nullptr, output.leaf().get()}}, {}};
  struct Visit {
    const Node* node;
    std::size_t next_input;
  };
  std::vector<Visit> stack{{output.node().get(), 0}};
  std::unordered_map<const void*, int> place{{output.node().get(), -1}};  // -1: not finished yet
  std::vector<Vertex> finished;
  const auto finish = [&](Vertex v) {
    const void* key = v.node ? static_cast<const void*>(v.node) : v.leaf;
    place[key] = int(finished.size());
    finished.push_back(v);
  };
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.next_input == visit.node->inputs().size()) {
      finish({visit.node, nullptr});
      stack.pop_back();
      continue;
    }
    const Node::Edge& input = visit.node->inputs()[visit.next_input++];
    if (input.leaf && place.try_emplace(input.leaf.get(), -1).second) {
      finish({nullptr, input.leaf.get()});
    } else if (input.node && place.try_emplace(input.node.get(), -1).second) {
      stack.push_back({input.node.get(), 0});
    }
  }
  Graph graph;
  const int last = int(finished.size()) - 1;
  graph.vertices.assign(finished.rbegin(), finished.rend());
  for (int to = 0; to <= last; ++to) {
    if (!graph.vertices[to].node) continue;
    for (const Node::Edge& input : graph.vertices[to].node->inputs()) {
      const void* from = input.leaf ? static_cast<const void*>(input.leaf.get()) : input.node.get();
      if (from) graph.edges.emplace_back(last - place[from], to);
    }
  }
  return graph;
}

std::string bytes_text(std::size_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", double(bytes) / 1024);
  return fmt::format("{:.1f} MiB", double(bytes) / (1024 * 1024));
}

std::vector<std::string> lines_of(const Vertex& v) {
  if (v.leaf)
    return {v.leaf->name.empty() ? "parameter" : v.leaf->name, v.leaf->value.shape().str()};
  return {v.node->name(), v.node->shape().str(), "saves " + bytes_text(v.node->saved_bytes())};
}

std::string escape_dot(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string escape_xml(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 32)
      out += ' ';  // no control characters in XML
    else
      out += c;
  }
  return out;
}

constexpr double kCharWidth = 7.3, kLineHeight = 15, kPad = 8;  // of 12 px monospace

Layout lay_out(const Graph& graph) {
  Layout layout;
  for (const Vertex& v : graph.vertices) {
    const auto lines = lines_of(v);
    std::size_t longest = 0;
    for (const std::string& line : lines) longest = std::max(longest, line.size());
    layout.boxes.push_back(
        {double(longest) * kCharWidth + 2 * kPad, double(lines.size()) * kLineHeight + kPad});
  }
  for (const auto& [from, to] : graph.edges) layout.edges.push_back({from, to, {}});
  place(layout);
  return layout;
}

// The points joined by curves that leave and arrive vertically.
std::string path_of(const LayoutEdge& edge) {
  std::string d = fmt::format("M{:.1f} {:.1f}", edge.path[0].x, edge.path[0].y);
  for (std::size_t i = 1; i < edge.path.size(); ++i) {
    const auto &a = edge.path[i - 1], &b = edge.path[i];
    if (a.x == b.x) {
      d += fmt::format("V{:.1f}", b.y);
    } else {
      const double middle = (a.y + b.y) / 2;
      d += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", a.x, middle, b.x, middle, b.x,
                       b.y);
    }
  }
  return d;
}

constexpr const char* kStyle = R"(<style>
.tape text { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; text-anchor: middle; fill: #1c2430; }
.tape .name { font-weight: bold; }
.tape .op { fill: #eef2f7; stroke: #5b6b80; }
.tape .parameter { fill: #fff3dc; stroke: #a86a00; stroke-width: 1.5; }
.tape .edge { fill: none; stroke: #5b6b80; stroke-width: 1.2; }
.tape .tip { fill: #5b6b80; }
@media (prefers-color-scheme: dark) {
  .tape text { fill: #e6eaf0; }
  .tape .op { fill: #232c38; stroke: #8fa1b8; }
  .tape .parameter { fill: #3b2f14; stroke: #e0a53a; }
  .tape .edge { stroke: #8fa1b8; }
  .tape .tip { fill: #8fa1b8; }
}
</style>
)";

}  // namespace

std::string graph_dot(const Variable& output) {
  const Graph graph = collect(output);
  std::string dot =
      "digraph tape {\n  node [fontname=\"monospace\", fontsize=11];\n  edge [arrowsize=0.7];\n";
  auto out = std::back_inserter(dot);
  for (std::size_t i = 0; i < graph.vertices.size(); ++i) {
    std::string label;
    for (const std::string& line : lines_of(graph.vertices[i])) {
      label += (label.empty() ? "" : "\\n") + escape_dot(line);
    }
    fmt::format_to(out, "  v{} [shape={}, label=\"{}\"];\n", i,
                   graph.vertices[i].leaf ? "ellipse" : "box", label);
  }
  for (const auto& [from, to] : graph.edges) fmt::format_to(out, "  v{} -> v{};\n", from, to);
  return dot + "}\n";
}

std::string graph_svg(const Variable& output) {
  const Graph graph = collect(output);
  if (graph.vertices.size() > kMaxDrawnVertices) {
    throw GradientError(fmt::format(
        "[graph] {} operations and parameters make no readable picture (at most {}); draw a "
        "smaller part, say one block, or use graph_dot()",
        graph.vertices.size(), kMaxDrawnVertices));
  }
  const Layout layout = lay_out(graph);
  const auto parameters = std::count_if(graph.vertices.begin(), graph.vertices.end(),
                                        [](const Vertex& v) { return v.leaf != nullptr; });
  std::string svg;
  auto out = std::back_inserter(svg);
  fmt::format_to(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tape\" role=\"img\" "
                 "viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\">\n"
                 "<title>Computation graph: {2} operations, {3} parameters</title>\n{4}",
                 layout.width, layout.height, std::ptrdiff_t(graph.vertices.size()) - parameters,
                 parameters, kStyle);
  for (const LayoutEdge& edge : layout.edges) {
    const auto& end = edge.path.back();
    fmt::format_to(out,
                   "<path class=\"edge\" d=\"{}\"/><path class=\"tip\" "
                   "d=\"M{:.1f} {:.1f}l-3.5 -7h7z\"/>\n",
                   path_of(edge), end.x, end.y);
  }
  for (std::size_t i = 0; i < graph.vertices.size(); ++i) {
    const LayoutBox& box = layout.boxes[i];
    const bool is_parameter = graph.vertices[i].leaf != nullptr;
    fmt::format_to(out,
                   "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                   "height=\"{:.1f}\" rx=\"{}\"/>\n",
                   is_parameter ? "parameter" : "op", box.x - box.width / 2, box.y - box.height / 2,
                   box.width, box.height, is_parameter ? 16 : 3);
    double y = box.y - box.height / 2 + kPad / 2 + 11;
    const char* kind = " class=\"name\"";
    for (const std::string& line : lines_of(graph.vertices[i])) {
      fmt::format_to(out, "<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kind, box.x, y,
                     escape_xml(line));
      y += kLineHeight;
      kind = "";
    }
  }
  return svg + "</svg>\n";
}

}  // namespace pupil
