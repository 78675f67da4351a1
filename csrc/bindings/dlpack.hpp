#pragma once

#include <cstdint>

// The layout that two libraries agree on to hand memory to each other: DLPack 1, and the form before it.
// https://dmlc.github.io/dlpack/latest/c_api.html says what each field means.
namespace fastinit::bindings::dlpack {

struct Device {
    std::int32_t type;
    std::int32_t id;
};

struct ElementType {
    std::uint8_t code;
    std::uint8_t bits;
    std::uint16_t lanes;
};

struct Tensor {
    void* data;
    Device device;
    std::int32_t ndim;
    ElementType dtype;
    std::int64_t* shape;
    std::int64_t* strides;  // in elements; until version 1.2, null where the order is row-major
    std::uint64_t byte_offset;
};

struct Unversioned {
    Tensor tensor;
    void* context;
    void (*deleter)(Unversioned*);

    static constexpr const char* name = "dltensor";
    static constexpr const char* name_once_taken = "used_dltensor";
};

struct Version {
    std::uint32_t major;
    std::uint32_t minor;
};

struct Versioned {
    Version version;
    void* context;
    void (*deleter)(Versioned*);
    std::uint64_t flags;
    Tensor tensor;

    static constexpr const char* name = "dltensor_versioned";
    static constexpr const char* name_once_taken = "used_dltensor_versioned";
};

// Flags.
constexpr std::uint64_t is_read_only = 1;
constexpr std::uint64_t is_copied = 2;

}  // namespace fastinit::bindings::dlpack
