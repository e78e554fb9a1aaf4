#include "cli/mask_painter.h"

#include "cli/printable.h"

namespace pupil::cli {

MaskPainter::MaskPainter(const std::optional<Tokenizer>& tokenizer, bool coloured)
    : tokenizer_(tokenizer), coloured_(coloured) {
  end();
}

std::string MaskPainter::change_to(Kind kind) {
  if (kind == kind_) return "";
  const Kind before = kind_;
  kind_ = kind;
  if (coloured_) {
    constexpr const char* kColours[] = {"\033[0m", "\033[90m", "\033[32m", "\033[33m"};
    return kColours[std::size_t(kind)];
  }
  const auto inside = [](Kind k) { return k == Kind::kSupervised || k == Kind::kWeighted; };
  if (inside(before) == inside(kind)) return "";
  return inside(kind) ? "[[" : "]]";
}

std::string MaskPainter::token(std::int32_t id, double weight) {
  const Kind kind = weight == 0 ? Kind::kMasked : weight == 1 ? Kind::kSupervised : Kind::kWeighted;
  const std::string mark = change_to(kind);
  return mark + (decoder_ ? printable(decoder_->push(id)) : std::to_string(id) + " ");
}

std::string MaskPainter::end() {
  const std::string rest = decoder_ ? printable(decoder_->finish()) : "";
  if (tokenizer_) decoder_.emplace(*tokenizer_);
  return rest + change_to(Kind::kNone);
}

}  // namespace pupil::cli
