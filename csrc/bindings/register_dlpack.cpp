#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/dlpack.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"

namespace fastinit::bindings {
namespace {

using dlpack::Unversioned;
using dlpack::Versioned;

// Devices

constexpr std::int32_t cpu = 1;
constexpr std::int32_t host_memories[] = {cpu, 3, 11};  // the others are pinned, for CUDA and for ROCm

struct DeviceName {
    std::int64_t type;
    const char* name;
};

constexpr DeviceName device_names[] = {
    {2, "a CUDA device"},    {4, "an OpenCL device"},  {7, "a Vulkan device"},
    {8, "a Metal device"},   {10, "a ROCm device"},    {13, "a CUDA device (managed)"},
    {14, "a oneAPI device"}, {15, "a WebGPU device"},  {16, "a Hexagon device"},
    {17, "a MAIA device"},   {18, "a Trainium device"}};

void check_device(std::int64_t type) {
    if (std::ranges::find(host_memories, type) != std::end(host_memories)) return;
    const auto* const known = std::ranges::find(device_names, type, &DeviceName::type);
    throw py::buffer_error("the memory is on " +
                           (known != std::end(device_names) ? std::string(known->name)
                                                            : "a device of type " + std::to_string(type)) +
                           ": only the CPU's can be shared");
}

// Element types

struct Element {
    std::uint8_t code;
    std::uint8_t bits;
    const char* name;
};

constexpr std::uint8_t bfloat = 4;
constexpr Element elements[] = {
    {0, 8, "int8"},     {0, 16, "int16"},   {0, 32, "int32"},   {0, 64, "int64"},         {1, 8, "uint8"},
    {2, 16, "float16"}, {2, 32, "float32"}, {2, 64, "float64"}, {bfloat, 16, "bfloat16"}, {6, 8, "bool"}};

constexpr const char* code_names[] = {"int",
                                      "uint",
                                      "float",
                                      "handle",
                                      "bfloat",
                                      "complex",
                                      "bool",
                                      "float8_e3m4",
                                      "float8_e4m3",
                                      "float8_e4m3b11fnuz",
                                      "float8_e4m3fn",
                                      "float8_e4m3fnuz",
                                      "float8_e5m2",
                                      "float8_e5m2fnuz",
                                      "float8_e8m0fnu",
                                      "float6_e2m3fn",
                                      "float6_e3m2fn",
                                      "float4_e2m1fn"};

// "complex64", "float8_e5m2", "float32 in vectors of 4".
std::string text(const dlpack::ElementType& type) {
    constexpr std::size_t last_with_bits = 5;
    std::string name = "of code " + std::to_string(type.code);
    if (type.code < std::size(code_names)) {
        name = code_names[type.code];
        if (type.code <= last_with_bits) name += std::to_string(type.bits);
    }
    return type.lanes == 1 ? name : name + " in vectors of " + std::to_string(type.lanes);
}

[[noreturn]] void refuse_elements(const std::string& which) {
    throw py::buffer_error("the elements are " + which +
                           ": only bool, uint8, int8 to int64, float16, bfloat16, float32 and float64 can be "
                           "shared");
}

py::dtype numpy_dtype(const dlpack::ElementType& type) {
    const auto* const element = std::ranges::find_if(
        elements, [&](const Element& each) { return each.code == type.code && each.bits == type.bits; });
    if (element == std::end(elements) || type.lanes != 1) refuse_elements(text(type));
    if (element->code == bfloat)
        return py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16"));
    return py::dtype(element->name);
}

dlpack::ElementType element_type(const py::array& array) {
    const auto name = py::cast<std::string>(array.dtype().attr("name"));
    const auto* const element = std::ranges::find(elements, std::string_view(name), &Element::name);
    if (element == std::end(elements)) refuse_elements(name);
    return {element->code, element->bits, 1};
}

// Taking

// The name of the capsules that own what was taken.
constexpr const char* taken = "fastinit.dlpack";

template <class Managed>
void give_back(PyObject* owner) {
    const py::error_scope untouched;  // a deleter may be Python's
    auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(owner, taken));
    if (managed->deleter) managed->deleter(managed);
}

// The memory as an array whose base is `owner`.
py::array over(const dlpack::Tensor& tensor, const py::capsule& owner) {
    check_device(tensor.device.type);
    const py::dtype dtype = numpy_dtype(tensor.dtype);
    if (tensor.ndim < 0 || (tensor.ndim > 0 && !tensor.shape)) throw py::buffer_error("the shape is missing");
    const auto ndim = static_cast<std::size_t>(tensor.ndim);
    std::vector<py::ssize_t> shape(ndim);
    std::vector<py::ssize_t> strides(ndim);
    std::copy_n(tensor.shape, ndim, shape.begin());
    py::ssize_t step = 1;
    bool empty = false;
    for (std::size_t d = ndim; d-- > 0;) {
        if (shape[d] < 0) throw py::buffer_error("a dimension has length " + std::to_string(shape[d]));
        if (__builtin_mul_overflow(tensor.strides ? tensor.strides[d] : step, dtype.itemsize(),
                                   &strides[d]) ||
            __builtin_mul_overflow(step, std::max<py::ssize_t>(shape[d], 1), &step))
            throw py::buffer_error("the shape or the strides are too large");
        empty |= shape[d] == 0;
    }
    // NumPy makes empty arrays of their own: there is nothing to share.
    if (empty) return {dtype, shape, nullptr};
    if (!tensor.data) throw py::buffer_error("there is no memory");
    return {dtype, shape, strides, static_cast<const std::byte*>(tensor.data) + tensor.byte_offset, owner};
}

std::uint64_t flags_of(const Versioned& managed) { return managed.flags; }
// The old form cannot say whether memory may be written to, and JAX and PyArrow hand over by it what never
// changes.
std::uint64_t flags_of(const Unversioned&) { return dlpack::is_read_only; }

// What is refused stays the capsule's, which may be offered elsewhere.
template <class Managed>
py::object take(PyObject* capsule) {
    auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::name));
    if constexpr (std::is_same_v<Managed, Versioned>)
        if (managed->version.major != 1)
            throw py::buffer_error("it is handed over by DLPack " + std::to_string(managed->version.major) +
                                   "." + std::to_string(managed->version.minor) +
                                   ": only version 1 is known here");
    const auto owner = py::reinterpret_steal<py::capsule>(PyCapsule_New(managed, taken, nullptr));
    if (!owner) throw py::error_already_set();
    py::array array = over(managed->tensor, owner);
    const std::uint64_t flags = flags_of(*managed);
    if ((flags & dlpack::is_read_only) != 0)
        py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    const py::bool_ copied((flags & dlpack::is_copied) != 0);
    py::tuple result = py::make_tuple(array, copied);
    if (PyCapsule_SetName(capsule, Managed::name_once_taken) < 0) throw py::error_already_set();
    PyCapsule_SetDestructor(owner.ptr(), &give_back<Managed>);
    return result;
}

// take_dlpack(capsule)
py::object take_dlpack(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("take_dlpack", values, count, 1, 1);
    if (PyCapsule_IsValid(values[0], Versioned::name)) return take<Versioned>(values[0]);
    if (PyCapsule_IsValid(values[0], Unversioned::name)) return take<Unversioned>(values[0]);
    throw std::runtime_error(
        "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so "
        "you might have already constructed a tensor from it once.");
}

// Giving

// What a capsule holds, and the array that it keeps alive.
template <class Managed>
struct Given {
    Managed managed{};
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
    py::array array;

    static void free(Managed* managed) {
        if (!Py_IsInitialized()) return;  // then the memory ends with the process
        const py::gil_scoped_acquire gil;
        delete static_cast<Given*>(managed->context);
    }
};

// Whoever takes the memory renames the capsule, and frees it.
template <class Managed>
void free_untaken(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, Managed::name)) return;
    auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::name));
    managed->deleter(managed);
}

// The strides in elements.
std::vector<std::int64_t> steps_of(const py::array& array) {
    std::vector<std::int64_t> steps(static_cast<std::size_t>(array.ndim()));
    py::ssize_t row_major = 1;
    for (py::ssize_t d = array.ndim(); d-- > 0;) {
        // A step that leads nowhere may be anything, and some ask whether it is as in row-major order.
        const bool counts = array.size() > 0 && array.shape(d) > 1;
        const py::ssize_t stride = counts ? array.strides(d) : row_major * array.itemsize();
        if (stride < 0)
            throw py::buffer_error(
                "the memory is walked backwards, which PyTorch, for one, does not survive: hand over a copy");
        if (stride % array.itemsize() != 0)
            throw py::buffer_error("the strides are no multiples of the element's size: hand over a copy");
        steps[static_cast<std::size_t>(d)] = stride / array.itemsize();
        row_major *= std::max<py::ssize_t>(array.shape(d), 1);
    }
    return steps;
}

dlpack::Tensor tensor_of(py::array& array, std::vector<std::int64_t>& shape,
                         std::vector<std::int64_t>& strides) {
    void* const data = array.size() == 0 ? nullptr : const_cast<void*>(array.data());
    return {
        data,           {cpu, 0}, static_cast<std::int32_t>(array.ndim()), element_type(array), shape.data(),
        strides.data(), 0};
}

template <class Managed>
py::object give(const py::array& array, std::uint64_t flags) {
    auto given = std::make_unique<Given<Managed>>();
    given->shape.assign(array.shape(), array.shape() + array.ndim());
    given->strides = steps_of(array);
    given->array = array;
    Managed& managed = given->managed;
    managed.tensor = tensor_of(given->array, given->shape, given->strides);
    managed.context = given.get();
    managed.deleter = &Given<Managed>::free;
    if constexpr (std::is_same_v<Managed, Versioned>) {
        managed.version = {1, 0};
        managed.flags = flags;
    }
    auto capsule =
        py::reinterpret_steal<py::object>(PyCapsule_New(&managed, Managed::name, &free_untaken<Managed>));
    if (!capsule) throw py::error_already_set();
    static_cast<void>(given.release());  // the capsule's from here on
    return capsule;
}

// give_dlpack(array, versioned, copied)
py::object give_dlpack(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("give_dlpack", values, count, 3, 3);
    const py::array array = array_argument(values[0], "array");
    if (!well_behaved(array))
        throw py::buffer_error(
            "the elements are not aligned or not in this machine's byte order: hand over a copy");
    if (!arguments.flag(1)) {
        if (!array.writeable())
            throw py::buffer_error(
                "the memory is read-only, which only DLPack 1 can say: ask for that by "
                "max_version=(1, 0), or hand over a copy");
        return give<Unversioned>(array, 0);
    }
    return give<Versioned>(
        array, (array.writeable() ? 0 : dlpack::is_read_only) | (arguments.flag(2) ? dlpack::is_copied : 0));
}

// check_dlpack_device(device_type)
py::object check_dlpack_device(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("check_dlpack_device", values, count, 1, 1);
    check_device(arguments.integer(0));
    return py::none();
}

PyMethodDef methods[] = {
    fastcall_method<take_dlpack>("take_dlpack",
                                 "The array over the memory of a capsule, which is then used up."),
    fastcall_method<give_dlpack>("give_dlpack", "A capsule over the memory of an array."),
    fastcall_method<check_dlpack_device>("check_dlpack_device", "Refuses a device that is not the host."),
    {}};

}  // namespace

void register_dlpack(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
