// The rules about source files that no compiler checks. docs/building.md lists them for people.
//
//   direction   kernels <- tensor <- autograd <- nn <- sft <- align <- lessons; microworld stands
//               alone; course and cli see the headers of all rooms; tests and bench see everything
//   cuda        CUDA headers only in *_cuda.cu and kernels/cuda_*.h; #if on CUDA only in
//               kernels/dispatch.h
//   length      no file but tests and benchmarks has more than 400 lines
//   capture     a rule handed to record(...) captures nothing by reference
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using std::string;

constexpr int kMaxLines = 400;

using Rooms = std::set<string>;
const Rooms kAnyRoom = {"kernels", "tensor",     "autograd", "nn",     "sft",
                        "align",   "microworld", "lessons",  "course", "cli"};
const Rooms kShortFiles = {"kernels",    "tensor", "autograd", "nn",    "sft",
                           "microworld", "cli",    "lessons",  "course"};

// Whose headers a room may include, itself among them. A folder that is not here holds no sources.
const std::map<string, Rooms> kSees = {
    {"kernels", {"kernels"}},
    {"tensor", {"kernels", "tensor"}},
    {"autograd", {"kernels", "tensor", "autograd"}},
    {"nn", {"kernels", "tensor", "autograd", "nn"}},
    {"sft", {"kernels", "tensor", "autograd", "nn", "microworld", "sft"}},
    {"align", {"kernels", "tensor", "autograd", "nn", "microworld", "sft", "align"}},
    {"lessons", {"kernels", "tensor", "autograd", "nn", "microworld", "sft", "align", "lessons"}},
    {"microworld", {"microworld"}},
    {"course", kAnyRoom},
    {"cli", kAnyRoom},
};
const Rooms kSeeEverything = {"tests", "bench"};

// ---- reading ------------------------------------------------------------------------------------

// The text with comments, strings and characters blanked, line breaks kept. Lines that start with #
// stay as they are, for the sake of `#include "..."`.
string code_only(const string& text) {
  string out = text;
  bool line_start = true;
  size_t i = 0;
  auto blank_until = [&](size_t end) {
    for (end = std::min(end, text.size()); i < end; ++i)
      if (text[i] != '\n') out[i] = ' ';
  };
  auto after = [&](const string& what, size_t from) {
    const size_t at = text.find(what, from);
    return at == string::npos ? text.size() : at + what.size();
  };
  auto after_quote = [&](char quote) {
    size_t end = i + 1;
    while (end < text.size() && text[end] != quote && text[end] != '\n')
      end += text[end] == '\\' ? 2 : 1;
    return end + 1;
  };
  while (i < text.size()) {
    const char c = text[i];
    const bool in_word = i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1]));
    if (text.compare(i, 2, "//") == 0) {
      blank_until(text.find('\n', i));
    } else if (text.compare(i, 2, "/*") == 0) {
      blank_until(after("*/", i + 2));
    } else if (c == '#' && line_start) {
      while (i < text.size() && text[i] != '\n' && text.compare(i, 2, "//") != 0 &&
             text.compare(i, 2, "/*") != 0)
        ++i;
    } else if (text.compare(i, 2, "R\"") == 0 && !in_word) {
      const size_t open = text.find('(', i);
      blank_until(open == string::npos
                      ? text.size()
                      : after(")" + text.substr(i + 2, open - i - 2) + "\"", open));
    } else if (c == '"' || (c == '\'' && !in_word)) {
      blank_until(after_quote(c));
    } else {
      line_start = c == '\n' || (line_start && std::isspace(static_cast<unsigned char>(c)));
      ++i;
    }
  }
  return out;
}

int line_of(const string& text, size_t position) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + position, '\n'));
}

// ---- rules --------------------------------------------------------------------------------------

using Findings = std::vector<string>;

string place(const string& path, int line) { return path + ":" + std::to_string(line) + ": "; }

string listed(const Rooms& rooms) {
  string text;
  for (const string& room : rooms) text += (text.empty() ? "" : ", ") + room;
  return text;
}

bool is_cuda_header(const string& header) {
  static const std::vector<string> starts = {
      "cuda", "cublas", "curand",  "cusparse", "cusolver",
      "nvtx", "cub/",   "thrust/", "mma.h",    "cooperative_groups"};
  return std::any_of(starts.begin(), starts.end(),
                     [&](const string& start) { return header.starts_with(start); });
}

bool may_include_cuda(const string& path) {
  return path.ends_with("_cuda.cu") || (path.starts_with("kernels/cuda_") && path.ends_with(".h"));
}

void check_include(const string& path, int line, char opens, const string& header, Findings& out) {
  const string room = path.substr(0, path.find('/'));
  const bool own = opens == '"';
  if (is_cuda_header(header) && !may_include_cuda(path))
    out.push_back(place(path, line) + "includes the CUDA header " + header +
                  "; only *_cuda.cu and kernels/cuda_*.h do: move what needs it there");
  if (kSeeEverything.count(room)) return;
  if (own && !fs::path(header).extension().string().starts_with(".h"))
    out.push_back(place(path, line) + "includes " + header +
                  ", which is no header; declare what is needed in a .h");
  if (room == "microworld" && !own && header.find_first_of("./") != string::npos)
    out.push_back(place(path, line) + "includes <" + header +
                  ">; microworld is plain C++: the standard library and its own headers only");
  if (!own) return;
  const string target = header.substr(0, header.find('/'));
  // An exercise's own header: a student's file includes it, wherever it lies.
  if (header == "exercise.h" && path.find("/exercises/") != string::npos) return;
  if (target == header || target == "." || target == "..") {
    out.push_back(place(path, line) + "includes \"" + header +
                  "\"; write includes from the root: \"room/file.h\"");
  } else if (!kSees.at(room).count(target)) {
    out.push_back(place(path, line) + room + " includes \"" + header + "\", but sees only " +
                  listed(kSees.at(room)) +
                  "; move the code to the room that needs both, or hand the value in");
  }
}

// The line without the blanks in front.
string trimmed(const string& line) {
  const size_t start = line.find_first_not_of(" \t");
  return start == string::npos ? "" : line.substr(start);
}

void check_directives(const string& path, const string& code, Findings& out) {
  std::istringstream lines(code);
  string text;
  for (int line = 1; std::getline(lines, text); ++line) {
    text = trimmed(text);
    if (!text.starts_with("#")) continue;
    const string directive = trimmed(text.substr(1));
    if (directive.starts_with("include")) {
      const string target = trimmed(directive.substr(7));
      const size_t end = target.find_first_of(">\"", 1);
      if (end != string::npos) check_include(path, line, target[0], target.substr(1, end - 1), out);
    }
    const bool conditional = directive.starts_with("if") || directive.starts_with("elif");
    const bool on_cuda =
        directive.find("CUDA") != string::npos || directive.find("__NVCC__") != string::npos;
    if (conditional && on_cuda && path != "kernels/dispatch.h")
      out.push_back(place(path, line) + "#if on CUDA; the only one sits in kernels/dispatch.h: " +
                    "choose there, or put the code into a *_cuda.cu file");
  }
}

void check_length(const string& path, const string& text, Findings& out) {
  const auto lines = std::count(text.begin(), text.end(), '\n');
  if (kShortFiles.count(path.substr(0, path.find('/'))) && lines > kMaxLines)
    out.push_back(place(path, kMaxLines + 1) + "the file has " + std::to_string(lines) +
                  " lines, more than " + std::to_string(kMaxLines) +
                  "; one idea per file: split it where a second idea starts");
}

// The lambda itself stands among the arguments of record(...), outside of any inner braces; lambdas
// in its body may refer to what lives there.
void check_captures(const string& path, const string& code, Findings& out) {
  if (!path.starts_with("autograd/ops/")) return;
  const auto in_name = [&](size_t i) {
    return std::isalnum(static_cast<unsigned char>(code[i])) || code[i] == '_';
  };
  for (size_t at = code.find("record"); at != string::npos; at = code.find("record", at + 1)) {
    const size_t open = code.find_first_not_of(" \n", at + 6);
    if ((at > 0 && in_name(at - 1)) || open == string::npos || code[open] != '(') continue;
    int depth = 1;
    for (size_t i = open + 1; i < code.size() && depth > 0; ++i) {
      if (code[i] == '(' || code[i] == '{') ++depth;
      if (code[i] == ')' || code[i] == '}') --depth;
      if (depth != 1 || code[i] != '[') continue;
      const string capture = code.substr(i, code.find(']', i) - i);
      if (capture.find('&') != string::npos)
        out.push_back(place(path, line_of(code, i)) +
                      "the rule captures by reference, and runs when the function has returned; "
                      "capture plain numbers by value and put tensors into `saved`");
    }
  }
}

// All findings in one file; path is relative to the root.
Findings check_file(const string& path, const string& text) {
  const string room = path.substr(0, path.find('/'));
  if (!kSees.count(room) && !kSeeEverything.count(room))
    return {place(path, 1) + "the folder " + room +
            "/ has no place in the order of rooms; move the file, or give the folder its line in "
            "tests/include_direction_test.cc"};
  Findings out;
  const string code = code_only(text);
  check_directives(path, code, out);
  check_length(path, text, out);
  check_captures(path, code, out);
  return out;
}

// Source files below the root; folders of builds and of users are not the tree's.
std::vector<string> source_files(const fs::path& root) {
  std::vector<string> files;
  for (const auto& top : fs::directory_iterator(root)) {
    const string name = top.path().filename().string();
    if (!top.is_directory() || name[0] == '.' || name == "build" || name == "work" ||
        name == "demo")
      continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      const string kind = entry.path().extension().string();
      if (entry.is_regular_file() && (kind == ".h" || kind == ".cc" || kind == ".cu"))
        files.push_back(fs::relative(entry.path(), root).generic_string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// ---- the rules see what they should -------------------------------------------------------------

void expect_finding(const string& path, const string& text, const string& start,
                    const string& says) {
  const Findings found = check_file(path, text);
  ASSERT_EQ(found.size(), 1u) << path << " with:\n" << text;
  EXPECT_TRUE(found[0].starts_with(start)) << found[0];
  EXPECT_NE(found[0].find(says), string::npos) << found[0];
}

void expect_clean(const string& path, const string& text) {
  EXPECT_EQ(check_file(path, text), Findings{}) << path << " with:\n" << text;
}

TEST(SourceRules, ARoomIncludesOnlyWhatStandsBeforeIt) {
  expect_finding("tensor/a.cc", "\n#include \"nn/gpt.h\"\n", "tensor/a.cc:2:", "sees only");
  expect_finding("kernels/a.h", "#include \"tensor/shape.h\"\n", "kernels/a.h:1:", "kernels");
  expect_finding("nn/a.cc", "  #  include \"sft/loss.h\"  // why\n", "nn/a.cc:1:", "sft/loss.h");
  expect_finding("sft/a.cc", "#include \"cli/table.h\"\n", "sft/a.cc:1:", "cli");
  expect_finding("microworld/a.cc", "#include \"tensor/rng.h\"\n", "microworld/a.cc:1:", "tensor");
  expect_clean("nn/a.cc", "#include \"kernels/view.h\"\n#include \"autograd/variable.h\"\n");
  expect_clean("cli/a.cc", "#include \"sft/trainer.h\"\n#include \"nn/gpt.h\"\n");
  expect_clean("tests/a_test.cc", "#include \"cli/table.h\"\n#include \"tests/laws.h\"\n");
}

TEST(SourceRules, IncludesAreHeadersWrittenFromTheRoot) {
  expect_finding("tensor/a.cc", "#include \"shape.h\"\n", "tensor/a.cc:1:", "from the root");
  expect_finding("nn/a.cc", "#include \"../tensor/shape.h\"\n", "nn/a.cc:1:", "from the root");
  expect_clean("lessons/04_x/exercises/04a_y/call.cc", "#include \"exercise.h\"\n");
  expect_finding("nn/a.cc", "#include \"tensor/shape.cc\"\n", "nn/a.cc:1:", "no header");
}

TEST(SourceRules, TheMicroworldIsPlainCpp) {
  expect_finding("microworld/a.cc", "#include <fmt/core.h>\n", "microworld/a.cc:1:", "plain C++");
  expect_clean("microworld/a.cc", "#include <vector>\n#include \"microworld/world.h\"\n");
}

TEST(SourceRules, CudaStaysInItsFiles) {
  expect_finding("kernels/x_cpu.cc", "#include <cublas_v2.h>\n", "kernels/x_cpu.cc:1:", "CUDA");
  expect_finding("tests/a_test.cc", "#include <cuda_runtime.h>\n", "tests/a_test.cc:1:", "CUDA");
  expect_finding("tensor/a.cc", "#ifdef PUPIL_CUDA\n#endif\n", "tensor/a.cc:1:", "dispatch.h");
  expect_finding("nn/a.h", "#if defined(__CUDACC__)\n#endif\n", "nn/a.h:1:", "dispatch.h");
  expect_clean("kernels/x_cuda.cu", "#include <cuda_bf16.h>\n#include <cub/cub.cuh>\n");
  expect_clean("kernels/cuda_stream.h", "#include <cuda_runtime.h>\n");
  expect_clean("kernels/dispatch.h", "#if PUPIL_CUDA\n#endif\n");
  expect_clean("tensor/a.cc", "#if defined(__AVX2__)\n#endif\n");
}

TEST(SourceRules, FilesAreShort) {
  string text;
  for (int i = 0; i < kMaxLines; ++i) text += "\n";
  expect_clean("nn/a.cc", text);
  expect_finding("nn/a.cc", text + "\n", "nn/a.cc:401:", "401 lines");
}

TEST(SourceRules, RulesCaptureNothingByReference) {
  const string start = "Variable f(const Variable& x) {\n  return record(\"f\", {x}, {}, y,\n";
  expect_finding("autograd/ops/a.cc", start + "[&](const Node& n) { g(n); });\n}\n",
                 "autograd/ops/a.cc:3:", "by reference");
  expect_finding("autograd/ops/a.cc", start + "[n, &s](const Node& n) { g(n); });\n}\n",
                 "autograd/ops/a.cc:3:", "by reference");
  expect_clean("autograd/ops/a.cc",
               start + "[s](const Node& n) { each(n, [&](int i) { d[i] = s; }); });\n}\n");
  expect_clean("autograd/ops/a.cc", "void g() { each(n, [&](int i) { h(i); }); }\n");
}

TEST(SourceRules, CommentsAndStringsAreNotCode) {
  expect_clean("tensor/a.cc", "// #include \"nn/gpt.h\"\n/*\n#include \"nn/gpt.h\"\n*/\n");
  expect_clean("tensor/a.cc", "auto s = R\"x(\n#include \"nn/gpt.h\"\n)x\";\nchar c = '\"';\n");
  expect_finding("tensor/a.cc", "int a = 1'000;\nchar c = '\\'';\n#include \"nn/gpt.h\"\n",
                 "tensor/a.cc:3:", "nn/gpt.h");
}

TEST(SourceRules, AFolderNeedsAPlaceInTheOrder) {
  expect_finding("util/a.h", "", "util/a.h:1:", "no place");
}

// ---- the tree
// ------------------------------------------------------------------------------------

TEST(Sources, KeepTheRules) {
  const fs::path root = PUPIL_SOURCE_DIR;
  const auto files = source_files(root);
  Rooms seen;
  for (const string& file : files) {
    seen.insert(file.substr(0, file.find('/')));
    for (const string& finding : check_file(file, read(root / file))) ADD_FAILURE() << finding;
  }
  for (const char* room : {"kernels", "tensor", "autograd", "tests"})
    EXPECT_TRUE(seen.count(room)) << "no source file was found in " << root / room
                                  << ": was the tree moved after the build?";
}

}  // namespace
