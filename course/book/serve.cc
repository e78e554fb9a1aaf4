// The book over HTTP, for browsers that do not open files: this machine only.
#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <thread>

#include "cli/interrupt.h"
#include "course/book/build.h"
#include "tensor/error.h"

namespace pupil::course {

void serve_folder(const std::string& folder, int port,
                  const std::function<void(const std::string&)>& say) {
  constexpr const char* kHere = "127.0.0.1";
  httplib::Server server;
  server.set_mount_point("/", folder);
  if (port == 0) {
    port = server.bind_to_any_port(kHere);
  } else if (!server.bind_to_port(kHere, port)) {
    throw InputError(fmt::format("port {} of {} is taken; choose another with --port, or 0 for any",
                                 port, kHere));
  }
  cli::watch_interrupt();
  say(fmt::format("http://{}:{}/ (Ctrl-C ends)", kHere, port));
  std::thread listener([&] { server.listen_after_bind(); });
  while (!cli::interrupt_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server.stop();
  listener.join();
}

}  // namespace pupil::course
