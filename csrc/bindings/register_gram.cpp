#include <string>

#include "bindings/arrays.hpp"
#include "bindings/blas.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/blas.hpp"
#include "runtime/gram.hpp"

namespace fastinit::bindings {
namespace {

using kernels::GramKernel;
using kernels::GramProducts;
using kernels::GramTable;

const GramKernel GramTable::* row_for(const py::dtype& dtype) {
    if (dtype.kind() == 'f') switch (dtype.itemsize()) {
            case 2:
                return &GramTable::float16;
            case 4:
                return &GramTable::float32;
            case 8:
                return &GramTable::float64;
        }
    if (dtype.kind() == 'V' && is_bfloat16(dtype)) return &GramTable::bfloat16;
    throw py::value_error("gram_product: expected a matrix of float16, bfloat16, float32 or float64, not " +
                          std::string(py::str(dtype)));
}

// Whether the elements lie one after another along the axis, and the other axis' lines apart.
bool contiguous_along(const py::array& matrix, int axis) {
    const int other = 1 - axis;
    const bool dense = matrix.strides(axis) == matrix.itemsize() || matrix.shape(axis) == 1;
    return dense && matrix.strides(other) >= matrix.shape(axis) * matrix.itemsize() &&
           matrix.strides(other) % matrix.itemsize() == 0;
}

template <class T>
py::object multiply(const GramProducts<T> GramKernel::* products, const runtime::StoredLines& lines,
                    bool along, const py::array& x) {
    py::array_t<T> y(x.size());
    const auto* const from = static_cast<const T*>(x.data());
    T* const to = y.mutable_data();
    {
        const py::gil_scoped_release released;
        runtime::gram_product(products, lines, along, from, to);
    }
    return y;
}

// gram_product(matrix, x)
py::object gram_product(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("gram_product", values, count, 2, 2);
    const py::array matrix = array_argument(values[0], "matrix");
    const py::array x = array_argument(values[1], "x");
    const auto row = row_for(matrix.dtype());
    if (matrix.ndim() != 2 || matrix.size() == 0 || !well_behaved(matrix))
        throw py::value_error("gram_product: expected a matrix with elements, aligned, in native byte order");
    const bool along = contiguous_along(matrix, 1);
    if (!along && !contiguous_along(matrix, 0))
        throw py::value_error("gram_product: expected a matrix whose rows or columns are contiguous");
    if (x.ndim() != 1 || x.shape(0) != matrix.shape(1) || (x.flags() & py::array::c_style) == 0 ||
        !well_behaved(x))
        throw py::value_error("gram_product: expected x to be a contiguous vector of " +
                              std::to_string(matrix.shape(1)) + " elements");
    const int axis = along ? 1 : 0;
    const runtime::StoredLines lines{row,
                                     matrix.data(),
                                     matrix.itemsize(),
                                     matrix.shape(1 - axis),
                                     matrix.shape(axis),
                                     matrix.strides(1 - axis) / matrix.itemsize()};
    if (x.dtype().equal(py::dtype::of<double>())) return multiply(&GramKernel::in_float64, lines, along, x);
    if (!x.dtype().equal(py::dtype::of<float>()) || row == &GramTable::float64)
        throw py::value_error("gram_product: expected x in float64, or in float32 where the matrix is not");
    return multiply(&GramKernel::in_float32, lines, along, x);
}

// A copy of its own, which may be written to.
py::array_t<double> copy_of(const py::array& array, const char* name, int dimensions) {
    if (!array.dtype().equal(py::dtype::of<double>()) || array.ndim() != dimensions ||
        (array.flags() & py::array::c_style) == 0 || !well_behaved(array))
        throw py::value_error(std::string("solve_positive: expected ") + name +
                              " to be a contiguous matrix of float64");
    return py::array_t<double>(array.request());
}

// solve_positive(matrix, vectors)
py::object solve_positive(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("solve_positive", values, count, 2, 2);
    py::array_t<double> matrix = copy_of(array_argument(values[0], "matrix"), "matrix", 2);
    py::array_t<double> vectors = copy_of(array_argument(values[1], "vectors"), "vectors", 2);
    const Index n = matrix.shape(0);
    if (matrix.shape(1) != n || vectors.shape(1) != n)
        throw py::value_error("solve_positive: expected a square matrix, and vectors of as many elements");
    if (runtime::blas_use() == runtime::BlasUse::none) return py::none();
    find_blas();
    double *const a = matrix.mutable_data(), *const b = vectors.mutable_data();
    const auto solved = [&] {
        const py::gil_scoped_release released;
        return runtime::solve_by_blas(n, vectors.shape(0), a, b);
    }();
    if (solved == runtime::Solved::no_blas) return py::none();
    if (solved == runtime::Solved::not_positive)
        throw py::value_error("solve_positive: the matrix is not positive definite");
    return vectors;
}

PyMethodDef methods[] = {
    fastcall_method<solve_positive>(
        "solve_positive", "solve_positive(matrix, vectors, /)\n--\n\nSolves by Cholesky's factors."),
    fastcall_method<gram_product>("gram_product",
                                  "gram_product(matrix, x, /)\n--\n\nThe product of AᵀA with a vector."),
    {}};

}  // namespace

void register_gram(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
