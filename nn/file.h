// Files: whole, or not at all.
//
// What a killed process leaves behind is the old file and a temporary one beside it, named
// FILE.tmp.PID; the next run in that folder removes it.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace pupil {

/// The whole file. Throws InputError naming the path and the reason. Outside /dev and /proc, where
/// a user connects them, pipes and devices are refused: one might never end, or never begin.
std::string read_file(const std::string& path);
/// The same, block by block, for files that need not fit into memory.
void read_blocks(const std::string& path, const std::function<void(std::string_view)>& take);

/// A file in the making: written beside `path` under another name, flushed to the disk and renamed
/// by commit(), removed without it. A reader sees the old file or the new one. What is there and no
/// plain file (a device, a pipe, /dev/stdout) is written to, never replaced. Every call throws
/// InputError naming the path and the reason (a full disk, say).
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view content);
  void commit();

 private:
  std::string path_, temporary_;  // no temporary: written in place
  int fd_ = -1;
  bool committed_ = false;
};

/// A whole file through AtomicFile.
void write_file(const std::string& path, std::string_view content);

/// An existing file that grows at its end. Throws InputError naming the path and the reason.
class AppendFile {
 public:
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  void write(std::string_view content);

 private:
  std::string path_;
  int fd_ = -1;
};

/// Removes the temporary files in `folder` whose writers are dead, and those under this process's
/// own number: call it before the first AtomicFile there. Returns how many.
int remove_stale_temporaries(const std::string& folder);
/// Removes a file, if it is there. Throws InputError.
void remove_file(const std::string& path);
/// Makes the folder and its parents. Throws InputError.
void make_folder(const std::string& path);
bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);

}  // namespace pupil
