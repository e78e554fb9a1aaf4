#include "cli/inspect_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/sha256.h"
#include "sft/packing.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

using Json = nlohmann::ordered_json;

// Length and content of every record, in 12 bytes each.
class Statistics {
 public:
  void add(std::size_t length, std::string_view content) {
    lengths_.push_back(std::uint32_t(length));
    hashes_.push_back(std::stoull(sha256(content).substr(0, 16), nullptr, 16));
  }
  const std::vector<std::uint32_t>& lengths() const { return lengths_; }
  /// Records that equal an earlier one.
  std::int64_t duplicates() {
    std::sort(hashes_.begin(), hashes_.end());
    return hashes_.end() - std::unique(hashes_.begin(), hashes_.end());
  }
  Json distribution() const {
    std::vector<std::uint32_t> sorted = lengths_;
    std::sort(sorted.begin(), sorted.end());
    // The smallest value that at least a share q of all does not exceed (nearest rank).
    const auto quantile = [&](double q) {
      return sorted[std::size_t(std::ceil(q * double(sorted.size()))) - 1];
    };
    const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
    return {{"min", sorted.front()},
            {"median", quantile(0.5)},
            {"mean", sum / double(sorted.size())},
            {"p95", quantile(0.95)},
            {"max", sorted.back()}};
  }

 private:
  std::vector<std::uint32_t> lengths_;
  std::vector<std::uint64_t> hashes_;
};

// The texts of a record, each behind a byte that no text holds.
std::string texts_of(const Record& record) {
  constexpr char kBreak = '\xFF';
  std::string all;
  const auto add = [&](const std::string& text) { all += text + kBreak; };
  if (const auto* c = std::get_if<Conversation>(&record.content)) {
    for (const Message& m : c->messages) add(m.content);
  } else if (const auto* p = std::get_if<PromptCompletion>(&record.content)) {
    add(p->prompt), add(p->completion);
  } else if (const auto* i = std::get_if<Instruction>(&record.content)) {
    add(i->instruction), add(i->input), add(i->output);
  } else {
    add(std::get<PlainText>(record.content).text);
  }
  return all;
}

std::string bytes_of(const std::vector<std::int32_t>& ids) {
  return {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(std::int32_t)};
}

void add_reader(Json& report, const RecordReader& reader) {
  report["bad"] = reader.skipped_count();
  for (const auto& [role, count] : reader.unknown_roles()) report["unknown_roles"][role] = count;
  for (const SkippedRecord& bad : reader.skipped()) {
    report["warnings"].push_back(fmt::format("line {}: {}", bad.line, bad.reason));
  }
}

// Without a tokenizer: what stands in the file.
void inspect_text(Json& report, RecordReader reader) {
  Statistics statistics;
  while (const auto record = reader.next()) {
    const std::string texts = texts_of(*record);
    statistics.add(texts.size() - std::size_t(std::count(texts.begin(), texts.end(), '\xFF')),
                   texts);
  }
  report["records"] = statistics.lengths().size();
  report["lengths_in_bytes"] = statistics.distribution();
  report["duplicates"] = statistics.duplicates();
  add_reader(report, reader);
}

void add_packing(Json& report, const std::vector<std::uint32_t>& lengths, std::int64_t capacity) {
  const Packing packing = pack_best_fit(
      std::int64_t(lengths.size()), [&](std::int64_t i) { return lengths[std::size_t(i)]; },
      capacity);
  const double tokens = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  report["packing"] = {{"rows", packing.rows()},
                       {"row_length", capacity},
                       {"filled", tokens / double(packing.rows() * capacity)}};
}

// With one, or of ids: what a model sees. Lengths and duplicates are those before truncation.
void inspect_ids(Json& report, const RecordsInspection& s, bool is_text, std::int64_t max_length) {
  std::optional<Tokenizer> tokenizer;
  if (is_text) tokenizer = load_tokenizer(s.tokenizer.empty() ? s.model : s.tokenizer);
  GptConfig anything;
  anything.context = anything.vocab_size = INT32_MAX;
  DataOptions options = s.data;
  options.max_length = 0;
  DataInput input = open_data_input(options, tokenizer, anything);
  const Truncation how = truncation(s.data.truncate);
  Statistics statistics;
  RenderReport cut;
  std::int64_t too_long = 0, targets = 0, without_targets = 0;
  std::vector<std::uint32_t> kept;
  while (auto rendered = input.records->next()) {
    const auto length = std::int64_t(rendered->ids.size());
    statistics.add(rendered->ids.size(), bytes_of(rendered->ids) + bytes_of(rendered->labels));
    const bool is_long = max_length > 0 && length > max_length;
    too_long += is_long;
    targets += rendered->n_targets();
    without_targets += rendered->n_targets() == 0;
    if (is_long && how == Truncation::kError) continue;
    if (fit(*rendered, max_length, how, cut)) kept.push_back(std::uint32_t(rendered->ids.size()));
  }
  const RenderReport& all = input.records->report();
  report["template"] = input.template_name;
  report["mask"] = input.mask_name;
  report["records"] = all.records;
  report["lengths_in_tokens"] = statistics.distribution();
  report["tokens"] = all.tokens;
  report["targets"] = targets;
  report["mask_share"] = all.mask_share();
  report["without_targets"] = without_targets;
  if (max_length > 0) {
    report["max_length"] = max_length;
    report["longer"] = too_long;
    report["truncate"] = s.data.truncate;
    report["truncated"] = cut.shortened;
    report["lost_all_targets"] = cut.lost_targets;
    report["dropped"] = cut.dropped;
  }
  if (s.batches.pack != "none" && !kept.empty()) add_packing(report, kept, max_length);
  report["duplicates"] = statistics.duplicates();
  for (const SpecialToken& token : input.added_specials) {
    report["tokens_to_add"].push_back(token.name);
  }
  add_reader(report, input.records->reader());
}

}  // namespace

Json inspect_records(const RecordsInspection& settings) {
  RecordsInspection s = settings;
  s.data.skip_bad = true;
  RecordReader reader(s.data.data, {.form = record_form(s.data.format), .skip_bad = true});
  if (!reader.peek()) reader.throw_empty();
  Json report = {{"path", s.data.data}, {"kind", "records"}, {"form", form_name(reader.form())}};
  std::int64_t max_length = s.data.max_length;
  if (max_length == 0 && !s.model.empty()) max_length = read_model_config(s.model).config.context;
  if (s.batches.pack != "none" && max_length == 0) {
    throw UsageError("--pack needs --max-length (or --model), the tokens of a row");
  }
  const bool is_text = reader.form() != RecordForm::kIds;
  if (is_text && s.tokenizer.empty() && s.model.empty()) {
    if (max_length > 0) {
      throw UsageError("--max-length counts tokens; give --tokenizer or --model, too");
    }
    inspect_text(report, std::move(reader));
  } else {
    inspect_ids(report, s, is_text, max_length);
  }
  return report;
}

}  // namespace pupil::cli
