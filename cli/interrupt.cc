#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace pupil::cli {
namespace {

constexpr int kInterruptedStatus = 130;

volatile sig_atomic_t interrupted = 0;

void on_second(int) { ::_exit(kInterruptedStatus); }

// Without SA_RESTART, so that a read that waits for the user returns.
void install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

void on_first(int signal) {
  interrupted = 1;
  install(signal, on_second);
}

// A shell starts background jobs with SIGINT ignored; that stays.
bool is_ignored(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now.sa_handler == SIG_IGN;
}

}  // namespace

void end_on_interrupt() {
  if (!is_ignored(SIGINT)) install(SIGINT, on_second);
}

void watch_interrupt() {
  interrupted = 0;
  if (!is_ignored(SIGINT)) install(SIGINT, on_first);
}

void watch_termination() { install(SIGTERM, on_first); }

bool interrupt_requested() { return interrupted != 0; }

}  // namespace pupil::cli
