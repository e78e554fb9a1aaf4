#include "sft/jinja.h"

#include <fmt/format.h>

#include <utility>

#include "sft/jinja_expressions.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::size_t kMostBytes = 1'000'000;

class Interpreter : jinja::Expressions {
 public:
  Interpreter(std::vector<JinjaToken> tokens, const jinja::Value& names)
      : Expressions(std::move(tokens), names) {}

  std::string run() {
    try {
      block();
      if (!is(JinjaKind::kEnd)) fail(fmt::format("\"{}\" belongs to nothing", here().text));
    } catch (const InputError& error) {
      throw InputError(fmt::format("line {}: {}", here().line, error.what()));
    }
    return std::move(out_);
  }

 private:
  /// All up to a statement that belongs to an outer one, or the end.
  void block() {
    const auto inside = deeper();
    for (;;) {
      if (is(JinjaKind::kText)) {
        emit(take().text);
      } else if (is(JinjaKind::kPrint)) {
        take();
        const jinja::Value value = expression();
        expect(JinjaKind::kPrintEnd);
        if (live_) emit(jinja::printed(value));
      } else if (is(JinjaKind::kStatement) && !ends_block(next().text)) {
        take();
        statement(take_name());
      } else {
        return;
      }
    }
  }

  static bool ends_block(std::string_view name) {
    return name == "elif" || name == "else" || name.starts_with("end");
  }

  void statement(const std::string& name) {
    if (name == "for") return for_loop();
    if (name == "if") return condition(live_);
    if (name == "set") return assignment();
    if (name != "generation") fail(fmt::format("the statement {} is not understood", name));
    expect(JinjaKind::kStatementEnd);
    block();
    close("endgeneration");
  }

  void close(std::string_view name) {
    if (!is(JinjaKind::kStatement)) fail(fmt::format("expected {{% {} %}}", name));
    take();
    expect(name);
    expect(JinjaKind::kStatementEnd);
  }

  /// True when {% name comes next; it is taken then.
  bool statement_follows(std::string_view name) {
    const bool follows =
        is(JinjaKind::kStatement) && next().kind == JinjaKind::kName && next().text == name;
    if (follows) at_ += 2;
    return follows;
  }

  /// From the condition on. `wanted`: no earlier branch was taken.
  void condition(bool wanted) {
    const bool live = live_;
    for (bool more = true; more;) {
      bool taken = false;
      {
        const jinja::Scoped alive(live_, wanted);
        taken = jinja::truth(expression()) && wanted;
      }
      expect(JinjaKind::kStatementEnd);
      branch(taken);
      wanted = wanted && !taken;
      more = statement_follows("elif");
    }
    if (statement_follows("else")) {
      expect(JinjaKind::kStatementEnd);
      branch(wanted);
    }
    live_ = live;
    close("endif");
  }

  void branch(bool taken) {
    const jinja::Scoped alive(live_, taken);
    block();
  }

  void for_loop() {
    const std::string item = take_name();
    expect("in");
    const jinja::Value list = either();
    const bool filtered = accept("if");
    const std::size_t test_at = at_;
    jinja::Value items = jinja::Value::array();
    if (live_ && !list.is_array()) fail("for needs a list");
    if (filtered) {
      for (const jinja::Value& candidate : live_ ? list : jinja::Value::array()) {
        at_ = test_at;
        frames_.push_back({{item, candidate}});
        if (jinja::truth(expression())) items.push_back(candidate);
        frames_.pop_back();
      }
      const jinja::Scoped dead(live_, false);
      at_ = test_at;
      expression();
    } else if (live_) {
      items = list;
    }
    expect(JinjaKind::kStatementEnd);
    const std::size_t body_at = at_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      at_ = body_at;
      frames_.push_back({{item, items[i]},
                         {"loop",
                          {{"index", i + 1},
                           {"index0", i},
                           {"revindex", items.size() - i},
                           {"revindex0", items.size() - i - 1},
                           {"first", i == 0},
                           {"last", i + 1 == items.size()},
                           {"length", items.size()}}}});
      if (i > 0) frames_.back()["loop"]["previtem"] = items[i - 1];
      if (i + 1 < items.size()) frames_.back()["loop"]["nextitem"] = items[i + 1];
      block();
      frames_.pop_back();
    }
    if (items.empty()) branch(false);
    if (statement_follows("else")) {
      expect(JinjaKind::kStatementEnd);
      branch(live_ && items.empty());
    }
    close("endfor");
  }

  void assignment() {
    const std::string name = take_name();
    const std::string part = accept(".") ? take_name() : "";
    expect("=");
    jinja::Value value = expression();
    expect(JinjaKind::kStatementEnd);
    if (!live_) return;
    if (part.empty()) {
      frames_.back()[name] = std::move(value);
      return;
    }
    jinja::Value* owner = find(name);
    if (!owner || !owner->is_object()) fail(fmt::format("{} is no namespace", name));
    (*owner)[part] = std::move(value);
  }

  void emit(const std::string& text) {
    if (!live_) return;
    if (out_.size() + text.size() > kMostBytes) fail("the rendering is too long");
    out_ += text;
  }

  std::string out_;
};

}  // namespace

std::string render_jinja(const std::string& source, const nlohmann::json& names) {
  return Interpreter(jinja_tokens(source), names).run();
}

}  // namespace pupil
