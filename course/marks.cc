#include "course/marks.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"

namespace pupil::course {
namespace {

std::string_view without_indent(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view() : line.substr(start);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    if (end > i) words.emplace_back(text.substr(i, end - i));
    i = end + 1;
  }
  return words;
}

// "//| text" -> "text"; one blank behind the sign belongs to it, the indent stays.
std::string behind_sign(std::string_view line, std::string_view sign) {
  const std::size_t at = line.find(sign);
  std::string_view rest = line.substr(at + sign.size());
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest.empty() ? std::string() : std::string(line.substr(0, at)) + std::string(rest);
}

}  // namespace

class MarkScanner {
 public:
  MarkScanner(MarkedSource& source, std::string path) : source_(source), path_(std::move(path)) {}

  void run(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++number_;
      line(text.substr(begin, end - begin));
      begin = end + 1;
    }
    if (!open_.empty()) fail(fmt::format("BEGIN {} of line {} has no END", open_, opened_));
    for (const Mutant& m : source_.mutants_) check(m);
  }

 private:
  using Where = MarkedSource::Where;

  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", path_, number_, message));
  }
  void add(std::string text, Where where) {
    source_.lines_.push_back({std::move(text), where, where_ == Where::kSolution ? name_ : ""});
  }

  void line(std::string_view text) {
    const std::string_view word = without_indent(text);
    if (!raw_end_.empty() || !word.starts_with("//")) {
      if (where_ == Where::kMutant && !word.empty()) {
        fail("inside MUTANT every line starts with //~ (code) or //! (what the student is told)");
      }
      follow_raw_strings(text);
      return add(std::string(text), where_);
    }
    if (word.starts_with("// BEGIN ")) return begin(words_of(word.substr(9)));
    if (word.starts_with("// END ")) return end(words_of(word.substr(7)));
    if (word.starts_with("//|")) {
      if (where_ != Where::kSolution) fail("//| is a line of the starter: inside SOLUTION only");
      return add(behind_sign(text, "//|"), Where::kStub);
    }
    if (word.starts_with("//~") || word.starts_with("//!")) return mutant_line(text, word);
    if (where_ == Where::kMutant) fail("inside MUTANT every line starts with //~ or //!");
    add(std::string(text), where_);
  }

  void mutant_line(std::string_view text, std::string_view word) {
    if (where_ != Where::kMutant) fail("//~ and //! are lines of a mutant: inside MUTANT only");
    Mutant& m = mutant();
    if (word.starts_with("//~")) {
      m.lines[of_] += behind_sign(text, "//~") + "\n";
    } else {
      m.text += (m.text.empty() ? "" : " ") + std::string(without_indent(word.substr(3)));
    }
    add(std::string(text), Where::kMutant);
  }

  Mutant& mutant() {
    for (Mutant& m : source_.mutants_) {
      if (m.name == name_) return m;
    }
    source_.mutants_.emplace_back();
    source_.mutants_.back().name = name_;
    return source_.mutants_.back();
  }

  void begin(const std::vector<std::string>& words) {
    if (!open_.empty()) fail(fmt::format("regions do not nest: {} is open", open_));
    if (words.empty()) fail("BEGIN what? SOLUTION, MUTANT, HIDDEN or STAFF");
    open_ = words[0];
    opened_ = number_;
    name_ = words.size() > 1 ? words[1] : "";
    if (open_ == "SOLUTION") {
      if (words.size() != 2) fail("BEGIN SOLUTION takes one name");
      if (std::count(source_.regions_.begin(), source_.regions_.end(), name_)) {
        fail(fmt::format("there is a SOLUTION {} already", name_));
      }
      source_.regions_.push_back(name_);
      where_ = Where::kSolution;
    } else if (open_ == "MUTANT") {
      begin_mutant(words);
    } else if (open_ == "HIDDEN" || open_ == "STAFF") {
      if (words.size() != 1) fail(fmt::format("BEGIN {} takes no name", open_));
      where_ = open_ == "HIDDEN" ? Where::kHidden : Where::kStaff;
    } else {
      fail(fmt::format("BEGIN {}: expected SOLUTION, MUTANT, HIDDEN or STAFF", open_));
    }
    add("", Where::kMarker);
  }

  void begin_mutant(const std::vector<std::string>& words) {
    if (name_.empty() ||
        name_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
      fail("BEGIN MUTANT takes a name of small letters, digits and dashes");
    }
    of_.clear();
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (words[i].starts_with("of=")) {
        of_ = words[i].substr(3);
      } else if (words[i].starts_with("fails=")) {
        mutant().fails = words[i].substr(6);
      } else {
        fail(fmt::format("{}: a mutant has of=REGION and fails=CHECK", words[i]));
      }
    }
    if (!std::count(source_.regions_.begin(), source_.regions_.end(), of_)) {
      fail(fmt::format("of={}: no SOLUTION of this name stands above", of_));
    }
    if (!mutant().lines.emplace(of_, "").second) {
      fail(fmt::format("mutant {} replaces {} twice", name_, of_));
    }
    where_ = Where::kMutant;
  }

  void end(const std::vector<std::string>& words) {
    if (words.size() != 1 || words[0] != open_) {
      fail(open_.empty() ? "END without a BEGIN" : fmt::format("expected // END {}", open_));
    }
    add("", Where::kMarker);
    open_.clear();
    where_ = Where::kPlain;
  }

  void check(const Mutant& m) const {
    if (m.fails.empty() || m.text.empty()) {
      throw InputError(fmt::format(
          "{}: mutant {} needs fails=CHECK and a line //! that tells the student", path_, m.name));
    }
  }

  // Inside R"x( ... )x" nothing is a marker.
  void follow_raw_strings(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
      if (!raw_end_.empty()) {
        const std::size_t end = text.find(raw_end_, at);
        if (end == std::string_view::npos) return;
        at = end + raw_end_.size();
        raw_end_.clear();
      }
      at = text.find("R\"", at);
      if (at == std::string_view::npos) return;
      const std::size_t open = text.find('(', at);
      if (open == std::string_view::npos) return;
      raw_end_ = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
      at = open + 1;
    }
  }

  MarkedSource& source_;
  std::string path_, open_, name_, of_, raw_end_;
  Where where_ = Where::kPlain;
  long number_ = 0, opened_ = 0;
};

MarkedSource::MarkedSource(std::string_view text, const std::string& path) {
  MarkScanner(*this, path).run(text);
}

std::string MarkedSource::starter() const {
  std::string out;
  for (const Line& line : lines_) {
    if (line.where == Where::kPlain || line.where == Where::kStub) out += line.text + "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string MarkedSource::solution() const {
  std::string out;
  for (const Line& line : lines_) {
    const bool code = line.where == Where::kPlain || line.where == Where::kSolution ||
                      line.where == Where::kHidden;
    out += (code ? line.text : "") + "\n";
  }
  return out;
}

std::string MarkedSource::mutant(const Mutant& mutant) const {
  std::string out, done;
  for (const Line& line : lines_) {
    if (line.where == Where::kPlain) {
      out += line.text + "\n";
    } else if (line.where == Where::kSolution || line.where == Where::kStub) {
      const auto replaced = mutant.lines.find(line.region);
      if (replaced == mutant.lines.end()) {
        if (line.where == Where::kSolution) out += line.text + "\n";
      } else if (done != line.region) {
        out += replaced->second;
        done = line.region;
      }
    }
  }
  return out;
}

std::string MarkedSource::without_hidden() const {
  std::string out;
  for (const Line& line : lines_) out += (line.where == Where::kPlain ? line.text : "") + "\n";
  return out;
}

std::vector<std::string> MarkedSource::secret_lines() const {
  std::vector<std::string> lines;
  for (const Line& line : lines_) {
    if (line.where == Where::kSolution || line.where == Where::kMutant ||
        line.where == Where::kHidden || line.where == Where::kStaff) {
      lines.push_back(line.text);
    }
  }
  return lines;
}

}  // namespace pupil::course
