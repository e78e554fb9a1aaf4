#include "course/compile.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "course/process.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr double kCompileSeconds = 60;
constexpr off_t kLargestSource = 1 << 20;
constexpr std::size_t kMostMessages = 3;

// What turns inputs into outputs needs none of these. The sandbox holds without this list; it makes
// a clear message out of what would be a killed process.
const std::set<std::string> kForbidden = {"exit",
                                          "_exit",
                                          "_Exit",
                                          "quick_exit",
                                          "at_quick_exit",
                                          "atexit",
                                          "fork",
                                          "vfork",
                                          "clone",
                                          "execl",
                                          "execle",
                                          "execlp",
                                          "execv",
                                          "execve",
                                          "execvp",
                                          "execvpe",
                                          "fexecve",
                                          "system",
                                          "popen",
                                          "posix_spawn",
                                          "posix_spawnp",
                                          "socket",
                                          "socketpair",
                                          "connect",
                                          "bind",
                                          "ptrace",
                                          "process_vm_readv",
                                          "process_vm_writev",
                                          "dlopen",
                                          "dlmopen",
                                          "dlsym",
                                          "dlvsym",
                                          "dl_iterate_phdr",
                                          "syscall",
                                          "signal",
                                          "sigaction",
                                          "sigprocmask",
                                          "pthread_sigmask",
                                          "raise",
                                          "kill",
                                          "tgkill",
                                          "setitimer",
                                          "alarm",
                                          "open",
                                          "open64",
                                          "openat",
                                          "openat64",
                                          "creat",
                                          "fopen",
                                          "fopen64",
                                          "freopen",
                                          "freopen64",
                                          "fdopen",
                                          "opendir",
                                          "unlink",
                                          "remove",
                                          "rename",
                                          "mkdir",
                                          "rmdir",
                                          "link",
                                          "symlink",
                                          "truncate",
                                          "close",
                                          "dup",
                                          "dup2",
                                          "dup3",
                                          "pipe",
                                          "pipe2",
                                          "read",
                                          "write",
                                          "mmap",
                                          "mmap64",
                                          "mprotect",
                                          "prctl",
                                          "setrlimit",
                                          "shm_open",
                                          "memfd_create",
                                          "pthread_create"};

// A path as a string of C++.
std::string quoted(const std::string& path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? '?' : c;
  }
  return out + '"';
}

// A copy, so that what is graded is what was hashed, and no link can point elsewhere.
std::string copy_source(const std::string& file, const std::string& to) {
  struct stat about {};
  if (::lstat(file.c_str(), &about) != 0) {
    throw InputError(fmt::format("{}: there is no such file", file));
  }
  if (!S_ISREG(about.st_mode)) throw InputError(fmt::format("{}: is no regular file", file));
  if (about.st_size > kLargestSource) {
    throw InputError(fmt::format("{}: {} bytes; an exercise takes at most {}", file,
                                 std::int64_t(about.st_size), std::int64_t(kLargestSource)));
  }
  const std::string text = read_file(file);
  write_file(to, fmt::format("#line 1 {}\n{}", quoted(file), text));
  return sha256(text);
}

std::vector<std::string> confined(const Course& course, const std::string& folder,
                                  const std::vector<std::string>& readable,
                                  const std::vector<std::string>& command) {
  std::vector<std::string> words = {program_folder() + "/pupil-worker",
                                    "confine",
                                    fmt::format("{:.0f}", kCompileSeconds * 1000),
                                    "4096",
                                    folder,
                                    course.root + "/kernels",
                                    course.root + "/lessons/kit"};
  words.insert(words.end(), readable.begin(), readable.end());
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> environment(const std::string& folder) {
  std::vector<std::string> variables = plain_environment();
  variables.push_back("TMPDIR=" + folder);
  return variables;
}

// call.cc does not change between saves: its object is kept, named by what it is made of.
std::string call_object(const Course& course, const Exercise& exercise, const std::string& folder) {
  const std::string key =
      sha256(read_file(exercise.path("call.cc")) + read_file(exercise.path("exercise.h")) +
             read_file(course.root + "/lessons/kit/call.h"));
  const std::string object = folder + "/call-" + key.substr(0, 16) + ".o";
  if (file_exists(object)) return object;
  std::vector<std::string> command = compile_arguments(course, exercise);
  const std::string temporary = fmt::format("{}.{}", object, ::getpid());
  command.insert(command.end(), {"-c", exercise.path("call.cc"), "-o", temporary});
  const Captured ran = run_captured(confined(course, folder, {exercise.folder}, command),
                                    kCompileSeconds, {}, environment(folder));
  if (ran.ended.exit != 0) {
    throw InputError(fmt::format("{} does not compile:\n{}", exercise.path("call.cc"), ran.output));
  }
  fs::rename(temporary, object);
  return object;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The compiler's errors in the student's file, else what the linker misses, else its last words.
std::string readable_errors(const std::string& raw, const std::string& file) {
  std::vector<std::string> found;
  std::set<std::string> missing;
  std::size_t more = 0;
  for (const std::string& line : lines_of(raw)) {
    const std::size_t undefined = line.find("undefined reference to `");
    if (undefined != std::string::npos) {
      const std::size_t begin = undefined + 24;
      missing.insert(line.substr(begin, line.rfind('\'') - begin));
    }
    if (!line.starts_with(file + ":") || line.find("error:") == std::string::npos) continue;
    if (found.size() < kMostMessages) {
      found.push_back(line);
    } else {
      ++more;
    }
  }
  for (const std::string& symbol : missing) {
    if (found.size() >= kMostMessages) break;
    found.push_back(
        symbol.starts_with("exercise::")
            ? fmt::format("{}: {} is declared in exercise.h and not defined here with the same "
                          "parameters",
                          file, symbol)
            : fmt::format("{}: {} is not there to be called; an exercise has the C++ standard "
                          "library and its own header, no engine",
                          file, symbol));
  }
  if (found.empty()) {
    const auto lines = lines_of(raw);
    return lines.empty() ? "the compiler failed without a message" : lines.back();
  }
  std::string text = fmt::format("{}", fmt::join(found, "\n"));
  if (more) text += fmt::format("\n(+{} more: pupil check --raw)", more);
  return text;
}

std::string forbidden_symbols(const std::string& object) {
  const Captured ran =
      run_captured({tool_path("nm"), "-D", "-u", "--format=just-symbols", object}, 10);
  if (ran.ended.exit != 0)
    throw InputError(fmt::format("nm cannot read {}: {}", object, ran.output));
  std::vector<std::string> found;
  for (std::string line : lines_of(ran.output)) {
    line = line.substr(0, line.find('@'));
    if (kForbidden.count(line)) found.push_back(line);
  }
  return fmt::format("{}", fmt::join(found, ", "));
}

}  // namespace

std::vector<std::string> compile_arguments(const Course& course, const Exercise& exercise) {
  return {tool_path("g++"),
          "-std=c++20",
          "-O1",
          "-g",
          "-Wall",
          "-Wextra",
          "-D_GLIBCXX_ASSERTIONS",
          "-fPIC",
          "-fvisibility=hidden",
          "-fdiagnostics-color=never",
          "-I" + course.root,
          "-I" + exercise.folder};
}

Built compile(const Course& course, const Exercise& exercise, const std::string& file,
              const std::string& folder, const std::function<bool()>& cancelled) {
  make_folder(folder);
  const std::string copy = folder + "/exercise.cc", object = folder + "/student.so";
  Built built;
  built.source_sha256 = copy_source(file, copy);
  remove_file(object);
  const std::string call = call_object(course, exercise, folder);
  std::vector<std::string> command = compile_arguments(course, exercise);
  command.insert(command.end(), {"-fmax-errors=8", "-shared", copy, call, "-o", object,
                                 "-Wl,-z,defs", "-Wl,-z,now"});
  const Captured ran =
      run_captured(confined(course, folder, {exercise.path("exercise.h")}, command),
                   kCompileSeconds, cancelled, environment(folder));
  built.raw = ran.output;
  built.cancelled = ran.cancelled;
  if (ran.cancelled) return built;
  if (ran.timed_out) {
    built.message = fmt::format("{}: the compiler needs more than {:.0f} s", file, kCompileSeconds);
    return built;
  }
  if (ran.ended.exit != 0 || !file_exists(object)) {
    built.message = readable_errors(ran.output, file);
    return built;
  }
  const std::string symbols = forbidden_symbols(object);
  if (!symbols.empty()) {
    built.forbidden = true;
    built.message =
        fmt::format("{}: calls {}, which no exercise needs and none allows", file, symbols);
    return built;
  }
  built.ok = true;
  built.object = object;
  return built;
}

std::string source_line(const std::string& object, const std::string& hexadecimal_place) {
  if (hexadecimal_place.empty() || hexadecimal_place.size() > 16 ||
      hexadecimal_place.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return "";
  }
  const Captured ran = run_captured({tool_path("addr2line"), "-e", object, hexadecimal_place}, 10);
  const std::string line = ran.output.substr(0, ran.output.find('\n'));
  if (ran.ended.exit != 0 || line.starts_with("??") || line.ends_with(":?")) return "";
  return line.substr(0, line.find(' '));
}

}  // namespace pupil::course
