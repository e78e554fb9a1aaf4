// The gradebook: one SQLite file with the last result of every student and exercise.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "course/results.h"

struct sqlite3;

namespace pupil::course {

struct Grade {
  std::string student, exercise, status;
  std::int64_t points = 0, max_points = 0;
  std::string source_sha256, fingerprint;
  std::uint64_t seed = 0;
};

class Gradebook {
 public:
  /// Opens or makes the file. Throws InputError.
  explicit Gradebook(const std::string& path);
  ~Gradebook();
  Gradebook(const Gradebook&) = delete;
  Gradebook& operator=(const Gradebook&) = delete;

  void put(const Grade& grade);
  std::optional<Grade> get(const std::string& student, const std::string& exercise) const;
  std::vector<Grade> all() const;  ///< by student, then exercise

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
};

}  // namespace pupil::course
