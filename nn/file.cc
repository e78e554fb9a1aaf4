#include "nn/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::string_view kTemporary = ".tmp.";  // and the writer's process number

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  const char* advice = "";
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      advice = "; free some space and run again";
      break;
    case EFBIG:
      advice = "; raise the limit on the size of files (ulimit -f) and run again";
      break;
    case ENOENT:
      advice = "; check the path";
      break;
    case EACCES:
    case EROFS:
      advice = "; check its permissions, or choose another place";
      break;
  }
  throw InputError(fmt::format("{}: cannot {}: {}{}", path, action, std::strerror(error), advice));
}

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

void write_all(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "write", errno);
    content.remove_prefix(std::size_t(written));
  }
}

// What the user connected: /dev/stdin, /dev/fd/63, /proc/self/fd/63; one who names another device
// means it.
bool is_descriptor(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder == "/dev" || folder == "/dev/fd" || folder.starts_with("/proc");
}

// A rename over /dev/null by root would take it from the whole machine; one over /dev/stdout would
// hide the result from whoever reads the other end.
bool is_no_plain_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return false;
  return !S_ISREG(status.st_mode) || is_descriptor(path);
}

// Before it is opened, for to open a pipe is to wait for whoever writes into it.
void refuse_what_is_no_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;  // opening it tells why
  if (S_ISDIR(status.st_mode)) {
    throw InputError(fmt::format("{}: is a folder, a file is needed", path));
  }
  if (!S_ISREG(status.st_mode) && !is_descriptor(path)) {
    throw InputError(fmt::format("{}: is a pipe or a device, a file is needed", path));
  }
}

}  // namespace

void read_blocks(const std::string& path, const std::function<void(std::string_view)>& take) {
  refuse_what_is_no_file(path);
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) fail(path, "open", errno);
  std::vector<char> buffer(1 << 16);
  for (;;) {
    const ssize_t count = ::read(file.number, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "read", errno);
    if (count == 0) return;
    take({buffer.data(), std::size_t(count)});
  }
}

std::string read_file(const std::string& path) {
  std::string content;
  read_blocks(path, [&](std::string_view block) { content += block; });
  return content;
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  const bool in_place = is_no_plain_file(path);
  if (!in_place) temporary_ = fmt::format("{}{}{}", path, kTemporary, ::getpid());
  fd_ = in_place ? ::open(path_.c_str(), O_WRONLY | O_CLOEXEC)
                 : ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(path_, "write", errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!committed_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view content) { write_all(fd_, path_, content); }

void AtomicFile::commit() {
  const bool in_place = temporary_.empty();
  if (::fsync(fd_) != 0 && !in_place) fail(path_, "write", errno);  // a pipe has no disk
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) fail(path_, "write", errno);
  if (!in_place && ::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "replace", errno);
  committed_ = true;
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

AppendFile::AppendFile(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)) {
  if (fd_ < 0) fail(path_, "open", errno);
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

void AppendFile::write(std::string_view content) { write_all(fd_, path_, content); }

int remove_stale_temporaries(const std::string& folder) {
  int removed = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const std::size_t at = name.rfind(kTemporary);
    if (at == std::string::npos) continue;
    const char *begin = name.data() + at + kTemporary.size(), *end = name.data() + name.size();
    int process = 0;
    const auto [rest, problem] = std::from_chars(begin, end, process);
    if (problem != std::errc() || rest != end || process <= 0) continue;
    const bool alive = ::kill(process, 0) == 0 || errno != ESRCH;
    // Inside a container the number of a killed run is often given to the next one.
    if (alive && process != ::getpid()) continue;
    if (::unlink(entry.path().c_str()) == 0) ++removed;
  }
  return removed;
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail(path, "remove", errno);
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(path, "make the folder", error.value());
}

bool file_exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool folder_exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

}  // namespace pupil
