#include <pybind11/stl.h>

#include <optional>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/fill.hpp"

namespace fastinit::bindings {
namespace {

using Lengths = std::optional<std::vector<std::int64_t>>;

// Where in which stream the words come from; `global_shape` and `start` say which box of which tensor the
// array is.
struct Place {
    std::uint64_t seed = 0, stream = 0, position = 0, draw = 0;
    Lengths global_shape, start;
};

runtime::Target target_of(const py::array& array, const Place& place) {
    if (!array.writeable()) throw py::value_error("the array is read-only");
    if (!well_behaved(array)) throw py::value_error("the array must be aligned and in native byte order");
    const auto axes = static_cast<std::size_t>(array.ndim());
    if (place.global_shape.has_value() != place.start.has_value())
        throw py::value_error("global_shape and start go together");
    if (place.global_shape && (place.global_shape->size() != axes || place.start->size() != axes))
        throw py::value_error("global_shape and start must have one entry per dimension of the array");
    std::vector<runtime::Dimension> dimensions(axes);
    for (std::size_t i = 0; i < axes; ++i) {
        const auto d = static_cast<py::ssize_t>(i);
        dimensions[i] = {array.shape(d), array.strides(d),
                         place.global_shape ? (*place.global_shape)[i] : array.shape(d),
                         place.start ? (*place.start)[i] : 0};
    }
    runtime::Target target = runtime::make_target(static_cast<char*>(const_cast<void*>(array.data())),
                                                  array.itemsize(), dimensions, place.position);
    target.fill.seed = place.seed;
    target.fill.stream = place.stream;
    target.fill.draw = place.draw;
    return target;
}

void run(const kernels::FillKernel& kernel, const py::array& array, const Place& place,
         std::initializer_list<double> arguments) {
    runtime::Target target = target_of(array, place);
    std::copy(arguments.begin(), arguments.end(), target.fill.arguments);
    if (const char* reason = kernel.refuse(target.fill.arguments)) throw py::value_error(reason);
    const auto interrupted = [] {
        const py::gil_scoped_acquire gil;
        return PyErr_CheckSignals() != 0;
    };
    bool finished;
    {
        const py::gil_scoped_release released;
        finished = runtime::fill(kernel, target, array.itemsize(), interrupted);
    }
    if (!finished) throw py::error_already_set();
}

const kernels::FillKernel& kernel_for(const kernels::FillRow& row, const py::array& array) {
    const py::dtype dtype = array.dtype();
    if (dtype.kind() == 'f' && dtype.itemsize() == 4) return row[kernels::Dtype::float32];
    if (dtype.kind() == 'f' && dtype.itemsize() == 8) return row[kernels::Dtype::float64];
    if (dtype.kind() == 'f' && dtype.itemsize() == 2) return row[kernels::Dtype::float16];
    if (dtype_name(array) == "BFloat16" && py::str(dtype.attr("name")).equal(py::str("bfloat16")))
        return row[kernels::Dtype::bfloat16];
    throw py::value_error("the array must be of float16, bfloat16, float32 or float64, not " +
                          std::string(py::str(dtype)));
}

const kernels::FillTable& table() { return runtime::active_kernels().fill; }

runtime::CallCounter uniform_calls("fill_uniform"), normal_calls("fill_normal"),
    trunc_normal_calls("fill_trunc_normal"), masked_uniform_calls("fill_masked_uniform"),
    bernoulli_calls("fill_bernoulli"), constant_calls("fill_constant"), words_calls("random_words");

py::array array_of(py::handle object) { return array_argument(object.ptr(), "array"); }

// Defines one fill: its name, its row of the table, and the names of its arguments, one per number.
template <class... Names>
void define(py::module_& module, const char* name, const kernels::FillRow* kernels::FillTable::* row,
            runtime::CallCounter& calls, Names... names) {
    module.def(
        name,
        [row, &calls](py::object array, typename std::conditional<true, double, Names>::type... arguments,
                      std::uint64_t seed, std::uint64_t stream, std::uint64_t position, Lengths global_shape,
                      Lengths start) {
            calls.count();
            const py::array target = array_of(array);
            run(kernel_for(*(table().*row), target), target,
                {seed, stream, position, 0, std::move(global_shape), std::move(start)}, {arguments...});
        },
        py::arg("array"), py::arg(names)..., py::kw_only(), py::arg("seed"), py::arg("stream"),
        py::arg("position"), py::arg("global_shape") = py::none(), py::arg("start") = py::none());
}

}  // namespace

void register_fill(py::module_& module) {
    using Table = kernels::FillTable;
    define(module, "fill_uniform", &Table::uniform, uniform_calls, "low", "high");
    define(module, "fill_normal", &Table::normal, normal_calls, "mean", "std");
    define(module, "fill_trunc_normal", &Table::trunc_normal, trunc_normal_calls, "mean", "std", "a", "b");
    define(module, "fill_masked_uniform", &Table::masked_uniform, masked_uniform_calls, "low", "high",
           "threshold");
    define(module, "fill_bernoulli", &Table::bernoulli, bernoulli_calls, "p");
    module.def(
        "fill_constant",
        [](py::object array, double value) {
            constant_calls.count();
            const py::array target = array_of(array);
            run(kernel_for(*table().constant, target), target, {}, {value});
        },
        py::arg("array"), py::arg("value"));
    module.def(
        "random_words",
        [](py::object array, std::uint16_t draw, std::uint64_t seed, std::uint64_t stream,
           std::uint64_t position, Lengths global_shape, Lengths start) {
            words_calls.count();
            const py::array target = array_of(array);
            if (target.dtype().kind() != 'u' || target.itemsize() < 4)
                throw py::value_error("the array must be of uint32 or uint64, not " +
                                      std::string(py::str(target.dtype())));
            run(target.itemsize() == 4 ? *table().words32 : *table().words64, target,
                {seed, stream, position, draw, std::move(global_shape), std::move(start)}, {});
        },
        py::arg("array"), py::kw_only(), py::arg("draw") = 0, py::arg("seed"), py::arg("stream"),
        py::arg("position"), py::arg("global_shape") = py::none(), py::arg("start") = py::none());
}

}  // namespace fastinit::bindings
