// pupil-worker: turns inputs into outputs with a student's code, and knows nothing else. Its
// sandbox stands before that code is loaded.
//
//   pupil-worker run LEVEL CPU_MS MEMORY_MB OBJECT        serves calls on descriptors 3 and 4
//   pupil-worker confine CPU_MS MEMORY_MB WRITABLE READABLE... -- PROGRAM...
//                                                         runs a compiler that can read these only
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "course/protocol.h"
#include "course/worker/sandbox.h"
#include "course/worker/serve.h"

namespace {

using namespace pupil::course;

// LEVEL: the bits of protocol::Level to use; those that hold are said before anything is loaded.
int run(char** words) {
  const int wanted = std::atoi(words[0]);
  const Limits limits{std::atoll(words[1]), std::atoll(words[2])};
  const std::string object = words[3];
  give_up_privileges();
  give_up_capabilities();
  apply_limits(limits, 0);
  forbid_processes();
  std::uint8_t level = wanted & protocol::kBubblewrap;
  if ((wanted & protocol::kLandlock) && apply_landlock({object}, {}, false)) {
    level |= protocol::kLandlock;
  }
  if ((wanted & protocol::kSeccomp) && apply_seccomp()) level |= protocol::kSeccomp;
  if (::write(protocol::kResponseFd, &level, 1) != 1) return 97;
  return serve(object);
}

// /usr, the linker's cache and /dev/null are every compiler's.
int confine(char** words, int count) {
  const Limits limits{std::atoll(words[0]), std::atoll(words[1])};
  const std::string writable = words[2];
  std::vector<std::string> readable = {
      "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives"};
  int i = 3;
  for (; i < count && std::strcmp(words[i], "--") != 0; ++i) readable.emplace_back(words[i]);
  if (i + 1 >= count) return 2;
  give_up_privileges();
  apply_limits(limits, 64 << 20);
  apply_landlock(readable, {writable, "/dev/null"}, true);
  ::execv(words[i + 1], words + i + 1);
  std::perror(words[i + 1]);
  return 127;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 6 && std::strcmp(argv[1], "run") == 0) return run(argv + 2);
    if (argc > 6 && std::strcmp(argv[1], "confine") == 0) return confine(argv + 2, argc - 2);
    std::fputs("pupil-worker is started by pupil check, not by people\n", stderr);
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pupil-worker: %s\n", e.what());
    return 98;
  }
}
