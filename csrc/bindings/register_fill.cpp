#include <algorithm>
#include <bit>
#include <optional>
#include <span>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/fill.hpp"

namespace fastinit::bindings {
namespace {

using kernels::Dtype;
using kernels::FillKernel;
using kernels::FillRow;
using kernels::FillTable;
using runtime::Dimension;

// How a distribution is called from Python, its row of the table, and the names of its numbers.
template <std::size_t numbers>
struct Distribution {
    const char* name;
    const FillRow* FillTable::* row;
    std::array<const char*, numbers> number_names;
    const char* doc;
    bool of_integers = false;  // whether the numbers are int64, whose bits its kernels then read

    constexpr Parameters<numbers + 6> parameters() const {
        Parameters<numbers + 6> result{name, {"array"}, numbers + 4};
        const char** next = std::copy(number_names.begin(), number_names.end(), result.names.data() + 1);
        for (const char* of_place : {"seed", "stream", "position", "global_shape", "start"})
            *next++ = of_place;
        return result;
    }
};

// A fill's name says under which name its calls are counted.
constexpr Distribution<2> uniform{
    "fill_uniform", &FillTable::uniform, {"low", "high"}, "Uniform on [low, high)."};
constexpr Distribution<2> normal{"fill_normal", &FillTable::normal, {"mean", "std"}, "Normal."};
constexpr Distribution<4> trunc_normal{"fill_trunc_normal",
                                       &FillTable::trunc_normal,
                                       {"mean", "std", "a", "b"},
                                       "Normal under the condition that it lies in [a, b]."};
constexpr Distribution<3> masked_uniform{"fill_masked_uniform",
                                         &FillTable::masked_uniform,
                                         {"low", "high", "threshold"},
                                         "Uniform on [low, high), then 0 where abs(x) < threshold."};
constexpr Distribution<1> bernoulli{
    "fill_bernoulli", &FillTable::bernoulli, {"p"}, "1 with probability p, else 0."};
constexpr Distribution<1> exponential{
    "fill_exponential", &FillTable::exponential, {"lambd"}, "Exponential with the rate lambd."};
constexpr Distribution<2> log_normal{
    "fill_log_normal", &FillTable::log_normal, {"mean", "std"}, "e to the power of a normal."};
constexpr Distribution<2> cauchy{
    "fill_cauchy", &FillTable::cauchy, {"median", "sigma"}, "Cauchy about the median."};
constexpr Distribution<1> geometric{
    "fill_geometric", &FillTable::geometric, {"p"}, "The trials up to the first success."};
constexpr Distribution<2> integers{
    "fill_integers", &FillTable::integers, {"first", "last"}, "Integers of [first, last].", true};

constexpr Parameters<7> words_parameters{
    "random_words", {"array", "seed", "stream", "position", "global_shape", "start", "draw"}, 4};

runtime::CallCounter constant_calls("fill_constant"), words_calls("random_words");

const FillTable& table() { return runtime::active_kernels().fill; }

const FillKernel& kernel_for(const FillRow& row, const py::array& array) {
    const FillKernel* kernel = nullptr;
    const py::dtype dtype = array.dtype();
    const py::ssize_t size = dtype.itemsize();
    switch (dtype.kind()) {
        case 'f':
            if (size <= 8)
                kernel = &row[size == 4 ? Dtype::float32 : size == 8 ? Dtype::float64 : Dtype::float16];
            break;
        case 'i':
            kernel = &row[size == 1   ? Dtype::int8
                          : size == 2 ? Dtype::int16
                          : size == 4 ? Dtype::int32
                                      : Dtype::int64];
            break;
        case 'u':
        case 'b':
            if (size == 1) kernel = &row[Dtype::uint8];
            break;
        case 'V':
            if (size == 2 && is_bfloat16(dtype)) kernel = &row[Dtype::bfloat16];
    }
    if (kernel && kernel->range) return *kernel;
    throw py::value_error(std::string("the array must be of float16, bfloat16, float32 or float64") +
                          (row[Dtype::int64].range ? ", or of bool, uint8 or a signed integer type" : "") +
                          ", not " + std::string(py::str(dtype)));
}

// Reads as many integers as the array has dimensions, each into `member` of its dimension.
void read_lengths(PyObject* lengths, std::span<Dimension> dimensions, std::int64_t Dimension::* member) {
    const auto items =
        py::reinterpret_steal<py::object>(PySequence_Fast(lengths, "global_shape and start are sequences"));
    if (!items) throw py::error_already_set();
    if (PySequence_Fast_GET_SIZE(items.ptr()) != static_cast<Py_ssize_t>(dimensions.size()))
        throw py::value_error("global_shape and start must have one entry per dimension of the array");
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        const std::int64_t length =
            PyLong_AsLongLong(PySequence_Fast_GET_ITEM(items.ptr(), static_cast<Py_ssize_t>(i)));
        if (length == -1 && PyErr_Occurred()) throw py::error_already_set();
        dimensions[i].*member = length;
    }
}

// Where in which stream the words of a fill come from; `global_shape` and `start`, if given, say which box of
// which tensor the array is.
struct Place {
    std::uint64_t seed = 0, stream = 0, position = 0;
    PyObject *global_shape = nullptr, *start = nullptr;
};

// The place is the arguments from `first` on.
Place place_of(const Arguments& arguments, Py_ssize_t first) {
    return {arguments.unsigned_integer(first), arguments.unsigned_integer(first + 1),
            arguments.unsigned_integer(first + 2), arguments[first + 3], arguments[first + 4]};
}

runtime::Target target_of(const py::array& array, const Place& place) {
    check_writable(array);
    if ((place.global_shape == nullptr) != (place.start == nullptr))
        throw py::value_error("global_shape and start go together");
    Dimension storage[kernels::max_axes];
    const std::span<Dimension> dimensions(storage, static_cast<std::size_t>(array.ndim()));
    for (std::size_t i = 0; i < dimensions.size(); ++i)
        dimensions[i] = {array.shape()[i], array.strides()[i], array.shape()[i], 0};
    if (place.global_shape) {
        read_lengths(place.global_shape, dimensions, &Dimension::whole);
        read_lengths(place.start, dimensions, &Dimension::start);
    }
    runtime::Target target = runtime::make_target(static_cast<char*>(const_cast<void*>(array.data())),
                                                  array.itemsize(), dimensions, place.position);
    target.fill.seed = place.seed;
    target.fill.stream = place.stream;
    return target;
}

bool interrupted() {
    const py::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

py::object run(const FillKernel& kernel, const runtime::Target& target, const py::array& array) {
    if (const char* reason = kernel.refuse(target.fill.arguments)) throw py::value_error(reason);
    // Letting go of the GIL takes longer than a fill of a few elements.
    constexpr std::int64_t few = 512;
    std::optional<py::gil_scoped_release> released;
    if (target.size > few) released.emplace();
    const bool finished = runtime::fill(kernel, target, array.itemsize(), &interrupted);
    released.reset();
    if (!finished) throw py::error_already_set();
    return py::none();
}

template <const auto& distribution>
struct Fill {
    static constexpr auto parameters = distribution.parameters();
    static inline runtime::CallCounter calls{distribution.name};

    static py::object call(PyObject* const* values, Py_ssize_t count) {
        const Arguments arguments(distribution.name, values, count, parameters.required,
                                  parameters.names.size());
        calls.count();
        if (has_no_memory(values[0])) return py::none();
        const py::array array = array_argument(values[0], "array");
        const FillKernel& kernel = kernel_for(*(table().*distribution.row), array);
        constexpr std::size_t numbers = distribution.number_names.size();
        runtime::Target target = target_of(array, place_of(arguments, 1 + numbers));
        for (std::size_t i = 0; i < numbers; ++i)
            target.fill.arguments[i] = number(arguments, static_cast<Py_ssize_t>(1 + i));
        return run(kernel, target, array);
    }

    static double number(const Arguments& arguments, Py_ssize_t i) {
        if constexpr (distribution.of_integers)
            return std::bit_cast<double>(arguments.integer(i));
        else
            return arguments.number(i);
    }

    static PyMethodDef method() { return fastcall_method_with_keywords<parameters, &call>(distribution.doc); }
};

// fill_constant(array, value)
py::object fill_constant(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("fill_constant", values, count, 2, 2);
    constant_calls.count();
    if (has_no_memory(values[0])) return py::none();
    const py::array array = array_argument(values[0], "array");
    const FillKernel& kernel = kernel_for(*table().constant, array);
    runtime::Target target = target_of(array, {});
    target.fill.arguments[0] = arguments.number(1);
    return run(kernel, target, array);
}

// random_words(array, seed, stream, position, global_shape=None, start=None, draw=0)
py::object random_words(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("random_words", values, count, 4, 7);
    words_calls.count();
    const py::array array = array_argument(values[0], "array");
    if (array.dtype().kind() != 'u' || array.itemsize() < 4)
        throw py::value_error("the array must be of uint32 or uint64, not " +
                              std::string(py::str(array.dtype())));
    runtime::Target target = target_of(array, place_of(arguments, 1));
    if (arguments[6]) target.fill.draw = arguments.unsigned_integer(6);
    if (target.fill.draw >= 1 << 16)
        throw py::value_error("draw must be below 2^16, not " + std::to_string(target.fill.draw));
    return run(array.itemsize() == 4 ? *table().words32 : *table().words64, target, array);
}

// check_writable(array)
py::object check_writable_array(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("check_writable", values, count, 1, 1);
    if (!has_no_memory(values[0])) check_writable(array_argument(values[0], "array"));
    return py::none();
}

PyMethodDef methods[] = {
    Fill<uniform>::method(),
    Fill<normal>::method(),
    Fill<trunc_normal>::method(),
    Fill<masked_uniform>::method(),
    Fill<bernoulli>::method(),
    Fill<exponential>::method(),
    Fill<log_normal>::method(),
    Fill<cauchy>::method(),
    Fill<geometric>::method(),
    Fill<integers>::method(),
    fastcall_method<check_writable_array>("check_writable", "Raises where the array cannot be filled."),
    fastcall_method<fill_constant>("fill_constant", "The value, rounded to the dtype."),
    fastcall_method_with_keywords<words_parameters, random_words>("The words of one draw."),
    {}};

}  // namespace

void register_fill(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
