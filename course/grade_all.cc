#include "course/grade_all.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "course/check_library.h"
#include "course/csv.h"
#include "course/gradebook.h"
#include "course/grader.h"
#include "course/protocol.h"
#include "course/verdict.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestSource = 1 << 20;  // compile() refuses more
constexpr int kSafe = protocol::kLandlock | protocol::kSeccomp;

struct Job {
  std::string student;
  const Exercise* exercise;
  std::string file;  // empty: nothing was handed in
};

// The student's file; the first by name where several folders fit. Links are not followed: they may
// lead anywhere, to the solution for one.
std::string file_of(const std::string& folder, const Exercise& e) {
  std::vector<std::string> ids = e.aliases, found;
  ids.push_back(e.id);
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!fs::is_directory(entry.symlink_status())) continue;
    const std::string name = entry.path().filename().string();
    const fs::path file = entry.path() / "exercise.cc";
    if (!fs::is_regular_file(fs::symlink_status(file))) continue;
    for (const std::string& id : ids) {
      if (name.starts_with(id + "_")) found.push_back(file.string());
    }
  }
  return found.empty() ? "" : *std::min_element(found.begin(), found.end());
}

// The secret seed is drawn once for an output folder and kept with the results.
std::uint64_t secret_seed(const std::string& out) {
  const std::string path = out + "/seed";
  if (!file_exists(path)) {
    std::random_device device;
    write_file(path, fmt::format("{}\n", (std::uint64_t(device()) << 20) ^ device()));
  }
  const std::string text = read_file(path);
  std::uint64_t seed = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seed).ec != std::errc()) {
    throw InputError(fmt::format("{}: holds no number", path));
  }
  return seed;
}

class Class {
 public:
  Class(const Course& course, const GradeAllOptions& options) : course_(course), options_(options) {
    if (!folder_exists(options.submissions)) {
      throw InputError(fmt::format("{}: there is no such folder", options.submissions));
    }
    make_folder(options.out);
    seed_ = secret_seed(options.out);
    for (const Exercise* e : course.exercises()) expect_reference_passes(*e);
    find_jobs();
  }

  GradeAllReport run() {
    Gradebook book(options_.out + "/grades.db");
    book_ = &book;
    std::vector<std::thread> threads;
    const int count = std::clamp(options_.jobs, 1, 64);
    for (int i = 0; i < count; ++i) threads.emplace_back([this, i] { work(i); });
    for (std::thread& t : threads) t.join();
    if (error_) std::rethrow_exception(error_);
    write_summary(book);
    return report_;
  }

 private:
  GradeOptions grade_options() const {
    GradeOptions o;
    o.seed = seed_;
    o.hidden = !course_.release;
    o.level = options_.level;
    return o;
  }

  // Proves the seed and shows which sandbox holds.
  void expect_reference_passes(const Exercise& e) {
    const CheckLibrary library(check_folder(course_, e));
    Built built;
    built.ok = true;
    built.object = library.object("reference");
    const Results r = grade_object(course_, e, built, check_folder(course_, e), grade_options());
    report_.level = r.worker.level;
    int level = 0;
    if (r.worker.level.find("landlock") != std::string::npos) level |= protocol::kLandlock;
    if (r.worker.level.find("seccomp") != std::string::npos) level |= protocol::kSeccomp;
    if ((level & kSafe) != kSafe && !options_.unsafe) {
      throw InputError(
          fmt::format("the sandbox here is only \"{}\"; grading strangers' code needs "
                      "landlock+seccomp (Linux 5.13), or --unsafe",
                      r.worker.level));
    }
    if (r.status != Status::kPass) {
      throw InputError(
          fmt::format("the reference of {} does not pass on the secret seed; run staff "
                      "validate {}",
                      e.id, e.id));
    }
  }

  void find_jobs() {
    std::vector<std::string> students;
    for (const auto& entry : fs::directory_iterator(options_.submissions)) {
      if (entry.is_directory()) students.push_back(entry.path().filename().string());
    }
    std::sort(students.begin(), students.end());
    if (students.empty()) {
      throw InputError(fmt::format("{}: holds no folder of a student", options_.submissions));
    }
    for (const std::string& student : students) {
      for (const Exercise* e : course_.exercises()) {
        jobs_.push_back({student, e, file_of(options_.submissions + "/" + student, *e)});
      }
    }
    report_.students = students.size();
    report_.exercises = course_.exercises().size();
  }

  void work(int thread) {
    try {
      for (std::size_t i = next_++; i < jobs_.size(); i = next_++) {
        if (options_.interrupted && options_.interrupted()) return;
        grade(jobs_[i], thread);
        const std::lock_guard guard(mutex_);
        if (options_.progress) options_.progress(++done_, jobs_.size());
      }
    } catch (...) {
      const std::lock_guard guard(mutex_);
      error_ = std::current_exception();
      next_ = jobs_.size();
    }
  }

  void grade(const Job& job, int thread) {
    const Exercise& e = *job.exercise;
    const std::string checks = check_folder(course_, e);
    const std::string fingerprint = library_fingerprint(checks);
    const std::string folder = options_.out + "/results/" + job.student;
    const bool small = !job.file.empty() && fs::file_size(job.file) <= kLargestSource;
    const std::string sha = small ? sha256_of_file(job.file) : "";
    {
      const std::lock_guard guard(mutex_);
      const auto before = book_->get(job.student, e.id);
      if (before && before->source_sha256 == sha && before->fingerprint == fingerprint &&
          before->seed == seed_ && file_exists(folder + "/" + e.id + ".json")) {
        ++report_.kept;
        return;
      }
    }
    make_folder(folder);
    GradeOptions options = grade_options();
    options.student = job.student;
    options.results = folder + "/" + e.id + ".json";
    Results r;
    if (job.file.empty()) {
      Built nothing;
      nothing.message = "no file was handed in";
      r = grade_object(course_, e, nothing, checks, options);
    } else {
      const std::string build = fmt::format("{}/build/{}/{}", options_.out, thread, e.id);
      r = grade_file(course_, e, job.file, build, checks, options);
    }
    const std::lock_guard guard(mutex_);
    ++report_.graded;
    report_.crashed += r.status == Status::kCrash;
    report_.timed_out += r.status == Status::kTimeout;
    report_.not_built += !r.message.empty();
    book_->put({job.student, e.id, status_name(r.status), r.points, r.max_points, sha, fingerprint,
                seed_});
  }

  // Students read public checks in full and of hidden ones only what they are about.
  std::string feedback(const std::string& student) const {
    std::string text = fmt::format("{}: {}\n\n", course_.title, student);
    for (const Exercise* e : course_.exercises()) {
      Results r = read_results(fmt::format("{}/results/{}/{}.json", options_.out, student, e->id));
      for (CheckResult& c : r.checks) {
        c.seed.clear();  // the secret one: it would tell the numbers of the next attempt
        if (!c.hidden) continue;
        const auto spec = std::find_if(e->checks.begin(), e->checks.end(),
                                       [&](const CheckSpec& s) { return s.name == c.name; });
        c = {.name = "hidden", .status = c.status, .points = c.points, .max_points = c.max_points};
        c.described = spec == e->checks.end() ? "" : spec->about;
      }
      r.hidden_count = 0;
      r.worker.printed.clear();  // it may have printed the inputs of a hidden check
      text += verdict_text(*e, r, "exercise.cc", {.colours = false, .width = 80}) + "\n";
    }
    return text;
  }

  void write_summary(const Gradebook& book) const {
    std::vector<CsvRow> rows = {{"student"}};
    for (const Exercise* e : course_.exercises()) rows[0].push_back(e->id);
    rows[0].emplace_back("total");
    make_folder(options_.out + "/feedback");
    std::string last;
    for (const Job& job : jobs_) {
      if (job.student == last) continue;
      last = job.student;
      std::int64_t total = 0;
      CsvRow row = {job.student};
      bool complete = true;
      for (const Exercise* e : course_.exercises()) {
        const auto grade = book.get(job.student, e->id);
        complete &= grade.has_value();
        total += grade ? grade->points : 0;
        row.push_back(grade ? std::to_string(grade->points) : "");
      }
      row.push_back(std::to_string(total));
      rows.push_back(row);
      if (complete) {
        write_file(fmt::format("{}/feedback/{}.txt", options_.out, job.student),
                   feedback(job.student));
      }
    }
    write_file(options_.out + "/summary.csv", to_csv(rows));
  }

  const Course& course_;
  const GradeAllOptions& options_;
  std::uint64_t seed_ = 0;
  std::vector<Job> jobs_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::exception_ptr error_;
  Gradebook* book_ = nullptr;
  GradeAllReport report_;
};

}  // namespace

GradeAllReport grade_all(const Course& course, const GradeAllOptions& options) {
  return Class(course, options).run();
}

}  // namespace pupil::course
