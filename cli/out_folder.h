// The folder that a command writes a model into. Models cost hours: what lies there already is
// replaced only when the user says so.
#pragma once
#include <string>

#include "cli/options.h"

namespace pupil::cli {

struct OutFolder {
  bool overwrite = false;

  /// --out, into `path`, and --overwrite.
  void declare(Options& options, std::string& path, const char* help);
  /// Throws UsageError when `path` is also the folder of `option`, which the command reads.
  static void expect_apart(const std::string& path, const char* option, const std::string& folder);
  /// Throws UsageError when `path` holds a run, a model or an adapter and --overwrite was not
  /// given. With `resume` a run may be there (without a state, if it was killed in its first save),
  /// but not a model without a run.
  void expect_free(const std::string& path, bool resume) const;
};

}  // namespace pupil::cli
