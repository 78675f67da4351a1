#include <string>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/blake2b.hpp"

namespace fastinit::bindings {
namespace {

using runtime::Leaves;

// An array of bytes, one after another; of `ndim` dimensions.
py::array bytes_argument(PyObject* object, const char* name, py::ssize_t ndim) {
    py::array array = array_argument(object, name);
    if (array.dtype().num() != py::dtype::num_of<std::uint8_t>() || array.ndim() != ndim ||
        (array.flags() & py::array::c_style) == 0)
        throw py::value_error(std::string("blake2b_leaves: expected ") + name +
                              " to be a contiguous array of uint8 with " + std::to_string(ndim) +
                              " dimension" + (ndim == 1 ? "" : "s"));
    return array;
}

// blake2b_leaves(data, leaf_size, node_offset, last, out)
py::object blake2b_leaves(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("blake2b_leaves", values, count, 5, 5);
    const py::array data = bytes_argument(values[0], "data", 1);
    py::array out = bytes_argument(values[4], "out", 2);
    const std::uint64_t leaf_size = arguments.unsigned_integer(1);
    if (leaf_size < 1 || leaf_size > UINT32_MAX)
        throw py::value_error("blake2b_leaves: leaf_size must be in [1, 2^32), not " +
                              std::to_string(leaf_size));
    const Leaves leaves{static_cast<const std::uint8_t*>(data.data()), data.size(),
                        static_cast<std::uint32_t>(leaf_size), arguments.unsigned_integer(2),
                        arguments.flag(3)};
    if (!leaves.last && !runtime::is_whole(leaves))
        throw py::value_error("blake2b_leaves: " + std::to_string(leaves.size) +
                              " bytes are no whole leaves of " + std::to_string(leaf_size) +
                              ", and only the last leaf of all may be shorter");
    if (out.shape(0) != runtime::leaf_count(leaves) || out.shape(1) != kernels::blake2b_digest_bytes)
        throw py::value_error("blake2b_leaves: expected out to be of shape (" +
                              std::to_string(runtime::leaf_count(leaves)) + ", 64), not (" +
                              std::to_string(out.shape(0)) + ", " + std::to_string(out.shape(1)) + ")");
    if (!out.writeable()) throw py::value_error("blake2b_leaves: out is read-only");
    auto* const digests = static_cast<std::uint8_t*>(out.mutable_data());
    {
        const py::gil_scoped_release released;
        runtime::blake2b_leaves(leaves, digests);
    }
    return py::none();
}

PyMethodDef methods[] = {
    fastcall_method<blake2b_leaves>("blake2b_leaves",
                                    "blake2b_leaves(data, leaf_size, node_offset, last, out, /)\n--\n\n"
                                    "The BLAKE2b digests of the leaves of a tree, written into `out`."),
    {}};

}  // namespace

void register_blake2b(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
