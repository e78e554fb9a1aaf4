#include "course/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "course/process.h"

namespace pupil::course {
namespace {

constexpr int kQuietMs = 60, kLookMs = 500;

long time_of(const std::string& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return 0;
  return about.st_mtim.tv_sec * 1000000000L + about.st_mtim.tv_nsec;
}

}  // namespace

FileWatch::FileWatch(const std::string& file) : file_(file) {
  const std::filesystem::path path(file);
  name_ = path.filename().string();
  last_time_ = time_of(file);
  fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0) return;
  if (::inotify_add_watch(fd_, path.parent_path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

FileWatch::~FileWatch() {
  if (fd_ >= 0) ::close(fd_);
}

// True when one of them is about the file.
bool FileWatch::read_events() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  bool ours = false;
  for (ssize_t n = 0; (n = ::read(fd_, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      ours |= event->len > 0 && name_ == event->name;
      at += ssize_t(sizeof(inotify_event)) + event->len;
    }
  }
  return ours;
}

bool FileWatch::changed() {
  if (fd_ >= 0) return read_events();
  const long time = time_of(file_);
  const bool changed = time != last_time_;
  last_time_ = time;
  return changed;
}

FileWatch::Event FileWatch::wait(int keyboard, int timeout_ms) {
  const double end = timeout_ms < 0 ? 1e300 : now_s() + timeout_ms / 1e3;
  bool saved = false;
  while (true) {
    const double left = (end - now_s()) * 1e3;
    if (left <= 0) return Event::kNothing;
    int patience = saved ? kQuietMs : fd_ < 0 ? kLookMs : -1;
    if (timeout_ms >= 0 && (patience < 0 || patience > left)) patience = int(left) + 1;
    pollfd both[2] = {{keyboard, POLLIN, 0}, {fd_, POLLIN, 0}};
    const int ready = ::poll(both, 2, patience);
    if (ready < 0 && errno == EINTR) return Event::kKey;  // Ctrl-C: let the caller look
    if (both[0].revents) return Event::kKey;
    if (changed()) {
      saved = true;
    } else if (saved && ready == 0) {
      return Event::kSaved;
    }
  }
}

}  // namespace pupil::course
