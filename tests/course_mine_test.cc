// `pupil mine`: equal functions train equal models, another function another.
#include "course/mine.h"

#include <cmath>

#include "course/check_library.h"
#include "tests/course_fixture.h"

namespace pupil::course {
namespace {

class Mine : public test::CourseTest {
 protected:
  MineCurves train(const std::string& id, const std::string& variant) const {
    const CheckLibrary library(checks(id));
    return train_both(tree, exercise(id), library.object(variant), {.steps = 12},
                      [](std::int64_t) {});
  }
};

TEST_F(Mine, TheReferenceInTheWorkerTrainsBitForBitAsTheReferenceHere) {
  for (const char* id : {"04a", "09a"}) {
    const MineCurves curves = train(id, "reference");
    EXPECT_EQ(curves.broke, "");
    ASSERT_EQ(curves.mine.size(), 12u);
    EXPECT_EQ(curves.mine, curves.reference) << id;
    EXPECT_LT(curves.mine.back(), curves.mine.front()) << id;
    // A fresh model knows nothing: log V.
    EXPECT_NEAR(curves.mine.front(), std::log(260.0), 0.2) << id;
  }
}

TEST_F(Mine, AWrongGradientTrainsAnotherModel) {
  const MineCurves curves = train("09a", "gradient-label-shift");
  EXPECT_GT(curves.mine.back(), curves.reference.back() + 0.1);
}

TEST_F(Mine, AnExerciseThatIsNoLossIsRefused) {
  const CheckLibrary library(checks("09b"));
  EXPECT_THROW(
      train_both(tree, exercise("09b"), library.object("reference"), {}, [](std::int64_t) {}),
      UsageError);
}

}  // namespace
}  // namespace pupil::course
