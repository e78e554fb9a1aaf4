#include "course/verdict.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "cli/printable.h"

namespace pupil::course {
namespace {

const char* word_of(Status status) {
  switch (status) {
    case Status::kPass:
      return "PASS";
    case Status::kFail:
      return "FAIL";
    case Status::kError:
      return "ERROR";
    case Status::kCrash:
      return "CRASH";
    case Status::kTimeout:
      return "TIME";
    case Status::kSkipped:
      return "SKIP";
    case Status::kNotDone:
      return "TODO";
  }
  return "";
}

std::string coloured(const char* word, Status status, const VerdictStyle& style) {
  const std::string padded = fmt::format("{:<5}", word);
  if (!style.colours) return padded;
  const int colour = status == Status::kPass      ? 32
                     : status == Status::kSkipped ? 36
                     : status == Status::kNotDone ? 33
                                                  : 31;
  return fmt::format("\x1b[1;{}m{}\x1b[0m", colour, padded);
}

class Writer {
 public:
  explicit Writer(const VerdictStyle& style) : style_(style) {}
  void line(int indent, const std::string& text) {
    const std::string blank(std::size_t(indent), ' ');
    out_ += wrap(blank + text, style_.width, indent + 2) + "\n";
  }
  void check(const CheckResult& c) {
    const std::string points = c.max_points ? fmt::format("{}/{}", c.points, c.max_points) : "";
    const std::string about = c.name + (c.described.empty() ? "" : ": " + c.described);
    // "  FAIL   0/2  value: ..."; the coloured word would count as longer than it is.
    const std::string rest = wrap(std::string(15, ' ') + about, style_.width, 15);
    out_ += fmt::format("  {} {:>5}  {}\n", coloured(word_of(c.status), c.status, style_), points,
                        rest.substr(15));
    if (c.status == Status::kPass) return;
    if (!c.text.empty()) line(15, cli::printable(c.text));
    if (c.compared) {
      const Worst& w = c.worst;
      line(15, fmt::format("worst element {}: yours {:.9g}, right {:.9g}", element_name(w), w.got,
                           w.want));
      line(15, fmt::format("{} of {} elements of {} are wrong (error {:.2g}, allowed {:g})",
                           c.wrong, c.count, w.tensor, w.error, c.tolerance));
    }
    for (const Diagnosis& d : c.diagnosis) {
      line(15, fmt::format("-> {}{} [{}]", d.certainty == "exact" ? "" : d.certainty + ": ", d.text,
                           d.key));
    }
    if (c.compared && c.diagnosis.empty()) {
      line(15, fmt::format("-> no known mistake fits (relative error of the whole {:.2g}); pupil "
                           "explain shows more",
                           c.relative_norm));
    }
    if (c.status == Status::kFail && !c.seed.empty())
      line(15, fmt::format("again with these numbers: --seed {}", c.seed));
  }
  std::string text() const { return out_; }
  void raw(const std::string& text) { out_ += text; }

 private:
  VerdictStyle style_;
  std::string out_;
};

}  // namespace

std::string wrap(const std::string& text, int width, int indent) {
  std::string out;
  std::istringstream paragraphs(text);
  bool first_line = true;
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    if (!first_line) out += "\n";
    const std::size_t lead = std::min(paragraph.find_first_not_of(' '), paragraph.size());
    std::string line(first_line ? lead : std::max(lead, std::size_t(indent)), ' ');
    if (line.size() + paragraph.size() - lead <= std::size_t(width)) {
      out += line + paragraph.substr(lead);  // columns of a table stay
      first_line = false;
      continue;
    }
    bool empty = true;
    std::istringstream words(paragraph);
    for (std::string word; words >> word;) {
      if (!empty && line.size() + 1 + word.size() > std::size_t(width)) {
        out += line + "\n";
        line.assign(std::size_t(indent), ' ');
        empty = true;
      }
      line += (empty ? "" : " ") + word;
      empty = false;
    }
    out += line;
    first_line = false;
  }
  return out;
}

std::string flow(const std::string& text, int width) {
  std::string out, paragraph;
  const auto flush = [&] {
    if (!paragraph.empty()) out += wrap(paragraph, width, 0) + "\n";
    paragraph.clear();
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool own_line =
        line.empty() || line[0] == ' ' || line[0] == '#' || line[0] == '-' || line[0] == '|';
    if (own_line) {
      flush();
      out += line + "\n";
    } else {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    }
  }
  flush();
  return out;
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::clamp(int(size.ws_col), 60, 100);
}

std::string verdict_text(const Exercise& exercise, const Results& results, const std::string& file,
                         const VerdictStyle& style) {
  Writer writer(style);
  const char* word =
      results.status == Status::kNotDone ? "NOT WRITTEN YET" : word_of(results.status);
  writer.line(0, fmt::format("{}  {}", exercise.id, exercise.title));
  const std::string seed = results.checks.empty() ? "" : results.checks[0].seed;
  writer.line(0, fmt::format("{}  {} of {} points{}", word, results.points, results.max_points,
                             seed.empty() ? "" : ", seed " + seed));
  if (!results.message.empty()) {
    // The compiler's lines stay whole: they name places.
    writer.raw(cli::printable(results.message) + "\n");
  } else {
    for (const CheckResult& c : results.checks) writer.check(c);
  }
  if (!results.worker.printed.empty()) {
    writer.line(2,
                fmt::format("your program printed{}:", results.worker.truncated ? " (cut)" : ""));
    writer.raw(cli::printable(results.worker.printed.substr(0, 2000)) + "\n");
  }
  if (results.hidden_count > 0 && results.message.empty()) {
    std::string about;
    for (const std::string& a : results.hidden_about) about += (about.empty() ? "" : "; ") + a;
    writer.line(2, fmt::format("{} hidden check{} at grading: {}", results.hidden_count,
                               results.hidden_count > 1 ? "s run" : " runs", about));
  }
  if (results.status != Status::kPass) writer.line(2, "your file: " + file);
  return writer.text();
}

}  // namespace pupil::course
