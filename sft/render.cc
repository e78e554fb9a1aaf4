#include "sft/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "autograd/operations.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::string_view kMaskNames[] = {"assistant", "completion", "last", "all"};

using Fields = std::map<std::string, std::string_view>;

/// Puts a piece behind those that it is joined to.
void append(std::string& text, const Piece& piece, const Fields& fields) {
  const bool is_field = piece.kind == Piece::Kind::kField;
  const std::string_view own = is_field ? fields.at(piece.text) : std::string_view(piece.text);
  text += piece.trim == Piece::Trim::kBoth ? trimmed(own) : own;
  if (piece.trim == Piece::Trim::kEnd) text.resize(trimmed_end(text).size());
}

}  // namespace

/// One record on its way to ids and mask.
class Rendering {
 public:
  /// What a turn's answer counts: whether it is meant at all, and the weight of its message.
  struct Share {
    bool supervised;
    double weight = 1;
  };

  explicit Rendering(const Renderer& renderer) : renderer_(renderer) {}

  void visit(const Conversation& conversation) {
    if (!rule("user")) {
      const auto turn = single_turn(conversation);  // throws unless there are two messages
      return visit(turn, conversation.messages[1].weight);
    }
    const auto& messages = conversation.messages;
    std::size_t last = messages.size();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].role == "assistant") last = i;
    }
    begin();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const bool meant =
          renderer_.mode_ == MaskMode::kAssistant ||
          (renderer_.mode_ == MaskMode::kLast && i == last) ||
          (renderer_.mode_ == MaskMode::kCompletion && i >= conversation.prompt_messages);
      message(messages, i, meant);
    }
  }

  void visit(const PromptCompletion& record, double weight = 1) {
    if (const TemplateRule* found = rule("prompt_completion")) {
      add(*found, {{"PROMPT", record.prompt}, {"COMPLETION", record.completion}}, {true, weight});
    } else {
      visit(Instruction{record.prompt, "", record.completion}, weight);
    }
  }

  void visit(const Instruction& record, double weight = 1) {
    const TemplateRule* found =
        rule(record.input.empty() ? "instruction" : "instruction_with_input");
    if (found) {
      add(*found,
          {{"INSTRUCTION", record.instruction}, {"INPUT", record.input}, {"OUTPUT", record.output}},
          {true, weight});
    } else if (rule("user")) {
      const std::string gap = record.input.empty() ? "" : "\n\n";
      visit(Conversation{
          {{"user", record.instruction + gap + record.input}, {"assistant", record.output}}, 1});
    } else {
      no_place("an instruction record");
    }
  }

  void visit(const PlainText& record) {
    const TemplateRule* found = rule("text");
    if (!found) no_place("a text record");
    expect_all("a text record has no answer");
    add(*found, {{"TEXT", record.text}}, {true});
  }

  void visit(const IdSequence& record) {
    check_ids(record.ids, "ids");
    check_ids(record.labels, "labels");
    if (record.labels.empty()) expect_all("a record of ids without labels has no answer");
    for (std::size_t t = 0; t < record.ids.size(); ++t) {
      const std::int32_t label = record.labels.empty() ? record.ids[t] : record.labels[t];
      const bool supervised = label != kIgnoreIndex;
      push(record.ids[t], supervised ? 1 : renderer_.prompt_weight_,
           supervised ? label : record.ids[t]);
    }
  }

  void begin() {
    if (const TemplateRule* found = rule("begin")) add(*found, {}, {false});
  }

  void message(std::span<const Message> messages, std::size_t i, bool supervised) {
    const Message& message = messages[i];
    if (const TemplateRule* together = rule("first_user")) {
      const bool leads = messages[0].role == "system";
      if (i == 0 && leads && messages.size() > 1 && messages[1].role == "user") return;
      if (i == 1 && leads) {
        add(*together, {{"SYSTEM", messages[0].content}, {"CONTENT", message.content}},
            {supervised, message.weight});
        return;
      }
      if (message.role == "system") no_place("a system message but before the first user message");
    }
    const TemplateRule* found = rule(message.role);
    if (!found) no_place(fmt::format("a message of the role {}", message.role));
    add(*found, {{"CONTENT", message.content}}, {supervised, message.weight});
  }

  /// The pieces of a rule; `only_prompt`: those before the supervised part.
  void add(const TemplateRule& pieces, const Fields& fields, Share share,
           bool only_prompt = false) {
    const bool everything = renderer_.mode_ == MaskMode::kAll;
    for (std::size_t i = 0; i < pieces.size() && !(only_prompt && pieces[i].supervised);) {
      const Piece& piece = pieces[i];
      const bool counts = everything || (share.supervised && piece.supervised);
      const double weight = (counts ? 1 : renderer_.prompt_weight_) * share.weight;
      if (piece.kind == Piece::Kind::kSpecial || piece.kind == Piece::Kind::kEndOfText) {
        const std::int32_t id = special(piece);
        push(id, weight, id);
        ++i;
        continue;
      }
      std::string text;
      do {
        append(text, pieces[i++], fields);
      } while (i < pieces.size() && pieces[i].joined);
      for (const std::int32_t id : tokenizer().encode(text)) push(id, weight, id);
    }
  }

  const TemplateRule* rule(const std::string& name) const { return renderer_.chat_.rule(name); }

  [[noreturn]] void no_place(const std::string& what) const {
    throw InputError(fmt::format("template {} has no place for {}; it has rules for {}",
                                 renderer_.chat_.name(), what, renderer_.chat_.rule_names()));
  }

  Rendered result;

 private:
  /// Ids, mask, labels and weights grow here and nowhere else.
  void push(std::int32_t id, double weight, std::int32_t label) {
    result.ids.push_back(id);
    result.mask.push_back(weight > 0);
    result.labels.push_back(weight > 0 ? label : kIgnoreIndex);
    result.weights.push_back(weight);
  }

  const Tokenizer& tokenizer() const {
    if (renderer_.tokenizer_) return *renderer_.tokenizer_;
    throw InputError(
        "the model folder has no tokenizer, which every record but those of ids needs; add its "
        "tokenizer.json");
  }

  std::int32_t special(const Piece& piece) const {
    const bool end = piece.kind == Piece::Kind::kEndOfText;
    const auto id = end ? tokenizer().eos() : tokenizer().special(piece.text);
    if (id) return *id;
    throw InputError(fmt::format("the tokenizer lacks the special token {} of template {}",
                                 end ? kEndOfText : std::string_view(piece.text),
                                 renderer_.chat_.name()));
  }

  /// For templates that know one question and one answer.
  PromptCompletion single_turn(const Conversation& conversation) const {
    const auto& messages = conversation.messages;
    if (messages.size() != 2 || messages[0].role != "user" || messages[1].role != "assistant") {
      no_place("a conversation other than one user and one assistant message");
    }
    if (messages[0].weight != 1) no_place("a question with a weight of its own");
    return {messages[0].content, messages[1].content};
  }

  void expect_all(std::string_view reason) const {
    if (renderer_.mode_ == MaskMode::kAll) return;
    throw InputError(fmt::format("{} to tell apart, so that mask {} does not apply; use --mask all",
                                 reason, mask_name(renderer_.mode_)));
  }

  void check_ids(const std::vector<std::int32_t>& ids, std::string_view name) const {
    for (std::size_t t = 0; t < ids.size(); ++t) {
      if (ids[t] >= renderer_.vocab_size_) {
        throw InputError(fmt::format("\"{}\"[{}] is {}; the vocabulary ends at {}", name, t, ids[t],
                                     renderer_.vocab_size_ - 1));
      }
    }
  }

  const Renderer& renderer_;
};

MaskMode mask_mode(std::string_view name) {
  const auto found = std::find(std::begin(kMaskNames), std::end(kMaskNames), name);
  if (found != std::end(kMaskNames)) return MaskMode(found - std::begin(kMaskNames));
  throw UsageError(
      fmt::format("\"{}\" is no mask mode; expected {}", name, fmt::join(kMaskNames, ", ")));
}

std::string_view mask_name(MaskMode mode) { return kMaskNames[std::size_t(mode)]; }

MaskMode usual_mask(RecordForm form) {
  if (form == RecordForm::kMessages) return MaskMode::kAssistant;
  const bool whole = form == RecordForm::kText || form == RecordForm::kIds;
  return whole ? MaskMode::kAll : MaskMode::kCompletion;
}

std::string_view usual_template(const Record& first) {
  if (std::holds_alternative<Conversation>(first.content)) return "chatml";
  return std::holds_alternative<Instruction>(first.content) ? "alpaca" : "plain";
}

std::int64_t Rendered::n_targets() const {
  return mask.empty() ? 0 : std::count(mask.begin() + 1, mask.end(), 1);
}

bool Rendered::weighted() const {
  return std::any_of(weights.begin(), weights.end(), [](double w) { return w != 0 && w != 1; });
}

std::vector<std::int32_t> targets_from(std::span<const std::int32_t> labels) {
  std::vector<std::int32_t> targets(labels.size(), kIgnoreIndex);
  for (std::size_t t = 0; t + 1 < labels.size(); ++t) targets[t] = labels[t + 1];
  return targets;
}

std::vector<double> target_weights(const Rendered& rendered) {
  if (!rendered.weighted()) return {};
  std::vector<double> weights(rendered.weights.begin() + 1, rendered.weights.end());
  weights.push_back(0);
  return weights;
}

Renderer::Renderer(std::optional<Tokenizer> tokenizer, ChatTemplate chat, MaskMode mode,
                   std::int32_t vocab_size, double prompt_weight)
    : tokenizer_(std::move(tokenizer)),
      chat_(std::move(chat)),
      mode_(mode),
      vocab_size_(vocab_size),
      prompt_weight_(prompt_weight) {
  if (vocab_size_ == 0 && tokenizer_) vocab_size_ = tokenizer_->vocab_size();
}

Rendered Renderer::render(const Record& record) const {
  Rendering rendering(*this);
  std::visit([&rendering](const auto& content) { rendering.visit(content); }, record.content);
  rendering.result.line = record.line;
  return std::move(rendering.result);
}

std::vector<std::int32_t> Renderer::prompt(std::span<const Message> messages) const {
  Rendering rendering(*this);
  if (const TemplateRule* answer = rendering.rule("assistant")) {
    rendering.begin();
    for (std::size_t i = 0; i < messages.size(); ++i) rendering.message(messages, i, false);
    rendering.add(*answer, {{"CONTENT", ""}}, {false}, /*only_prompt=*/true);
    return std::move(rendering.result.ids);
  }
  if (messages.size() != 1 || messages[0].role != "user") {
    rendering.no_place("a conversation other than one user message");
  }
  const TemplateRule* found = rendering.rule("instruction");
  if (!found) found = rendering.rule("prompt_completion");
  if (!found) rendering.no_place("a message");
  const std::string_view text = messages[0].content;
  rendering.add(*found, {{"INSTRUCTION", text}, {"PROMPT", text}}, {false}, /*only_prompt=*/true);
  return std::move(rendering.result.ids);
}

std::string Renderer::text(const Rendered& rendered) const {
  return tokenizer_ ? tokenizer_->decode(rendered.ids) : std::string();
}

}  // namespace pupil
