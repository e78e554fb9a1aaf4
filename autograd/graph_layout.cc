#include "autograd/graph_layout.h"

#include <algorithm>
#include <numeric>

namespace pupil {
namespace {

constexpr double kGapX = 18, kGapY = 34, kMargin = 10;
constexpr int kSweeps = 8;

// A box, or a point where a long edge crosses a layer (width 0, box -1).
struct Item {
  int box = -1, layer = 0;
  double width = 0, x = 0;
  std::vector<int> above{}, below{};  // neighbours in the next layers
};

class Placer {
 public:
  explicit Placer(Layout& layout) : layout_(layout) {}

  void run() {
    if (layout_.boxes.empty()) return;
    assign_layers();
    make_chains();
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for_each_layer(sweep, [&](std::vector<int>& layer, bool down) { sort_layer(layer, down); });
    }
    for (auto& layer : layers_) spread(layer);
    for (int sweep = 0; sweep < 2 * kSweeps; ++sweep) {
      for_each_layer(sweep, [&](std::vector<int>& layer, bool down) { pull(layer, down); });
    }
    finish();
  }

 private:
  // Boxes are sorted: every user of a box has a smaller index, so its layer is known.
  void assign_layers() {
    items_.resize(layout_.boxes.size());
    outgoing_.resize(layout_.boxes.size());
    for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
      outgoing_[layout_.edges[e].from].push_back(int(e));
    }
    int deepest = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      items_[i].box = int(i);
      items_[i].width = layout_.boxes[i].width;
      for (int e : outgoing_[i]) {
        items_[i].layer = std::max(items_[i].layer, items_[layout_.edges[e].to].layer + 1);
      }
      deepest = std::max(deepest, items_[i].layer);
    }
    for (Item& item : items_) item.layer = deepest - item.layer;  // count from the top
    layers_.resize(deepest + 1);
    for (std::size_t i = items_.size(); i-- > 0;) layers_[items_[i].layer].push_back(int(i));
  }

  void make_chains() {
    chains_.resize(layout_.edges.size());
    for (std::size_t from = 0; from < outgoing_.size(); ++from) {
      std::vector<int> chain;  // one point in each layer below the box, as far as needed
      for (int e : outgoing_[from]) {
        const int to = layout_.edges[e].to;
        const int between = items_[to].layer - items_[from].layer - 1;
        while (int(chain.size()) < between) {
          const int last = chain.empty() ? int(from) : chain.back();
          const int point = int(items_.size());
          items_.push_back({.layer = items_[last].layer + 1});
          layers_[items_[point].layer].push_back(point);
          connect(last, point);
          chain.push_back(point);
        }
        chains_[e].assign(chain.begin(), chain.begin() + between);
        connect(between ? chains_[e].back() : int(from), to);
      }
    }
  }

  void connect(int upper, int lower) {
    items_[upper].below.push_back(lower);
    items_[lower].above.push_back(upper);
  }

  template <class F>
  void for_each_layer(int sweep, F f) {
    const bool down = sweep % 2 == 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      f(layers_[down ? i : layers_.size() - 1 - i], down);
    }
  }

  const std::vector<int>& neighbours(int item, bool down) const {
    return down ? items_[item].above : items_[item].below;
  }

  // x serves as the place in the layer until the positions are looked for.
  void sort_layer(std::vector<int>& layer, bool down) {
    std::vector<std::pair<double, int>> keyed;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      keyed.emplace_back(mean_x(layer[i], down, double(i)), layer[i]);
    }
    std::stable_sort(keyed.begin(), keyed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < layer.size(); ++i) {
      layer[i] = keyed[i].second;
      items_[layer[i]].x = double(i);
    }
  }

  // A parameter has no place of its own: it goes beside its user and hardly pulls there, so that
  // the operations stay in line.
  double weight(int item) const { return items_[item].above.empty() ? 0.02 : 1; }

  double mean_x(int item, bool down, double otherwise) const {
    double sum = 0, weights = 0;
    for (int n : neighbours(item, down)) {
      sum += weight(n) * items_[n].x;
      weights += weight(n);
    }
    return weights > 0 ? sum / weights : otherwise;
  }

  double room(int left, int right) const {
    return (items_[left].width + items_[right].width) / 2 + kGapX;
  }

  void spread(const std::vector<int>& layer) {
    for (std::size_t i = 0; i < layer.size(); ++i) {
      items_[layer[i]].x = i ? items_[layer[i - 1]].x + room(layer[i - 1], layer[i]) : 0;
    }
  }

  // With y_i = x_i - offset_i the distances become y_(i+1) >= y_i: pool neighbours that violate it.
  void pull(const std::vector<int>& layer, bool down) {
    struct Block {
      double sum, weight;
      int count;
      double mean() const { return sum / weight; }
    };
    std::vector<Block> blocks;
    std::vector<double> offset(layer.size(), 0);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i) offset[i] = offset[i - 1] + room(layer[i - 1], layer[i]);
      const double w = weight(layer[i]);
      blocks.push_back({w * (mean_x(layer[i], down, items_[layer[i]].x) - offset[i]), w, 1});
      while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
        const Block last = blocks.back();
        blocks.pop_back();
        blocks.back().sum += last.sum;
        blocks.back().weight += last.weight;
        blocks.back().count += last.count;
      }
    }
    std::size_t i = 0;
    for (const Block& block : blocks) {
      for (int k = 0; k < block.count; ++k, ++i) items_[layer[i]].x = block.mean() + offset[i];
    }
  }

  void finish() {
    double left = items_[0].x, right = left;
    for (const Item& item : items_) {
      left = std::min(left, item.x - item.width / 2);
      right = std::max(right, item.x + item.width / 2);
    }
    std::vector<double> top(layers_.size()), tall(layers_.size(), 0);
    for (std::size_t b = 0; b < layout_.boxes.size(); ++b) {
      double& t = tall[items_[b].layer];
      t = std::max(t, layout_.boxes[b].height);
    }
    double y = kMargin;
    for (std::size_t l = 0; l < top.size(); ++l) {
      top[l] = y;
      y += tall[l] + kGapY;
    }
    layout_.width = right - left + 2 * kMargin;
    layout_.height = y - kGapY + kMargin;
    for (Item& item : items_) item.x += kMargin - left;
    for (std::size_t b = 0; b < layout_.boxes.size(); ++b) {
      layout_.boxes[b].x = items_[b].x;
      layout_.boxes[b].y = top[items_[b].layer] + tall[items_[b].layer] / 2;
    }
    draw_paths(top, tall);
  }

  void draw_paths(const std::vector<double>& top, const std::vector<double>& tall) {
    const auto last_x = [&](int e) {
      return items_[chains_[e].empty() ? layout_.edges[e].from : chains_[e].back()].x;
    };
    std::vector<std::vector<int>> incoming(layout_.boxes.size());
    for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
      incoming[layout_.edges[e].to].push_back(int(e));
    }
    for (auto& list : incoming) {
      std::stable_sort(list.begin(), list.end(),
                       [&](int a, int b) { return last_x(a) < last_x(b); });
      for (std::size_t i = 0; i < list.size(); ++i) {
        LayoutEdge& edge = layout_.edges[list[i]];
        const LayoutBox &from = layout_.boxes[edge.from], &to = layout_.boxes[edge.to];
        edge.path.push_back({from.x, from.y + from.height / 2});
        for (int point : chains_[list[i]]) {
          const int l = items_[point].layer;
          edge.path.push_back({items_[point].x, top[l]});
          edge.path.push_back({items_[point].x, top[l] + tall[l]});
        }
        const double port = (double(i) + 1) / (double(list.size()) + 1) - 0.5;
        edge.path.push_back({to.x + 0.6 * port * to.width, to.y - to.height / 2});
      }
    }
  }

  Layout& layout_;
  std::vector<Item> items_;                 // the boxes, then the points
  std::vector<std::vector<int>> layers_;    // items from left to right, top layer first
  std::vector<std::vector<int>> outgoing_;  // edges that leave a box
  std::vector<std::vector<int>> chains_;    // points of an edge
};

}  // namespace

void place(Layout& layout) { Placer(layout).run(); }

}  // namespace pupil
