// From a student's file to an object that the worker loads. The compiler is called directly, sees
// the file, the exercise's header, kernels/ and lessons/kit/, and nothing else of the disk.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "course/course_tree.h"

namespace pupil::course {

struct Built {
  bool ok = false, cancelled = false;
  std::string object;         ///< the shared object, when ok
  std::string source_sha256;  ///< of the student's file
  /// What is wrong, for the student: at most three places in their file, or the forbidden symbol.
  std::string message;
  std::string raw;         ///< all that the compiler said
  bool forbidden = false;  ///< compiles, but calls what no exercise allows
};

/// The command without the file's copy and the output, for compile_commands.json.
std::vector<std::string> compile_arguments(const Course& course, const Exercise& exercise);

/// Builds `file` in `folder` (made when missing). Throws InputError: no compiler, no such file, no
/// regular file, larger than a megabyte.
Built compile(const Course& course, const Exercise& exercise, const std::string& file,
              const std::string& folder, const std::function<bool()>& cancelled = {});

/// "exercise.cc:12" for a place in an object built by compile(), empty when it is not known.
std::string source_line(const std::string& object, const std::string& hexadecimal_place);

}  // namespace pupil::course
