#include "course/work_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "course/compile.h"
#include "course/marks.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

// Saved files by number, the newest last.
std::vector<int> saved_numbers(const std::string& folder) {
  std::vector<int> numbers;
  if (!folder_exists(folder)) return numbers;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    const bool number = !stem.empty() && stem.size() < 9 &&
                        stem.find_first_not_of("0123456789") == std::string::npos;
    if (number && entry.path().extension() == ".cc") numbers.push_back(std::stoi(stem));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string saved_file(const std::string& folder, int number) {
  return fmt::format("{}/{:04}.cc", folder, number);
}

}  // namespace

WorkFolder::WorkFolder(const Course& course, const std::string& path)
    : course_(course),
      path_(!path.empty()    ? fs::absolute(path).lexically_normal().string()
            : course.release ? course.root
                             : course.root + "/work") {}

std::string WorkFolder::file(const Exercise& exercise) const {
  std::vector<std::string> ids = exercise.aliases;
  ids.insert(ids.begin(), exercise.id);
  const std::string usual = path_ + "/" + exercise.name;
  if (folder_exists(usual) || !folder_exists(path_)) return usual + "/exercise.cc";
  for (const std::string& id : ids) {
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(id + "_") && entry.is_directory()) return entry.path() / "exercise.cc";
    }
  }
  return usual + "/exercise.cc";
}

std::string WorkFolder::results_file(const Exercise& exercise) const {
  return state_folder() + "/results/" + exercise.id + ".json";
}
std::string WorkFolder::evidence_file(const Exercise& exercise) const {
  return state_folder() + "/results/" + exercise.id + ".evidence.json";
}
std::string WorkFolder::build_folder(const Exercise& exercise) const {
  return state_folder() + "/build/" + exercise.id;
}
// Of an exercise that was renamed: where it was.
std::string WorkFolder::saved_folder(const Exercise& exercise) const {
  const std::string usual = state_folder() + "/saved/" + exercise.id;
  if (folder_exists(usual)) return usual;
  for (const std::string& id : exercise.aliases) {
    const std::string earlier = state_folder() + "/saved/" + id;
    if (folder_exists(earlier)) return earlier;
  }
  return usual;
}

std::string WorkFolder::starter(const Exercise& exercise) const {
  const std::string source = exercise.path("exercise.cc");
  const std::string text = read_file(source);
  return course_.release ? text : MarkedSource(text, source).starter();
}

int WorkFolder::prepare() const {
  const StateLock lock(*this, "prepare");
  make_folder(state_folder() + "/results");
  int written = 0;
  for (const Exercise* exercise : course_.exercises()) {
    const std::string path = file(*exercise);
    if (file_exists(path)) continue;
    make_folder(fs::path(path).parent_path().string());
    write_file(path, starter(*exercise));
    ++written;
  }
  if (written > 0 || !file_exists(path_ + "/compile_commands.json")) write_compile_commands();
  return written;
}

void WorkFolder::write_compile_commands() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Exercise* exercise : course_.exercises()) {
    std::vector<std::string> arguments = compile_arguments(course_, *exercise);
    arguments.insert(arguments.end(), {"-c", file(*exercise)});
    list.push_back({{"directory", path_}, {"file", file(*exercise)}, {"arguments", arguments}});
  }
  write_file(path_ + "/compile_commands.json", list.dump(1) + "\n");
}

// First the copy, then the change: killed in between, nothing is lost. The lock is the caller's:
// two at once would take one number.
void WorkFolder::replace(const Exercise& exercise, const std::string& text) const {
  const std::string path = file(exercise), folder = saved_folder(exercise);
  if (file_exists(path)) {
    make_folder(folder);
    const std::vector<int> numbers = saved_numbers(folder);
    write_file(saved_file(folder, numbers.empty() ? 1 : numbers.back() + 1), read_file(path));
  }
  make_folder(fs::path(path).parent_path().string());
  write_file(path, text);
}

void WorkFolder::reset(const Exercise& exercise) const {
  const StateLock lock(*this, "saved");
  replace(exercise, starter(exercise));
}

void WorkFolder::undo(const Exercise& exercise) const {
  const StateLock lock(*this, "saved");
  const std::vector<int> numbers = saved_numbers(saved_folder(exercise));
  if (numbers.empty()) {
    throw UsageError(fmt::format("nothing of {} was replaced yet, so there is nothing to put back",
                                 exercise.id));
  }
  replace(exercise, read_file(saved_file(saved_folder(exercise), numbers.back())));
}

void WorkFolder::keep_passed(const Exercise& exercise) const {
  make_folder(state_folder() + "/passed");
  write_file(fmt::format("{}/passed/{}.cc", state_folder(), exercise.id),
             read_file(file(exercise)));
}

StateLock::StateLock(const WorkFolder& folder, const std::string& name) {
  make_folder(folder.state_folder() + "/locks");
  const std::string path = folder.state_folder() + "/locks/" + name;
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) throw InputError(fmt::format("{}: cannot be opened for writing", path));
  while (::flock(fd_, LOCK_EX) != 0) {
  }
}
StateLock::~StateLock() { ::close(fd_); }

}  // namespace pupil::course
