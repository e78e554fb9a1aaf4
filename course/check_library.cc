#include "course/check_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <climits>
#include <limits>
#include <sstream>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using kit::Argument;
using kit::Kind;
using kit::Role;

struct Collector : kit::CheckList {
  std::vector<std::string>* names;
  std::map<std::string, kit::CheckFunction*>* checks;
  void add(const char* name, kit::CheckFunction* run) override {
    names->emplace_back(name);
    checks->emplace(name, run);
  }
};

void* open_object(const std::string& path) {
  if (!file_exists(path)) {
    throw InputError(
        fmt::format("{} is missing; run ./pupil build, or unpack the course again", path));
  }
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw InputError(fmt::format("{} cannot be loaded: {}", path, ::dlerror()));
  return handle;
}

void* symbol(void* handle, const char* name, const std::string& path) {
  void* found = ::dlsym(handle, name);
  if (!found) throw InputError(fmt::format("{} has no {}; run ./pupil build again", path, name));
  return found;
}

// Outputs start as they do in the worker.
kit::RawArgument raw(Argument& a) {
  const auto n = std::size_t(a.size());
  const std::int64_t width = a.shape.empty() ? 1 : a.shape.back();
  if (a.role == Role::kOut) {
    if (a.kind == Kind::kNumbers) {
      a.numbers.assign(n, std::numeric_limits<double>::quiet_NaN());
    } else if (a.kind == Kind::kIntegers) {
      a.integers.assign(n, INT_MIN);
    } else {
      a.text.assign(n, '\0');
    }
  }
  void* data = a.kind == Kind::kNumbers    ? static_cast<void*>(a.numbers.data())
               : a.kind == Kind::kIntegers ? static_cast<void*>(a.integers.data())
                                           : static_cast<void*>(a.text.data());
  return {a.name.c_str(), data,   width == 0 ? 0 : a.size() / width,
          width,          a.kind, a.role != Role::kIn};
}

}  // namespace

CheckLibrary::CheckLibrary(const std::string& folder) : folder_(folder) {
  const std::string path = object("checks");
  void* handle = open_object(path);
  fingerprint_ = *static_cast<const char**>(symbol(handle, "pupil_fingerprint", path));
  std::istringstream variants(*static_cast<const char**>(symbol(handle, "pupil_variants", path)));
  for (NamedMutant m; std::getline(variants, m.name, '\t');) {
    std::getline(variants, m.fails, '\t');
    std::getline(variants, m.text);
    mutants_.push_back(m);
  }
  Collector collector;
  collector.names = &names_;
  collector.checks = &checks_;
  reinterpret_cast<void (*)(kit::CheckList&)>(symbol(handle, "pupil_checks", path))(collector);
  load("reference");
  for (const NamedMutant& m : mutants_) load(m.name);
}

kit::CheckFunction* CheckLibrary::check(const std::string& name) const {
  const auto found = checks_.find(name);
  return found == checks_.end() ? nullptr : found->second;
}

kit::CallFunction* CheckLibrary::load(const std::string& variant) const {
  kit::CallFunction*& function = loaded_[variant];
  if (!function) {
    const std::string path = object(variant);
    function = reinterpret_cast<kit::CallFunction*>(symbol(open_object(path), "pupil_call", path));
  }
  return function;
}

void CheckLibrary::run(const std::string& variant, kit::Call& call) const {
  std::vector<kit::RawArgument> list;
  for (Argument& a : call.arguments) list.push_back(raw(a));
  std::array<char, 1024> message{};
  const int status = load(variant)(call.function.c_str(), list.data(), int(list.size()),
                                   message.data(), int(message.size()));
  if (status != kit::kReturned) {
    throw InputError(fmt::format("{} of {} did not return from {}: {}", variant, folder_,
                                 call.function, message.data()));
  }
}

std::string library_fingerprint(const std::string& folder) {
  const std::string path = folder + "/checks.so";
  if (!file_exists(path)) return "";
  return *static_cast<const char**>(symbol(open_object(path), "pupil_fingerprint", path));
}

std::string check_folder(const Course& course, const Exercise& exercise) {
  const std::string shipped = course.root + "/checks/" + exercise.id;
  return course.release ? shipped : program_folder() + "/checks/" + exercise.id;
}

}  // namespace pupil::course
