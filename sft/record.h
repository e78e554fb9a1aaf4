// Data records for supervised fine-tuning, read from JSON Lines or a JSON array. A record has one
// of five forms; a file has one form.
//
//   messages           {"messages": [{"role", "content"}]}, ShareGPT's {"conversations": [{"from",
//                      "value"}]}; "weight" or "loss_weight" of an assistant turn is the weight of
//                      its tokens in the loss, 0 takes it out
//   prompt-completion  {"prompt", "completion"}: two strings, or two lists of messages
//   alpaca             {"instruction", "input" (may be missing), "output"}
//   text               {"text"}
//   ids                {"ids"} with or without {"labels"}; not shifted, -100 is "not supervised"
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sft/jsonl.h"

namespace pupil {

enum class RecordForm { kAuto, kMessages, kPromptCompletion, kAlpaca, kText, kIds };
/// "auto", "messages", ...; throws UsageError.
RecordForm record_form(std::string_view name);
std::string_view form_name(RecordForm form);

struct Message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
  double weight = 1;  ///< of its tokens in the loss, at least 0
};
struct Conversation {
  std::vector<Message> messages;
  /// Messages before this one are the prompt: those of the field "prompt"; where there is no such
  /// field, all before the last assistant turn (all of them when there is none).
  std::size_t prompt_messages = 0;
};
struct PromptCompletion {
  std::string prompt, completion;
};
struct Instruction {
  std::string instruction, input, output;
};
struct PlainText {
  std::string text;
};
struct IdSequence {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> labels;  ///< as long as ids; empty when the record has none
};

struct Record {
  std::variant<Conversation, PromptCompletion, Instruction, PlainText, IdSequence> content;
  long line = 0;             ///< where it starts, from 1; 0: not known
  std::uint64_t offset = 0;  ///< where it starts, in bytes from 0
};

/// What may stand before a generation: {"ids"} or {"prompt"} (a string or a list of messages).
struct Prompt {
  std::variant<std::vector<std::int32_t>, std::string, std::vector<Message>> content;
  long line = 0;
};

struct ReadOptions {
  RecordForm form = RecordForm::kAuto;
  bool skip_bad = false;  ///< count and list records that do not fit, instead of stopping
};
struct SkippedRecord {
  long line;
  std::string reason;
};

/// One record after the other, in memory for one. Throws InputError as
///   data.jsonl:17: "messages"[2].role is "asistant"; expected system, user or assistant (...)
class RecordReader {
 public:
  explicit RecordReader(const std::string& path, ReadOptions options = {});
  /// Nothing at the end of the file.
  std::optional<Record> next();
  /// What next() will give: nullptr at the end of the file.
  const Record* peek();
  /// The record at `offset`, which next() gave once, without its line. Throws InputError when it
  /// cannot be read again.
  Record at(std::uint64_t offset);
  /// From the first record again, with nothing skipped yet. Throws InputError for a pipe.
  void rewind();
  /// With skip_bad, counts and lists a record that next() gave and that proved not to fit; without
  /// it, throws InputError.
  void refuse(const Record& record, const std::string& reason);
  /// Throws InputError for a file that holds no record that can be used.
  [[noreturn]] void throw_empty() const;

  const std::string& path() const { return items_.path(); }
  /// Bytes read so far, and in all (nothing for a pipe).
  std::uint64_t position() const { return items_.position(); }
  std::optional<std::uint64_t> size() const { return items_.size(); }
  /// The form asked for, or the one that the first good record showed (kAuto before it).
  RecordForm form() const { return form_; }
  long skipped_count() const { return skipped_count_; }
  /// The first kListed of them.
  const std::vector<SkippedRecord>& skipped() const { return skipped_; }
  /// Roles that are none, and how many of the skipped records had each (of the first kListed).
  const std::map<std::string, long>& unknown_roles() const { return unknown_roles_; }
  static constexpr std::size_t kListed = 100;

 private:
  JsonItems items_;
  ReadOptions options_;
  RecordForm form_;
  long form_line_ = 0;  // of the record that showed it; 0 when it was asked for
  void skip(long line, const std::string& reason);

  std::string text_;
  std::optional<Record> ahead_;
  long skipped_count_ = 0;
  std::vector<SkippedRecord> skipped_;
  std::map<std::string, long> unknown_roles_;
};

struct RecordFile {
  std::string path;
  RecordForm form = RecordForm::kAuto;
  std::vector<Record> records;  ///< never empty
  long skipped_count = 0;
  std::vector<SkippedRecord> skipped;
};
/// Throws InputError when the file holds no usable record, too.
RecordFile read_records(const std::string& path, ReadOptions options = {});
std::vector<Prompt> read_prompts(const std::string& path);

}  // namespace pupil
