#include "sft/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nn/strict_json.h"
#include "sft/record_fields.h"
#include "tensor/error.h"

namespace pupil {
namespace {

struct FormName {
  std::string_view name;
  RecordForm form;
};
// The first name of a form is the one it is called by.
constexpr FormName kForms[] = {
    {"auto", RecordForm::kAuto},
    {"messages", RecordForm::kMessages},
    {"sharegpt", RecordForm::kMessages},
    {"prompt-completion", RecordForm::kPromptCompletion},
    {"prompt/completion", RecordForm::kPromptCompletion},
    {"prompt_completion", RecordForm::kPromptCompletion},
    {"alpaca", RecordForm::kAlpaca},
    {"text", RecordForm::kText},
    {"ids", RecordForm::kIds},
};

/// The value on `line`, where a fault says so. Throws RecordFault; `line` then is the fault's own.
nlohmann::json parse_item(const std::string& text, long& line) {
  try {
    return parse_strict(text);
  } catch (const JsonFault& fault) {
    const auto begin = text.begin(), at = begin + std::ptrdiff_t(fault.at);
    line += std::count(begin, at, '\n');
    if (fault.at == 0) throw RecordFault{fmt::format("not valid JSON: {}", fault.reason)};
    const auto line_begin = std::find(std::reverse_iterator(at), text.rend(), '\n').base();
    throw RecordFault{
        fmt::format("not valid JSON at column {}: {}", at - line_begin + 1, fault.reason)};
  }
}

/// What to add to the fault of a record that has another form than the one on `line`, from which
/// the file got its form.
std::string another_form(const nlohmann::json& object, RecordForm form, long line) {
  if (line == 0 || !object.is_object()) return "";
  try {
    const RecordForm its = recognise(object);
    if (its == form) return "";
    return fmt::format(
        "; this is of form {}, but line {} made it a file of form {}, and a file "
        "has one form",
        form_name(its), line, form_name(form));
  } catch (const RecordFault&) {
    return "";  // of no form at all
  }
}

}  // namespace

RecordForm record_form(std::string_view name) {
  for (const FormName& entry : kForms) {
    if (entry.name == name) return entry.form;
  }
  throw UsageError(
      fmt::format("\"{}\" is no data format; expected auto, messages, prompt-completion, alpaca, "
                  "text or ids",
                  name));
}

std::string_view form_name(RecordForm form) {
  return std::find_if(std::begin(kForms), std::end(kForms),
                      [form](const FormName& entry) { return entry.form == form; })
      ->name;
}

RecordReader::RecordReader(const std::string& path, ReadOptions options)
    : items_(path), options_(options), form_(options.form) {}

const Record* RecordReader::peek() {
  if (!ahead_) ahead_ = next();
  return ahead_ ? &*ahead_ : nullptr;
}

std::optional<Record> RecordReader::next() {
  if (ahead_) return std::exchange(ahead_, std::nullopt);
  for (long line; items_.next(text_, line);) {
    const long first_line = line;
    nlohmann::json object;
    try {
      object = parse_item(text_, line);
      const RecordForm form = form_ == RecordForm::kAuto ? recognise(object) : form_;
      Record record = parse_record(object, form);
      record.line = first_line;
      record.offset = items_.offset();
      if (form_ == RecordForm::kAuto) form_line_ = first_line;
      form_ = form;
      return record;
    } catch (const RecordFault& fault) {
      skip(line, fault.reason + another_form(object, form_, form_line_));
      const bool is_listed = unknown_roles_.count(fault.unknown_role) > 0;
      if (!fault.unknown_role.empty() && (is_listed || unknown_roles_.size() < kListed)) {
        ++unknown_roles_[fault.unknown_role];
      }
    }
  }
  return std::nullopt;
}

void RecordReader::skip(long line, const std::string& reason) {
  if (!options_.skip_bad) {
    throw InputError(
        fmt::format("{}:{}: {} (--skip-bad skips such records)", items_.path(), line, reason));
  }
  ++skipped_count_;
  if (skipped_.size() < kListed) skipped_.push_back({line, reason});
}

void RecordReader::refuse(const Record& record, const std::string& reason) {
  skip(record.line, reason);
}

void RecordReader::throw_empty() const {
  if (skipped_.empty()) {
    throw InputError(fmt::format(
        "{}: holds no record; expected JSON Lines (an object a line) or a JSON array", path()));
  }
  throw InputError(fmt::format("{}: none of {} records can be used; line {}: {}", path(),
                               skipped_count_, skipped_[0].line, skipped_[0].reason));
}

void RecordReader::rewind() {
  items_.rewind();
  ahead_.reset();
  skipped_count_ = 0;
  skipped_.clear();
  unknown_roles_.clear();
}

Record RecordReader::at(std::uint64_t offset) {
  long line = 1;
  try {
    Record record = parse_record(parse_item(items_.read_at(offset), line), form_);
    record.offset = offset;
    return record;
  } catch (const RecordFault& fault) {
    throw InputError(
        fmt::format("{}: the record at byte {} no longer fits: {}; a file must not change while it "
                    "is in use",
                    items_.path(), offset, fault.reason));
  }
}

RecordFile read_records(const std::string& path, ReadOptions options) {
  RecordReader reader(path, options);
  RecordFile file;
  while (auto record = reader.next()) file.records.push_back(std::move(*record));
  file.path = path;
  file.form = reader.form();
  file.skipped_count = reader.skipped_count();
  file.skipped = reader.skipped();
  if (file.records.empty()) reader.throw_empty();
  return file;
}

std::vector<Prompt> read_prompts(const std::string& path) {
  JsonItems items(path);
  std::vector<Prompt> prompts;
  std::string text;
  for (long line; items.next(text, line);) {
    const long first_line = line;
    try {
      prompts.push_back(parse_prompt(parse_item(text, line)));
    } catch (const RecordFault& fault) {
      throw InputError(fmt::format("{}:{}: {}", path, line, fault.reason));
    }
    prompts.back().line = first_line;
  }
  if (prompts.empty()) {
    throw InputError(fmt::format(
        "{}: holds no prompt; expected lines {{\"ids\": [...]}} or {{\"prompt\": ...}}", path));
  }
  return prompts;
}

}  // namespace pupil
