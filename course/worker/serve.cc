#include "course/worker/serve.h"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "course/protocol.h"
#include "course/worker/memory.h"

namespace pupil::course {
namespace {

using namespace protocol;
using kit::Kind;

constexpr int kPipeBroken = 97, kFaulted = 99;

// ---- the pipe -----------------------------------------------------------------------------------

bool read_all(void* to, std::size_t size) {
  for (char* at = static_cast<char*>(to); size > 0;) {
    const ssize_t n = ::read(kRequestFd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= std::size_t(n);
  }
  return true;
}

void write_all(const void* from, std::size_t size) {
  for (const char* at = static_cast<const char*>(from); size > 0;) {
    const ssize_t n = ::write(kResponseFd, at, size);
    if (n <= 0) ::_exit(kPipeBroken);
    at += n;
    size -= std::size_t(n);
  }
}

void respond(std::uint8_t status, const char* text) {
  std::array<char, 5 + kLongestText> message{};
  const std::uint32_t length = std::uint32_t(::strnlen(text, kLongestText));
  message[0] = char(status);
  std::memcpy(&message[1], &length, 4);
  std::memcpy(&message[5], text, length);
  write_all(message.data(), 5 + length);
}

// ---- a request ----------------------------------------------------------------------------------

// Reads the parts of a request one after the other; the grader is trusted, a broken pipe is not.
class Reader {
 public:
  explicit Reader(const std::vector<char>& bytes) : bytes_(bytes) {}
  void copy(void* to, std::size_t size) {
    if (size > bytes_.size() - at_) ::_exit(kPipeBroken);
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }
  template <class T>
  T number() {
    T value;
    copy(&value, sizeof value);
    return value;
  }
  std::string text() {
    std::string text(number<std::uint32_t>() % (kLongestText + 1), '\0');
    copy(text.data(), text.size());
    return text;
  }

 private:
  const std::vector<char>& bytes_;
  std::size_t at_ = 0;
};

// What is not written shows: NaN, the smallest integer, zero bytes.
void fill_unwritten(void* data, Kind kind, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (kind == Kind::kNumbers) {
      static_cast<double*>(data)[i] = std::numeric_limits<double>::quiet_NaN();
    } else if (kind == Kind::kIntegers) {
      static_cast<std::int32_t*>(data)[i] = INT_MIN;
    } else {
      static_cast<char*>(data)[i] = 0;
    }
  }
}

struct Request {
  std::string function;
  std::vector<std::unique_ptr<GuardedArray>> arrays;
  std::vector<kit::RawArgument> arguments;

  void read(Reader& reader) {
    function = reader.text();
    const auto count = reader.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string name = reader.text();
      const auto role = reader.number<std::uint8_t>();
      const auto kind = Kind(reader.number<std::uint8_t>());
      const auto rows = reader.number<std::int64_t>(), width = reader.number<std::int64_t>();
      const std::size_t size = std::size_t(rows * width * element_size(kind));
      arrays.push_back(std::make_unique<GuardedArray>(name, size));
      GuardedArray& array = *arrays.back();
      if (role == 1) {
        fill_unwritten(array.data(), kind, rows * width);
      } else {
        reader.copy(array.data(), size);
        if (role == 0) array.forbid_writing();
      }
      arguments.push_back({array.name(), array.data(), rows, width, kind, role != 0});
    }
  }
};

// ---- faults -------------------------------------------------------------------------------------

const Request* current = nullptr;  // for the signal handler
std::uintptr_t object_base = 0;

// "SIGNAL ARGUMENT OFFSET PLACE": the array whose border was crossed (- for none), the byte
// relative to its start, and where in the object the code stood (hexadecimal).
void on_fault(int signal, siginfo_t* info, void* context) {
  const char* name = "-";
  long offset = 0;
  if (current && signal == SIGSEGV) {
    for (const auto& array : current->arrays) {
      if (!array->near(info->si_addr)) continue;
      name = array->name();
      offset = long(array->offset_of(info->si_addr));
    }
  }
  const auto* machine = static_cast<const ucontext_t*>(context);
  const std::uintptr_t place = std::uintptr_t(machine->uc_mcontext.gregs[REG_RIP]);
  const std::uintptr_t stack = std::uintptr_t(machine->uc_mcontext.gregs[REG_RSP]);
  const std::uintptr_t address = std::uintptr_t(info->si_addr);
  if (signal == SIGSEGV && address + 65536 > stack && address < stack + 65536) name = "stack";
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), "%d %s %ld %lx", signal, name, offset,
                static_cast<unsigned long>(place - object_base));
  respond(kFault, text.data());
  ::_exit(kFaulted);
}

void watch_faults() {
  static std::array<char, 65536> stack;
  const stack_t own{stack.data(), 0, stack.size()};
  ::sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    ::sigaction(signal, &action, nullptr);
  }
}

// ---- serving ------------------------------------------------------------------------------------

kit::CallFunction* load(const std::string& object) {
  void* handle = ::dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    return nullptr;
  }
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) object_base = map->l_addr;
  return reinterpret_cast<kit::CallFunction*>(::dlsym(handle, "pupil_call"));
}

void answer(kit::CallFunction* call, const std::vector<char>& bytes) {
  Reader reader(bytes);
  Request request;
  request.read(reader);
  current = &request;
  std::array<char, 1024> message{};
  std::vector<kit::RawArgument> copy = request.arguments;  // names and sizes stay ours
  const int status = call(request.function.c_str(), copy.data(), int(copy.size()), message.data(),
                          int(message.size()));
  current = nullptr;
  respond(std::uint8_t(status), message.data());
  if (status != kit::kReturned) return;
  for (const kit::RawArgument& a : request.arguments) {
    if (a.writable) write_all(a.data, std::size_t(a.rows * a.width * element_size(a.kind)));
  }
}

}  // namespace

int serve(const std::string& object) {
  watch_faults();
  kit::CallFunction* call = load(object);
  const std::uint8_t said = call ? kReady : kNotLoaded;
  write_all(&said, 1);
  if (!call) return 1;
  std::uint32_t length = 0;
  while (read_all(&length, sizeof length)) {
    if (length > kLargestRequest) return kPipeBroken;
    std::vector<char> bytes(length);
    if (!read_all(bytes.data(), bytes.size())) return kPipeBroken;
    answer(call, bytes);
  }
  std::fflush(nullptr);
  ::_exit(0);  // no destructor of the student's file runs
}

}  // namespace pupil::course
