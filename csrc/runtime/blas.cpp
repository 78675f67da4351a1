#include "runtime/blas.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "runtime/dispatch.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Index;
using kernels::Matrix;
using kernels::Product;

// cblas.h: the order of the elements and whether an operand is read transposed.
constexpr int row_major = 101;
constexpr int as_it_is = 111;
constexpr int transposed = 112;

template <class T>
using Gemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda,
                      const T* b, int ldb, T beta, T* c, int ldc);

// LAPACK's names are Fortran's: by address, and the length of each word at the end.
using Posv = void (*)(const char* triangle, const int* n, const int* count, double* a, const int* lda,
                      double* b, const int* ldb, int* info, std::size_t);

struct Library {
    Gemm<float> sgemm;
    Gemm<double> dgemm;
    Posv dposv;
    char* (*get_config)();
};

std::atomic<const Library*> loaded{nullptr};
std::mutex loading;

BlasUse use_from_environment() {
    const char* word = std::getenv("FASTINIT_BLAS");
    const std::string wanted = word ? word : "";
    if (wanted.empty()) return BlasUse::automatic;
    if (wanted == "none") return BlasUse::none;
    if (wanted == "openblas") return BlasUse::openblas;
    throw std::runtime_error("FASTINIT_BLAS is '" + wanted + "'; it may be none or openblas");
}

std::atomic<BlasUse>& use() {
    static std::atomic<BlasUse> chosen{use_from_environment()};
    return chosen;
}

// How cblas names a matrix of the given strides: read along rows or along columns, and the distance between
// them.
struct Operand {
    int layout;
    int leading;
};

template <class T>
std::optional<Operand> as_operand(const Matrix<T>& matrix, Index rows, Index columns) {
    constexpr Index largest = std::numeric_limits<int>::max();
    // The stride of a dimension of one element is never used, but the interface checks it.
    const Index between_rows = rows == 1 ? columns : matrix.row;
    const Index between_columns = columns == 1 ? rows : matrix.column;
    if ((matrix.column == 1 || columns == 1) && between_rows >= columns && between_rows <= largest)
        return Operand{as_it_is, static_cast<int>(between_rows)};
    if ((matrix.row == 1 || rows == 1) && between_columns >= rows && between_columns <= largest)
        return Operand{transposed, static_cast<int>(between_columns)};
    return std::nullopt;
}

bool fits(Index size) { return size <= std::numeric_limits<int>::max(); }

template <class T>
bool multiply(const Product<T>& product, Gemm<T> gemm) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    if (!fits(m) || !fits(n) || !fits(k)) return false;
    const auto target = as_operand(c, m, n);
    if (!target) return false;
    if (target->layout == transposed)  // c.T = b.T @ a.T
        return multiply(Product<T>{n, m, k, b.transposed(), a.transposed(), c.transposed(), accumulate},
                        gemm);
    const auto left = as_operand(a, m, k);
    const auto right = as_operand(b, k, n);
    if (!left || !right) return false;

    gemm(row_major, left->layout, right->layout, static_cast<int>(m), static_cast<int>(n),
         static_cast<int>(k), T(1), a.data, left->leading, b.data, right->leading, accumulate ? T(1) : T(0),
         c.data, target->leading);
    return true;
}

template <class Function>
bool find(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
}

}  // namespace

BlasUse blas_use() { return use(); }

void set_blas_use(BlasUse wanted) { use() = wanted; }

bool blas_wanted(Index m, Index n, Index k) {
    const BlasUse chosen = use();
    return chosen == BlasUse::openblas ||
           (chosen == BlasUse::automatic && m * n * k >= active_kernels().dense.worth_a_blas);
}

bool load_blas(const std::string& directory) {
    const std::lock_guard lock(loading);
    if (loaded) return true;
    void* handle = dlopen((directory + "/libscipy_openblas.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    static Library library;
    void (*set_num_threads)(int);
    if (!find(handle, "scipy_cblas_sgemm", library.sgemm) ||
        !find(handle, "scipy_cblas_dgemm", library.dgemm) || !find(handle, "scipy_dposv_", library.dposv) ||
        !find(handle, "scipy_openblas_set_num_threads", set_num_threads) ||
        !find(handle, "scipy_openblas_get_config", library.get_config)) {
        dlclose(handle);
        return false;
    }
    // Products are cut among the threads of our pool. OpenBLAS' own wait for each other by spinning, which is
    // slow where anything else wants the CPUs, and a second pool beside ours would claim them twice.
    set_num_threads(1);
    loaded = &library;
    return true;
}

bool blas_loaded() { return loaded != nullptr; }

std::string blas_config() {
    const Library* library = loaded;
    return library ? library->get_config() : "";
}

bool multiply_by_blas(const Product<float>& product) {
    const Library* library = loaded;
    return library && multiply(product, library->sgemm);
}

bool multiply_by_blas(const Product<double>& product) {
    const Library* library = loaded;
    return library && multiply(product, library->dgemm);
}

Solved solve_by_blas(Index n, Index count, double* a, double* b) {
    const Library* library = loaded;
    if (!library || !fits(n) || !fits(count)) return Solved::no_blas;
    const int size = static_cast<int>(n), vectors = static_cast<int>(count);
    int info = 0;
    library->dposv("L", &size, &vectors, a, &size, b, &size, &info, 1);
    return info == 0 ? Solved::yes : Solved::not_positive;
}

}  // namespace fastinit::runtime
