// One run at a time in an output folder.
//
// The lock is the kernel's (flock on the folder itself): it ends with the process that holds it,
// however that ends, and leaves no file behind. Where the file system has no locks there is none.
#pragma once
#include <string>

namespace pupil::cli {

class FolderLock {
 public:
  /// `folder` exists. Throws InputError when another run holds it.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace pupil::cli
