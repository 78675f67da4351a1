#include "bindings/arrays.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/orthogonal.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter orthonormal_columns_calls("orthonormal_columns");

// orthonormal_columns(vectors)
py::array orthonormal_columns(const py::object& object) {
    orthonormal_columns_calls.count();
    py::array vectors = array_argument(object.ptr(), "vectors");
    if (vectors.ndim() != 2 || vectors.shape(0) > vectors.shape(1) || !vectors.writeable() ||
        !(vectors.flags() & py::array::c_style) || !well_behaved(vectors))
        throw py::value_error(
            "orthonormal_columns: vectors must be a writable C-contiguous matrix that is not higher than "
            "wide");
    return with_element_type(vectors, "orthonormal_columns", [&]<class T>() -> py::array {
        const Index columns = vectors.shape(0);
        const Index rows = vectors.shape(1);
        py::array result = empty(vectors, {rows, columns});
        py::array signs = empty(vectors, {columns});
        const kernels::Orthonormal<T> q{rows, columns, static_cast<T*>(vectors.mutable_data()),
                                        static_cast<T*>(signs.mutable_data()),
                                        static_cast<T*>(result.mutable_data())};
        const py::gil_scoped_release released;
        runtime::make_orthonormal(q);
        return result;
    });
}

}  // namespace

void register_orthogonal(py::module_& module) {
    module.def("orthonormal_columns", &orthonormal_columns, py::arg("vectors"), py::pos_only());
}

}  // namespace fastinit::bindings
