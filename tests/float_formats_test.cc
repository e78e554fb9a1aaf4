// The 16-bit formats bit by bit: every value there and back, and the roundings that go wrong.
#include "nn/float_formats.h"

#include <gtest/gtest.h>

#include <limits>

namespace pupil {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Half, EveryValueComesBackWithTheSameBits) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = float_from_half(std::uint16_t(bits));
    const bool nan = (bits & 0x7c00) == 0x7c00 && (bits & 0x3ff);
    ASSERT_EQ(std::isnan(value), nan) << bits;
    if (!nan) {
      ASSERT_EQ(half_from_double(value), bits) << value;
    }
  }
}

TEST(Half, ReadsTheKnownValues) {
  EXPECT_EQ(float_from_half(0x3c00), 1);
  EXPECT_EQ(float_from_half(0xc000), -2);
  EXPECT_EQ(float_from_half(0x3555), 0.333251953125f);
  EXPECT_EQ(float_from_half(0x7bff), 65504);
  EXPECT_EQ(float_from_half(0x0001), 0x1p-24f);
  EXPECT_EQ(float_from_half(0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(float_from_half(0x0400), 0x1p-14f);
  EXPECT_TRUE(std::signbit(float_from_half(0x8000)));
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  const double unit = 0x1p-10;  // between 1 and 2
  EXPECT_EQ(half_from_double(1 + unit / 2), 0x3c00);
  EXPECT_EQ(half_from_double(1 + unit / 2 * (1 + 1e-9)), 0x3c01);
  EXPECT_EQ(half_from_double(1 + 1.5 * unit), 0x3c02);
  EXPECT_EQ(half_from_double(1 + 2.5 * unit), 0x3c02);
  EXPECT_EQ(half_from_double(2 - unit / 2), 0x4000);
  EXPECT_EQ(half_from_double(-1 - 1.5 * unit), 0xbc02);
}

TEST(Half, RoundsSubnormalsAndTheirBorders) {
  EXPECT_EQ(half_from_double(0x1p-25), 0);  // the tie with zero
  EXPECT_EQ(half_from_double(0x1p-25 * (1 + 1e-9)), 1);
  EXPECT_EQ(half_from_double(1.5 * 0x1p-24), 2);
  EXPECT_EQ(half_from_double(2.5 * 0x1p-24), 2);
  EXPECT_EQ(half_from_double(0x1p-14 - 0x1p-25), 0x0400);
  EXPECT_EQ(half_from_double(-0x1p-26), 0x8000);
  EXPECT_EQ(half_from_double(1e-300), 0);
}

TEST(Half, OverflowsToInfinityFromTheMiddleOn) {
  EXPECT_EQ(half_from_double(65504), 0x7bff);
  EXPECT_EQ(half_from_double(65519.999), 0x7bff);
  EXPECT_EQ(half_from_double(65520), 0x7c00);
  EXPECT_EQ(half_from_double(-1e300), 0xfc00);
  EXPECT_EQ(half_from_double(kInfinity), 0x7c00);
  EXPECT_TRUE(std::isnan(float_from_half(half_from_double(NAN))));
}

TEST(Bfloat16, EveryValueComesBackWithTheSameBits) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = float_from_bfloat16(std::uint16_t(bits));
    const bool nan = (bits & 0x7f80) == 0x7f80 && (bits & 0x7f);
    ASSERT_EQ(std::isnan(value), nan) << bits;
    if (!nan) {
      ASSERT_EQ(bfloat16_from_double(value), bits) << value;
    }
  }
}

TEST(Bfloat16, RoundsToNearestAndTiesToEven) {
  const double unit = 0x1p-7;
  EXPECT_EQ(bfloat16_from_double(1), 0x3f80);
  EXPECT_EQ(bfloat16_from_double(1 + unit / 2), 0x3f80);
  EXPECT_EQ(bfloat16_from_double(1 + unit / 2 * (1 + 1e-12)), 0x3f81);  // one rounding, not two
  EXPECT_EQ(bfloat16_from_double(1 + 1.5 * unit), 0x3f82);
  EXPECT_EQ(bfloat16_from_double(-1 - 2.5 * unit), 0xbf82);
  EXPECT_EQ(bfloat16_from_double(3.14159265358979), 0x4049);
}

TEST(Bfloat16, RoundsSubnormalsAndTheirBorders) {
  EXPECT_EQ(bfloat16_from_double(0x1p-133), 1);
  EXPECT_EQ(bfloat16_from_double(0x1p-134), 0);
  EXPECT_EQ(bfloat16_from_double(1.5 * 0x1p-133), 2);
  EXPECT_EQ(bfloat16_from_double(0x1p-126 - 0x1p-134), 0x0080);
  EXPECT_EQ(bfloat16_from_double(-0x1p-140), 0x8000);
}

TEST(Bfloat16, OverflowsToInfinityFromTheMiddleOn) {
  const double largest = 0x1.fep127;
  EXPECT_EQ(bfloat16_from_double(largest), 0x7f7f);
  EXPECT_EQ(bfloat16_from_double(0x1.fefffp127), 0x7f7f);
  EXPECT_EQ(bfloat16_from_double(0x1.ffp127), 0x7f80);
  EXPECT_EQ(bfloat16_from_double(-1e300), 0xff80);
  EXPECT_EQ(bfloat16_from_double(-kInfinity), 0xff80);
  EXPECT_TRUE(std::isnan(float_from_bfloat16(bfloat16_from_double(NAN))));
}

}  // namespace
}  // namespace pupil
