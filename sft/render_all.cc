// Rendering a whole file: lengths kept within the context, and everything that was lost is counted.
#include <fmt/format.h>

#include <algorithm>

#include "sft/render.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::string_view kTruncations[] = {"start", "end", "drop", "error"};

/// The last `count` values, or the first.
template <class T>
void keep(std::vector<T>& values, std::int64_t count, Truncation truncation) {
  if (truncation == Truncation::kStart) {
    values.erase(values.begin(), values.end() - count);
  } else {
    values.resize(std::size_t(count));
  }
}

}  // namespace

Truncation truncation(std::string_view name) {
  const auto found = std::find(std::begin(kTruncations), std::end(kTruncations), name);
  if (found != std::end(kTruncations)) return Truncation(found - std::begin(kTruncations));
  throw UsageError(fmt::format("\"{}\" is no way to truncate; expected {}", name,
                               fmt::join(kTruncations, ", ")));
}

bool fit(Rendered& rendered, std::int64_t max_length, Truncation truncation) {
  const auto length = std::int64_t(rendered.ids.size());
  if (length <= max_length) return true;
  if (truncation == Truncation::kDrop) return false;
  if (truncation == Truncation::kError) {
    throw InputError(fmt::format(
        "{} tokens, more than the {} allowed; --truncate start or end cuts such records, drop "
        "leaves them out",
        length, max_length));
  }
  keep(rendered.ids, max_length, truncation);
  keep(rendered.mask, max_length, truncation);
  keep(rendered.labels, max_length, truncation);
  keep(rendered.weights, max_length, truncation);
  return true;
}

bool fit(Rendered& rendered, std::int64_t max_length, Truncation truncation, RenderReport& report) {
  const auto length = rendered.ids.size();
  const auto targets = rendered.n_targets();
  ++report.records;
  if (max_length > 0 && !fit(rendered, max_length, truncation)) {
    ++report.dropped;
    return false;
  }
  report.shortened += rendered.ids.size() < length;
  report.lost_targets += targets > 0 && rendered.n_targets() == 0;
  report.without_targets += rendered.n_targets() == 0;
  report.tokens += std::int64_t(rendered.ids.size());
  report.targets += rendered.n_targets();
  return true;
}

std::vector<Rendered> render_all(const RecordFile& file, const Renderer& renderer,
                                 std::int64_t max_length, Truncation truncation,
                                 RenderReport& report) {
  std::vector<Rendered> kept;
  for (const Record& record : file.records) {
    try {
      Rendered rendered = renderer.render(record);
      if (fit(rendered, max_length, truncation, report)) kept.push_back(std::move(rendered));
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}:{}: {}", file.path, record.line, error.what()));
    }
  }
  if (kept.empty()) {
    throw InputError(fmt::format(
        "{}: every one of {} records is longer than {} tokens; raise --max-length or cut them with "
        "--truncate start or end",
        file.path, report.records, max_length));
  }
  return kept;
}

}  // namespace pupil
