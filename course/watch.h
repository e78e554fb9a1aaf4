// Waiting for a save. Editors write in place or rename a new file over the old one: the folder is
// watched, not the file.
#pragma once
#include <string>

namespace pupil::course {

class FileWatch {
 public:
  explicit FileWatch(const std::string& file);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  enum class Event { kSaved, kKey, kNothing };
  /// Waits for a save followed by 60 ms without another, for a key on `keyboard` (-1: none), or
  /// `timeout_ms` (-1: for ever).
  Event wait(int keyboard, int timeout_ms);
  /// True when the file changed since the last wait(); does not wait.
  bool changed();

 private:
  bool read_events();
  std::string file_, name_;
  int fd_ = -1;         // inotify; -1: we look twice a second (network folders)
  long last_time_ = 0;  // of the file, in ns
};

}  // namespace pupil::course
