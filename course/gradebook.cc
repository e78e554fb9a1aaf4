#include "course/gradebook.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "tensor/error.h"

namespace pupil::course {
namespace {

// One SQL statement, its parameters bound by number.
class Statement {
 public:
  Statement(sqlite3* db, const std::string& path, const char* sql) : db_(db), path_(path) {
    expect(sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr) == SQLITE_OK);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int number, const std::string& text) {
    expect(sqlite3_bind_text(statement_, number, text.c_str(), -1, SQLITE_TRANSIENT) == SQLITE_OK);
    return *this;
  }
  Statement& bind(int number, std::int64_t value) {
    expect(sqlite3_bind_int64(statement_, number, value) == SQLITE_OK);
    return *this;
  }
  bool step() {
    const int status = sqlite3_step(statement_);
    expect(status == SQLITE_ROW || status == SQLITE_DONE);
    return status == SQLITE_ROW;
  }
  std::string text(int column) const {
    return reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  Grade grade() const {
    return {text(0),    text(1), text(2), integer(3),
            integer(4), text(5), text(6), std::uint64_t(integer(7))};
  }

 private:
  void expect(bool good) const {
    if (!good) throw InputError(fmt::format("{}: {}", path_, sqlite3_errmsg(db_)));
  }
  sqlite3* db_;
  const std::string& path_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

Gradebook::Gradebook(const std::string& path) : path_(path) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) {
    const std::string reason = db_ ? sqlite3_errmsg(db_) : "out of memory";
    sqlite3_close(db_);
    throw InputError(fmt::format("{}: {}", path, reason));
  }
  sqlite3_busy_timeout(db_, 10000);
  Statement(
      db_, path_,
      "CREATE TABLE IF NOT EXISTS grades (student TEXT NOT NULL, exercise TEXT NOT NULL, status "
      "TEXT NOT NULL, points INTEGER NOT NULL, max_points INTEGER NOT NULL, source_sha256 TEXT "
      "NOT NULL, fingerprint TEXT NOT NULL, seed INTEGER NOT NULL, PRIMARY KEY (student, "
      "exercise))")
      .step();
}

Gradebook::~Gradebook() { sqlite3_close(db_); }

void Gradebook::put(const Grade& g) {
  Statement(db_, path_, "INSERT OR REPLACE INTO grades VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, g.student)
      .bind(2, g.exercise)
      .bind(3, g.status)
      .bind(4, g.points)
      .bind(5, g.max_points)
      .bind(6, g.source_sha256)
      .bind(7, g.fingerprint)
      .bind(8, std::int64_t(g.seed))
      .step();
}

std::optional<Grade> Gradebook::get(const std::string& student, const std::string& exercise) const {
  Statement statement(db_, path_, "SELECT * FROM grades WHERE student = ?1 AND exercise = ?2");
  statement.bind(1, student).bind(2, exercise);
  if (!statement.step()) return std::nullopt;
  return statement.grade();
}

std::vector<Grade> Gradebook::all() const {
  Statement statement(db_, path_, "SELECT * FROM grades ORDER BY student, exercise");
  std::vector<Grade> list;
  while (statement.step()) list.push_back(statement.grade());
  return list;
}

}  // namespace pupil::course
