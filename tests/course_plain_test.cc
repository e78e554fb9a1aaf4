// What a terminal of 60 columns shows under NO_COLOR and LANG=C: no escape byte, no letter beyond
// ASCII, and no line that a break could have made short enough. Piped, neither does it hold a
// return.
#include <fcntl.h>
#include <pty.h>

#include <array>

#include "course/verdict.h"
#include "course/work_folder.h"
#include "tests/command.h"
#include "tests/course_fixture.h"

namespace pupil::course {
namespace {

constexpr std::size_t kColumns = 60;

class Plain : public test::CourseTest {
 protected:
  Plain() : work(tree, files.path() + "/work") {}
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    std::filesystem::current_path(PUPIL_SOURCE_DIR);
    work.prepare();
    const MarkedSource marked = source("04a");
    write_file(work.file(exercise("04a")), marked.mutant(marked.mutants()[0]));
    write_file(work.file(exercise("09b")), "#include \"exercise.h\"\nint broken(\n");
  }

  // What the program writes to a terminal of 60 columns.
  std::string on_terminal(const std::vector<std::string>& arguments) const {
    const winsize size{40, kColumns, 0, 0};
    const std::string keys = files.write("keys", "q");  // learn ends with it
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (child == 0) {
      ::setenv("NO_COLOR", "1", 1);
      ::setenv("LANG", "C", 1);
      ::setenv("LC_ALL", "C", 1);
      ::dup2(::open(keys.c_str(), O_RDONLY), STDIN_FILENO);
      const std::string name = test::program();
      std::vector<char*> words{const_cast<char*>(name.c_str())};
      for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
      words.push_back(nullptr);
      ::execv(name.c_str(), words.data());
      ::_exit(127);
    }
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t n = 0; (n = ::read(terminal, part.data(), part.size())) > 0;) {
      for (ssize_t i = 0; i < n; ++i) {
        if (part[std::size_t(i)] != '\r') text += part[std::size_t(i)];  // the terminal's own
      }
    }
    ::close(terminal);
    ::waitpid(child, nullptr, 0);
    return text;
  }

  WorkFolder work;
};

// A line is too long when it would have been shorter, had it been broken before its last word.
bool could_be_broken(const std::string& line) {
  if (line.size() <= kColumns) return false;
  const std::size_t last = line.find_last_of(' '), first = line.find_first_not_of(' ');
  return last != line.npos && last > first;
}

TEST_F(Plain, ATerminalOf60ColumnsGetsWholeLinesOfAscii) {
  const std::string dir = work.path();
  const std::vector<std::vector<std::string>> commands = {
      {"list", "--dir", dir},         {"status", "--dir", dir},
      {"check", "04a", "--dir", dir}, {"explain", "04a", "--dir", dir},
      {"hint", "04a", "--dir", dir},  {"check", "04b", "--dir", dir},
      {"goto", "04a", "--dir", dir},  {"doctor", "--dir", dir},
      {"learn", "04a", "--dir", dir}, {"read", "04"},
      {"staff", "validate", "09b"}};
  for (const auto& command : commands) {
    const std::string text = on_terminal(command);
    EXPECT_GT(text.size(), 20u) << command[0];
    for (const std::string& line : test::lines_of(text)) {
      EXPECT_FALSE(could_be_broken(line)) << command[0] << ": " << line;
      for (const char c : line) {
        const auto code = static_cast<unsigned char>(c);
        EXPECT_TRUE(code >= 32 && code < 127) << command[0] << ": " << line;
      }
    }
  }
}

TEST_F(Plain, APipeGetsNeitherEscapesNorReturns) {
  for (const char* id : {"04a", "04b", "09b"}) {
    const test::Ran ran = test::run_pupil({"check", id, "--plain", "--dir", work.path()});
    EXPECT_EQ(ran.status, 1);
    for (const std::string& text : {ran.out, ran.err}) {
      EXPECT_EQ(text.find_first_of("\x1b\r\b"), text.npos) << text;
    }
  }
}

// The verdict says in words what colours say, and the worst element's digits stay whole.
TEST_F(Plain, AVerdictOf60ColumnsLosesNoDigitOfOneOf100) {
  Results r = grade("04a", source("04a").mutant(source("04a").mutants()[0]));
  const auto digits = [&](int width) {
    std::string kept;
    for (const char c :
         verdict_text(exercise("04a"), r, "f.cc", {.colours = false, .width = width})) {
      if (c != ' ' && c != '\n') kept += c;
    }
    return kept;
  };
  EXPECT_EQ(digits(60), digits(100));
}

}  // namespace
}  // namespace pupil::course
