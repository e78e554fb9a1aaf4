#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace pupil::cli {
namespace {

constexpr int kInterruptedStatus = 130;

volatile sig_atomic_t interrupted = 0;

void on_second(int) { ::_exit(kInterruptedStatus); }

// Without SA_RESTART, so that a read that waits for the user returns.
void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

void on_first(int) {
  interrupted = 1;
  install(on_second);
}

}  // namespace

void end_on_interrupt() {
  struct sigaction before {};
  ::sigaction(SIGINT, nullptr, &before);
  // A shell starts background jobs with SIGINT ignored; that stays.
  if (before.sa_handler != SIG_IGN) install(on_second);
}

void watch_interrupt() {
  interrupted = 0;
  install(on_first);
}

bool interrupt_requested() { return interrupted != 0; }

}  // namespace pupil::cli
