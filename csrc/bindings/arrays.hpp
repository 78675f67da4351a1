#pragma once

#include <pybind11/numpy.h>

#include <span>
#include <string>

#include "kernels/dense.hpp"

namespace fastinit::bindings {

namespace py = pybind11;

using kernels::Index;
using kernels::Matrix;

// An array that is not there: pybind11's default constructor makes one of no elements, at some cost.
inline py::array no_array() { return py::reinterpret_steal<py::array>(py::handle()); }

// Whether it is an ndarray itself, not of a class derived from it.
bool is_plain_array(PyObject* object);

// Whether it is an array of a shape and a dtype alone, which there is nothing to read from or to write to.
bool has_no_memory(PyObject* object);

// The argument as an array: the object itself, never a conversion of it. Raises NotImplementedError for an
// array that has no memory, TypeError for anything else.
py::array array_argument(PyObject* object, const char* name);

// PyTorch's two ways of writing an element type: "Float" and "float".
std::string dtype_name(const py::array& array);
std::string c_type_name(const py::array& array);

// "2x5", as PyTorch writes a matrix's shape.
std::string shape_text(Index rows, Index columns);

// The product of the dimensions before the last.
Index leading_size(const py::array& array);

// Whether the type is the one that ml_dtypes adds. The package is imported when such an array comes.
bool is_bfloat16(const py::dtype& dtype);

// Whether its elements are aligned and in native byte order.
bool well_behaved(const py::array& array);

// Checks that the array can be written element by element: ValueError where it is read-only, not aligned or
// in another byte order, RuntimeError where two elements share memory.
void check_writable(const py::array& array);

// A C-contiguous, aligned array in native byte order: the array itself where it is one, else a copy.
py::array contiguous(const py::array& array);

// An array of the same shape, or of the given one, uninitialised. The memory of a large one is taken from
// what earlier ones left: runtime/kept_memory.hpp.
py::array empty_like(const py::array& array);
py::array empty(const py::array& like, std::span<const py::ssize_t> shape);

// Whether the memory is the array's own: nobody reaches it but through this array and its views.
bool owns_memory(const py::array& array);

// The array as a matrix whose rows are all its dimensions but the last. Where its strides do not say so, or
// its elements are not aligned and in native byte order, `holder` becomes a copy that the matrix then reads.
template <class T>
Matrix<const T> readable_matrix(py::array& holder);

// The same for an array that is written to: nothing is copied, ValueError says what is wrong with it.
template <class T>
Matrix<T> writable_matrix(py::array& array, const char* name);

// Calls work.template operator()<T>() with the array's element type.
template <class Work>
decltype(auto) with_element_type(const py::array& array, const char* function, Work&& work) {
    switch (array.dtype().num()) {
        case py::dtype::num_of<float>():
            return work.template operator()<float>();
        case py::dtype::num_of<double>():
            return work.template operator()<double>();
        default:
            throw py::type_error(std::string(function) + ": expected an array of float32 or float64, got " +
                                 std::string(py::str(array.dtype())));
    }
}

}  // namespace fastinit::bindings
