// Records -> token ids and mask, born together: every piece of a template adds its ids and whether
// they are supervised in one step. No text is searched, nothing is encoded twice, and no mask is
// derived from ids, so that eos or padding can mean anything.
//
//   labels[t] = ids[t] where mask[t] is 1, else kIgnoreIndex; not shifted. Label t is predicted
//   from the positions before t, so that position 0 is never a target, whatever its mask says.
//
// A token's weight in the loss is (supervised ? 1 : p) w, where p is the weight of prompts (usually
// 0) and w that of its message (usually 1); mask[t] is 1 where the weight is above 0.
//
// Role, content and line breaks are encoded apart: tokens(prompt) + tokens(answer) is the
// definition.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sft/chat_template.h"
#include "sft/record.h"
#include "sft/tokenizer.h"

namespace pupil {

/// What is supervised:
///   assistant   content and end token of every assistant turn
///   completion  of the assistant turns behind the prompt (without a field "prompt": the last one)
///   last        of the last assistant turn
///   all         every token
/// An answer to a prompt or an instruction is one assistant turn. Text, and ids without labels,
/// know `all` only; ids with labels bring their own.
enum class MaskMode { kAssistant, kCompletion, kLast, kAll };
/// "assistant", "completion", "last", "all"; throws UsageError.
MaskMode mask_mode(std::string_view name);
std::string_view mask_name(MaskMode mode);
/// The usual choice for a form: say which it was, it decides what is learned.
MaskMode usual_mask(RecordForm form);
/// The template meant for a form: chatml, alpaca or plain.
std::string_view usual_template(RecordForm form);

struct Rendered {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> mask;    ///< 1: supervised
  std::vector<std::int32_t> labels;  ///< see above; those of the record where it has some
  std::vector<double> weights;       ///< of each position in the loss; 0 where the mask is 0
  long line = 0;                     ///< of the record

  std::int64_t n_targets() const;  ///< supervised positions from 1 on
  bool weighted() const;           ///< some supervised position has a weight other than 1
};

/// targets[t] = labels[t + 1], the last kIgnoreIndex: the one place that shifts.
std::vector<std::int32_t> targets_from(std::span<const std::int32_t> labels);
/// The weights of those targets, shifted alike; empty when all are 1.
std::vector<double> target_weights(const Rendered& rendered);

class Renderer {
 public:
  /// Without a tokenizer it renders records of ids only. Ids must be below vocab_size (0: the
  /// tokenizer's). The tokenizer has the template's special tokens (ChatTemplate::add_specials).
  /// `prompt_weight` is that of tokens which the mask does not supervise.
  Renderer(std::optional<Tokenizer> tokenizer, ChatTemplate chat, MaskMode mode,
           std::int32_t vocab_size = 0, double prompt_weight = 0);

  /// Throws InputError (without file and line): the template has no place for the record, the mask
  /// mode does not apply to it, a text cannot be encoded, or an id is too large.
  Rendered render(const Record& record) const;
  /// A conversation up to where the assistant is to answer: render(m) of every m that goes on with
  /// an answer starts with these ids.
  std::vector<std::int32_t> prompt(std::span<const Message> messages) const;
  /// The ids as the model sees them, special tokens by name.
  std::string text(const Rendered& rendered) const;

  const ChatTemplate& chat() const { return chat_; }
  MaskMode mode() const { return mode_; }
  const std::optional<Tokenizer>& tokenizer() const { return tokenizer_; }

 private:
  friend class Rendering;
  std::optional<Tokenizer> tokenizer_;
  ChatTemplate chat_;
  MaskMode mode_;
  std::int32_t vocab_size_;
  double prompt_weight_;
};

/// A record longer than allowed: cut at its start (the last tokens stay) or at its end (the first
/// stay), left out, or an error.
enum class Truncation { kStart, kEnd, kDrop, kError };
Truncation truncation(std::string_view name);  ///< "start", ...; throws UsageError

struct RenderReport {
  std::int64_t records = 0;  ///< read
  std::int64_t shortened = 0, dropped = 0;
  std::int64_t lost_targets = 0;     ///< of the shortened: had targets before, none now; kept
  std::int64_t without_targets = 0;  ///< of those kept: none, for whatever reason
  std::int64_t tokens = 0, targets = 0;
  std::int64_t kept() const { return records - dropped; }
  double mask_share() const { return tokens ? double(targets) / double(tokens) : 0.0; }
};

/// False: to be left out. Throws InputError naming both lengths under kError.
bool fit(Rendered& rendered, std::int64_t max_length, Truncation truncation);
/// The same, counted in `report`; max_length 0 is no limit.
bool fit(Rendered& rendered, std::int64_t max_length, Truncation truncation, RenderReport& report);
/// All records, in order; max_length 0 is no limit. Errors name file and line. Throws InputError
/// when nothing is left.
std::vector<Rendered> render_all(const RecordFile& file, const Renderer& renderer,
                                 std::int64_t max_length, Truncation truncation,
                                 RenderReport& report);

}  // namespace pupil
