// Kernels are written once and compiled for several instruction sets.
//
// cmake compiles every kernels/*_cpu.cc once per instruction set, with PUPIL_ISA naming the set. In
// namespace pupil::cpu, a kernel declared in its contract header is defined as
//
//   KERNEL(layer_norm_forward, (View<T> out, ..., T eps), (out, ..., eps)) { body }
//   INSTANTIATE(layer_norm_forward)
//
// which gives pupil::cpu::avx512::layer_norm_forward<T> and its siblings and, in the compilation
// for the baseline, pupil::cpu::layer_norm_forward<T>, which calls the best one this machine has.
// The body lies in namespace PUPIL_ISA, so it finds the vectors of its own set (kernels/simd.h).
// KERNEL_OF and INSTANTIATE_OF do the same for kernels with a functor F before T.
//
// The public functions are explicit instantiations, so weak symbols: an explicit specialisation
// `template <> void pupil::cpu::layer_norm_forward<float>(...)` linked beside the library replaces
// the kernel, and training runs on it.
//
// Code that is compiled for AVX-512 must not leak into the rest of the program: the linker keeps
// one copy of an inline function of a shared header, and that copy could fault on an older machine.
// So helpers of kernels are marked always_inline (PUPIL_INLINE) or have a name that no other set
// uses: inside `namespace PUPIL_ISA` or in an anonymous namespace.
#pragma once

#define PUPIL_INLINE [[gnu::always_inline]] inline

namespace pupil {

enum class Isa { kBaseline, kAvx2, kAvx512 };

/// What kernels run on: the best set of this machine, or a lower one named by the environment
/// variable PUPIL_ISA (baseline, avx2, avx512). Constant for the life of the process.
Isa active_isa();
const char* isa_name(Isa isa);

}  // namespace pupil

#ifdef PUPIL_ISA

#define PUPIL_UNPACK(...) __VA_ARGS__

#define KERNEL(name, parameters, arguments) \
  PUPIL_DEFINE_KERNEL((template <class T>), name, (name<T>), parameters, arguments)
#define KERNEL_OF(name, parameters, arguments) \
  PUPIL_DEFINE_KERNEL((template <class F, class T>), name, (name<F, T>), parameters, arguments)
#define INSTANTIATE(name)          \
  PUPIL_INSTANTIATE((name<float>)) \
  PUPIL_INSTANTIATE((name<double>))
#define INSTANTIATE_OF(name, functor)       \
  PUPIL_INSTANTIATE((name<functor, float>)) \
  PUPIL_INSTANTIATE((name<functor, double>))

#define PUPIL_DECLARE_IN(set, head, name, parameters) \
  namespace set {                                     \
  PUPIL_UNPACK head void name parameters;             \
  }
#define PUPIL_INSTANTIATE_IN(set, id) template decltype(set::PUPIL_UNPACK id) set::PUPIL_UNPACK id;

#ifndef PUPIL_ISA_baseline

#define PUPIL_DEFINE_KERNEL(head, name, id, parameters, arguments) \
  PUPIL_DECLARE_IN(PUPIL_ISA, head, name, parameters)              \
  PUPIL_UNPACK head void PUPIL_ISA::name parameters
#define PUPIL_INSTANTIATE(id) PUPIL_INSTANTIATE_IN(PUPIL_ISA, id)

#else

// A template without a definition here: the calls below refer to the instances of the other
// objects.
#ifdef PUPIL_ONLY_BASELINE
#define PUPIL_DECLARE_OTHERS(head, name, parameters)
#define PUPIL_CALL_OTHERS(id, arguments)
#else
#define PUPIL_DECLARE_OTHERS(head, name, parameters) \
  PUPIL_DECLARE_IN(avx2, head, name, parameters)     \
  PUPIL_DECLARE_IN(avx512, head, name, parameters)
#define PUPIL_CALL_OTHERS(id, arguments)                             \
  const Isa isa = active_isa();                                      \
  if (isa == Isa::kAvx512) return avx512::PUPIL_UNPACK id arguments; \
  if (isa == Isa::kAvx2) return avx2::PUPIL_UNPACK id arguments;
#endif

#define PUPIL_DEFINE_KERNEL(head, name, id, parameters, arguments) \
  PUPIL_DECLARE_IN(baseline, head, name, parameters)               \
  PUPIL_DECLARE_OTHERS(head, name, parameters)                     \
  PUPIL_UNPACK head void name parameters {                         \
    PUPIL_CALL_OTHERS(id, arguments)                               \
    return baseline::PUPIL_UNPACK id arguments;                    \
  }                                                                \
  PUPIL_UNPACK head void baseline::name parameters
#define PUPIL_INSTANTIATE(id)        \
  PUPIL_INSTANTIATE_IN(baseline, id) \
  template decltype(PUPIL_UNPACK id) PUPIL_UNPACK id;

#endif

#endif  // PUPIL_ISA
