// The pool: every worker has a mailbox of one word. The caller writes the job, rings the mailboxes
// it needs, does its own share and waits until the workers have counted `pending` down to zero.
//
// Waiting means to spin for a few tens of microseconds, because the next loop usually follows soon,
// and then to sleep in the kernel (std::atomic::wait is a futex). With more threads than cores a
// spinning thread would only keep the one it waits for from running, so then there is no spinning.
#include "kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

namespace pupil {
namespace {

constexpr auto kSpin = std::chrono::microseconds(50);

// The quota of a cgroup (version 2) in cores, from "200000 100000" or "max 100000"; 0: no limit.
int quota_of(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || period <= 0) return 0;
  return std::max(1, static_cast<int>(quota / period + 0.5));
}

// The tightest quota from this process's cgroup up to the root; 0: no limit.
int cgroup_cores() {
  std::ifstream file("/proc/self/cgroup");
  int tightest = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("0::/", 0) != 0) continue;
    for (std::string path = line.substr(3); !path.empty(); path.erase(path.rfind('/'))) {
      const int cores = quota_of("/sys/fs/cgroup" + path);
      if (cores > 0) tightest = tightest == 0 ? cores : std::min(tightest, cores);
    }
  }
  return tightest;
}

int usable_cores() {
  static const int cores = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    if (count == 0) count = static_cast<int>(std::thread::hardware_concurrency());
    const int quota = cgroup_cores();
    if (quota > 0) count = std::min(count, quota);
    return std::max(1, count);
  }();
  return cores;
}

int default_threads() {
  if (const char* text = std::getenv("PUPIL_THREADS")) {
    const int n = std::atoi(text);
    if (n >= 1) return n;
  }
  return usable_cores();
}

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once word differs from old.
void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t old, bool spin) {
  if (spin) {
    const auto until = std::chrono::steady_clock::now() + kSpin;
    do {
      for (int i = 0; i < 32; ++i) {
        if (word.load(std::memory_order_acquire) != old) return;
        pause();
      }
    } while (std::chrono::steady_clock::now() < until);
  }
  word.wait(old, std::memory_order_acquire);
}

// True in workers always, and in a caller while its loop runs: loops inside run inline.
thread_local bool inside = false;

class Pool {
 public:
  int threads() const { return threads_.load(std::memory_order_relaxed); }

  void set_threads(int n) {
    std::lock_guard lock(busy_);
    resize(n);
  }

  void run(std::int64_t n, detail::RangeBody body, void* context) {
    std::unique_lock lock(busy_, std::try_to_lock);
    const int parts = static_cast<int>(std::min<std::int64_t>(n, threads()));
    if (!lock.owns_lock() || parts == 1) {
      body(context, 0, n);
      return;
    }
    job_ = {body, context, n, parts};
    caller_core_.store(sched_getcpu(), std::memory_order_relaxed);
    pending_.store(static_cast<std::uint32_t>(parts - 1), std::memory_order_relaxed);
    for (int i = 0; i + 1 < parts; ++i) {
      mailboxes_[i].rings.fetch_add(1, std::memory_order_release);
      mailboxes_[i].rings.notify_one();
    }
    inside = true;
    work(job_, 0);
    inside = false;
    bool spin = spin_;
    for (int i = 0; i + 1 < parts; ++i) {
      spin = spin && mailboxes_[i].core.load(std::memory_order_relaxed) != sched_getcpu();
    }
    for (std::uint32_t left; (left = pending_.load(std::memory_order_acquire)) != 0;) {
      wait_while(pending_, left, spin);
    }
  }

  static Pool& instance() {
    static Pool* pool = new Pool;  // never destroyed: its threads may outlive main()
    return *pool;
  }

 private:
  struct Job {
    detail::RangeBody body;
    void* context;
    std::int64_t n;
    int parts;
  };
  struct alignas(64) Mailbox {
    std::atomic<std::uint32_t> rings{0};
    std::atomic<int> core{-1};  // where its worker last took a job
  };

  Pool() { resize(default_threads()); }

  // Workers are only ever added; those above the wanted number sleep.
  void resize(int n) {
    n = std::max(1, n);
    while (static_cast<int>(mailboxes_.size()) + 1 < n) {
      Mailbox& mailbox = mailboxes_.emplace_back();
      const int part = static_cast<int>(mailboxes_.size());
      std::thread([this, &mailbox, part] { serve(mailbox, part); }).detach();
    }
    spin_ = n <= usable_cores();
    threads_.store(n, std::memory_order_relaxed);
  }

  [[noreturn]] void serve(Mailbox& mailbox, int part) {
    inside = true;
    for (std::uint32_t seen = 0;; ++seen) {
      wait_while(mailbox.rings, seen,
                 spin_ && caller_core_.load(std::memory_order_relaxed) != sched_getcpu());
      mailbox.core.store(sched_getcpu(), std::memory_order_relaxed);
      work(job_, part);
      if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
    }
  }

  static void work(const Job& job, int part) {
    const std::int64_t each = job.n / job.parts, more = job.n % job.parts;
    const std::int64_t begin = part * each + std::min<std::int64_t>(part, more);
    job.body(job.context, begin, begin + each + (part < more ? 1 : 0));
  }

  std::mutex busy_;
  std::deque<Mailbox> mailboxes_;  // a deque: addresses stay
  std::atomic<int> threads_{1};
  std::atomic<bool> spin_{true};
  std::atomic<int> caller_core_{-1};
  Job job_{};
  alignas(64) std::atomic<std::uint32_t> pending_{0};
};

}  // namespace

void set_threads(int n) { Pool::instance().set_threads(n); }

int threads() { return Pool::instance().threads(); }

void detail::parallel_ranges(std::int64_t n, RangeBody body, void* context) {
  if (inside) {
    body(context, 0, n);
  } else {
    Pool::instance().run(n, body, context);
  }
}

}  // namespace pupil
