// The student's folder: their files, and what we remember about them in .pupil/.
//
//   ID_name/exercise.cc        theirs; written once from the starter, then only by reset and undo
//   compile_commands.json      so that editors know the include paths
//   .pupil/progress.json       see course/progress.h
//   .pupil/results/ID.json     results.json of the last check
//   .pupil/saved/ID/           files that reset or undo replaced, numbered
//   .pupil/passed/ID.cc        the last file that passed
//   .pupil/build/ID/           what the compiler makes
#pragma once
#include <string>

#include "course/course_tree.h"

namespace pupil::course {

class WorkFolder {
 public:
  /// `path` empty: ROOT/work, and in a release ROOT itself.
  WorkFolder(const Course& course, const std::string& path);

  /// Writes what is missing: starters, compile_commands.json. Says how many starters it wrote.
  int prepare() const;
  const std::string& path() const { return path_; }
  /// The student's file, wherever an exercise of this id, or of an earlier id of it, lies.
  std::string file(const Exercise& exercise) const;
  std::string results_file(const Exercise& exercise) const;
  std::string evidence_file(const Exercise& exercise) const;  ///< the wrong arrays, for explain
  std::string build_folder(const Exercise& exercise) const;
  std::string state_folder() const { return path_ + "/.pupil"; }

  /// The text that an exercise begins with.
  std::string starter(const Exercise& exercise) const;
  /// Puts the starter back; the student's file is kept for undo().
  void reset(const Exercise& exercise) const;
  /// Puts back what the last reset (or undo) replaced. Throws UsageError when there is nothing.
  void undo(const Exercise& exercise) const;
  void keep_passed(const Exercise& exercise) const;

 private:
  std::string saved_folder(const Exercise& exercise) const;
  void replace(const Exercise& exercise, const std::string& text) const;
  void write_compile_commands() const;

  const Course& course_;
  std::string path_;
};

/// Held while files in .pupil/ change, so that two terminals do not mix; released at the end. Each
/// `name` is a lock of its own: "progress", or the id of an exercise while it is built.
class StateLock {
 public:
  StateLock(const WorkFolder& folder, const std::string& name);
  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  int fd_;
};

}  // namespace pupil::course
