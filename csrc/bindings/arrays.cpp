#include "bindings/arrays.hpp"

#include <pybind11/gil_safe_call_once.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <vector>

#include "bindings/register.hpp"
#include "runtime/kept_memory.hpp"

namespace fastinit::bindings {
namespace {

// numpy/ndarraytypes.h: NPY_ARRAY_ALIGNED, NPY_ARRAY_NOTSWAPPED and NPY_ARRAY_WRITEABLE.
constexpr int aligned = 0x0100;
constexpr int native = 0x0200;
constexpr int writable = 0x0400;

bool in_native_order(const py::array& array) {
    // A dtype that a buffer's format made names the order that it has, this machine's too.
    constexpr char other = std::endian::native == std::endian::little ? '>' : '<';
    return array.dtype().byteorder() != other;
}

// Whether each step along a dimension passes over everything that the shorter steps reach. There are strides
// that do not nest so and keep elements apart all the same; no slice, transposition or broadcast makes them.
bool elements_share_memory(const py::array& array) {
    if (array.size() < 2) return false;
    struct Step {
        py::ssize_t stride, size;
    };
    std::vector<Step> steps;
    for (py::ssize_t d = 0; d < array.ndim(); ++d)
        if (array.shape(d) > 1) steps.push_back({std::abs(array.strides(d)), array.shape(d)});
    std::ranges::sort(steps, {}, &Step::stride);
    py::ssize_t reach = array.itemsize();
    for (const Step& step : steps) {
        if (step.stride < reach) return true;
        reach += (step.size - 1) * step.stride;
    }
    return false;
}

// The distance between rows, in bytes, if the dimensions before the last can be stepped through as one.
bool joint_stride(const py::array& array, py::ssize_t& stride) {
    stride = 0;
    bool found = false;  // not told by the stride, which is 0 where rows are repeated
    py::ssize_t expected = 0;
    for (py::ssize_t d = array.ndim() - 2; d >= 0; --d) {
        if (array.shape(d) == 1) continue;
        if (!found)
            stride = array.strides(d);
        else if (array.strides(d) != expected)
            return false;
        found = true;
        expected = array.strides(d) * array.shape(d);
    }
    return true;
}

// The class of arrays that have no memory, once Python has told it.
PyObject* array_without_memory = nullptr;

// The C library keeps the memory of smaller arrays.
constexpr py::ssize_t worth_keeping = 1 << 16;

// The name of the capsules whose memory is kept; their context is its size.
constexpr const char* kept = "fastinit.kept";

// Memory for a large array, as the capsule that gives it back; null for a small one.
py::object kept_memory(py::ssize_t itemsize, std::span<const py::ssize_t> shape) {
    py::ssize_t bytes = itemsize;
    for (const py::ssize_t length : shape)
        if (length == 0 || __builtin_mul_overflow(bytes, length, &bytes))
            return {};  // NumPy knows what to say
    if (bytes < worth_keeping) return {};
    void* const memory = runtime::take_memory(static_cast<std::size_t>(bytes));
    if (!memory) return {};
    PyObject* const capsule = PyCapsule_New(memory, kept, [](PyObject* owner) {
        runtime::give_memory(PyCapsule_GetPointer(owner, kept),
                             reinterpret_cast<std::size_t>(PyCapsule_GetContext(owner)));
    });
    if (!capsule || PyCapsule_SetContext(capsule, reinterpret_cast<void*>(bytes)) < 0) {
        runtime::give_memory(memory, static_cast<std::size_t>(bytes));
        throw py::error_already_set();
    }
    return py::reinterpret_steal<py::object>(capsule);
}

struct ScalarName {
    char kind;
    py::ssize_t size;
    const char* torch;
    const char* c;
};

constexpr ScalarName scalar_names[] = {
    {'b', 1, "Bool", "bool"},        {'u', 1, "Byte", "unsigned char"},
    {'i', 1, "Char", "signed char"}, {'i', 2, "Short", "short"},
    {'i', 4, "Int", "int"},          {'i', 8, "Long", "long int"},
    {'f', 2, "Half", "c10::Half"},   {'f', 4, "Float", "float"},
    {'f', 8, "Double", "double"},    {'V', 2, "BFloat16", "c10::BFloat16"}};

std::string scalar_name(const py::array& array, const char* ScalarName::* spelling) {
    for (const ScalarName& name : scalar_names)
        if (name.kind == array.dtype().kind() && name.size == array.itemsize()) return name.*spelling;
    return std::string(py::str(array.dtype()));
}

}  // namespace

bool is_plain_array(PyObject* object) { return Py_TYPE(object) == py::detail::npy_api::get().PyArray_Type_; }

bool has_no_memory(PyObject* object) {
    return reinterpret_cast<PyObject*>(Py_TYPE(object)) == array_without_memory;
}

py::array array_argument(PyObject* object, const char* name) {
    if (!object) object = Py_None;  // so Arguments gives it
    if (has_no_memory(object)) {
        PyErr_SetString(PyExc_NotImplementedError, "this operation is not implemented for meta tensors");
        throw py::error_already_set();
    }
    if (!py::isinstance<py::array>(object))
        throw py::type_error(std::string(name) + " must be a numpy.ndarray, not " + Py_TYPE(object)->tp_name);
    return py::reinterpret_borrow<py::array>(object);
}

std::string dtype_name(const py::array& array) { return scalar_name(array, &ScalarName::torch); }
std::string c_type_name(const py::array& array) { return scalar_name(array, &ScalarName::c); }

std::string shape_text(Index rows, Index columns) {
    return std::to_string(rows) + "x" + std::to_string(columns);
}

Index leading_size(const py::array& array) {
    Index size = 1;
    for (py::ssize_t d = 0; d + 1 < array.ndim(); ++d) size *= array.shape(d);
    return size;
}

bool is_bfloat16(const py::dtype& dtype) {
    PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<int> number;
    return dtype.num() == number
                              .call_once_and_store_result([] {
                                  const auto type = py::module_::import("ml_dtypes").attr("bfloat16");
                                  return py::dtype::from_args(type).num();
                              })
                              .get_stored();
}

bool well_behaved(const py::array& array) { return (array.flags() & aligned) != 0 && in_native_order(array); }

void check_writable(const py::array& array) {
    if (!array.writeable())
        throw py::value_error(
            "cannot fill a read-only array in place: copy it, or open the memory map with mode 'r+'");
    if ((array.flags() & aligned) == 0)
        throw py::value_error(
            "cannot fill an array in place that is not aligned to its element size: copy it");
    if (!in_native_order(array))
        throw py::value_error("cannot fill an array of dtype " +
                              std::string(py::repr(array.dtype().attr("str"))) +
                              " in place, which is not in this machine's byte order: convert it with "
                              "array.astype(array.dtype.newbyteorder('='))");
    if ((array.flags() & (py::array::c_style | py::array::f_style)) == 0 && elements_share_memory(array))
        throw std::runtime_error(
            "unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location. Please clone() the tensor before performing the operation.");
}

py::array contiguous(const py::array& array) {
    if ((array.flags() & py::array::c_style) != 0 && well_behaved(array)) return array;
    py::array copy = py::array::ensure(array, py::array::c_style | aligned | native);
    if (!copy) throw py::error_already_set();
    return copy;
}

// NumPy's own call: pybind11's constructors first compute strides in vectors of their own.
py::array empty(const py::array& like, std::span<const py::ssize_t> shape) {
    const auto& numpy = py::detail::npy_api::get();
    PyObject* const descriptor = numpy.PyArray_DescrFromType_(like.dtype().num());
    py::object owner = kept_memory(like.itemsize(), shape);
    auto array = py::reinterpret_steal<py::array>(
        numpy.PyArray_NewFromDescr_(numpy.PyArray_Type_, descriptor, static_cast<int>(shape.size()),
                                    reinterpret_cast<const Py_intptr_t*>(shape.data()), nullptr,
                                    owner ? PyCapsule_GetPointer(owner.ptr(), kept) : nullptr,
                                    owner ? py::array::c_style | aligned | writable : 0, nullptr));
    if (!array) throw py::error_already_set();
    if (owner && numpy.PyArray_SetBaseObject_(array.ptr(), owner.release().ptr()) < 0)
        throw py::error_already_set();
    return array;
}

bool owns_memory(const py::array& array) {
    return array.owndata() || PyCapsule_IsValid(py::detail::array_proxy(array.ptr())->base, kept);
}

py::array empty_like(const py::array& array) {
    return empty(array, {array.shape(), static_cast<std::size_t>(array.ndim())});
}

template <class T>
Matrix<const T> readable_matrix(py::array& holder) {
    py::ssize_t row;
    if (!well_behaved(holder) || !joint_stride(holder, row)) {
        holder = contiguous(holder);
        joint_stride(holder, row);
    }
    constexpr py::ssize_t size = sizeof(T);
    return {static_cast<const T*>(holder.data()), row / size, holder.strides(holder.ndim() - 1) / size};
}

template <class T>
Matrix<T> writable_matrix(py::array& array, const char* name) {
    py::ssize_t row;
    if (!array.writeable()) throw py::value_error(std::string(name) + " is read-only");
    if (!well_behaved(array))
        throw py::value_error(std::string(name) + " must be aligned and in native byte order");
    if (!joint_stride(array, row))
        throw py::value_error(std::string(name) + " has strides that cannot be written to in place");
    constexpr py::ssize_t size = sizeof(T);
    return {static_cast<T*>(array.mutable_data()), row / size, array.strides(array.ndim() - 1) / size};
}

void register_arrays(py::module_& module) {
    module.def("kept_bytes", &runtime::kept_bytes);
    module.def("set_array_without_memory",
               [](py::type type) { array_without_memory = type.release().ptr(); });
}

template Matrix<const float> readable_matrix(py::array&);
template Matrix<const double> readable_matrix(py::array&);
template Matrix<float> writable_matrix(py::array&, const char*);
template Matrix<double> writable_matrix(py::array&, const char*);

}  // namespace fastinit::bindings
