"""Files that PyTorch and fastinit exchange; what a file may not do; what it keeps."""

import contextlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from fastinit import nn
from reference.differential import translated

OBJECT = """
w = torch.arange(6.0).reshape(2, 3)
net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
with torch.no_grad():
    for index, each in enumerate(net.parameters()):
        each.fill_(index + 0.5)
tied = nn.Parameter(torch.ones(2), requires_grad=False)
tied.note = [1, "two"]
noted = torch.ones(2)
noted.note = 3
made = dict(
    state=net.state_dict(), parameters=list(net.parameters()), w=w, column=w[:, 1], transposed=w.t(),
    empty=torch.empty(0, 3), scalar=torch.tensor(3), wide=torch.ones(1).expand(3),
    tied=(tied, tied), noted=noted, leaf=torch.ones(2, requires_grad=True),
    meta=torch.empty(2, 3, device="meta"), flags=torch.tensor([True, False]),
    floats=[torch.tensor([1.5, 2]).to(kind) for kind in (torch.float16, torch.bfloat16, torch.float64)],
    bytes=[torch.tensor([1, 2], dtype=kind) for kind in (torch.uint8, torch.int8)],
    integers=[torch.tensor([1, 2], dtype=kind) for kind in (torch.int16, torch.int32, torch.int64)],
    dtype=torch.bfloat16, size=w.shape, device=torch.device("cpu"), data=b"abc", array=bytearray(b"xyz"),
    others=[None, True, 1.5, -1, 2**70, 1j, "text", {1, 2}, (3,), (1, 2, 3, 4)],
    optimizer=torch.optim.Adam(net.parameters()).state_dict(),
)
"""
SHOWN = """
def of(tensor):
    return tensor.untyped_storage().data_ptr()
shown = [
    (name, value) for name, value in made.items() if name not in ("state", "parameters")
] + [(name, value.tolist(), value.dtype) for name, value in made["state"].items()]
shown += [
    made["state"]._metadata, type(made["state"]).__name__,
    [type(each).__name__ for each in made["parameters"]],
    of(made["w"]) == of(made["column"]) == of(made["transposed"]), made["transposed"].stride(),
    of(made["state"]["0.weight"]) == of(made["parameters"][0]), made["tied"][0] is made["tied"][1],
    made["tied"][0].requires_grad, made["tied"][0].note, made["noted"].note, made["wide"].stride(),
]
"""


def made_by(library) -> dict[str, object]:
    names = {"torch": library, "nn": library.nn}
    exec(OBJECT, names)
    return names["made"]


def shown(made: dict[str, object]) -> str:
    names = {"made": made}
    exec(SHOWN, names)
    return translated(repr(names["shown"])).replace("torch.", "fastinit.")


def saved(obj: object, **how) -> io.BytesIO:
    file = io.BytesIO()
    fastinit.save(obj, file, **how)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("protocol", "weights_only"), [(2, True), (2, False), (3, False), (4, False), (5, False)]
)
def test_torch_loads_what_was_saved(tmp_path: Path, protocol: int, weights_only: bool) -> None:
    torch = pytest.importorskip("torch")
    made = made_by(fastinit)
    fastinit.save(made, tmp_path / "a.pt", pickle_protocol=protocol)
    loaded = torch.load(tmp_path / "a.pt", weights_only=weights_only)
    assert shown(loaded) == shown(made)


@pytest.mark.parametrize("how", [{}, {"mmap": True}, {"weights_only": False}, {"map_location": "cpu"}])
@pytest.mark.parametrize("writer", ["torch", "fastinit"])
def test_what_was_saved_is_loaded(tmp_path: Path, writer: str, how: dict[str, object]) -> None:
    library = pytest.importorskip(writer)
    made = made_by(library)
    library.save(made, tmp_path / "a.pt")
    assert shown(fastinit.load(tmp_path / "a.pt", **how)) == shown(made)


def test_torch_maps_what_was_saved(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    made = made_by(fastinit)
    fastinit.save(made, str(tmp_path / "a.pt"))
    assert shown(torch.load(tmp_path / "a.pt", mmap=True)) == shown(made)


def test_a_result_is_saved_as_a_leaf() -> None:
    again = fastinit.load(saved(fastinit.ones(2, requires_grad=True) * 2))
    assert again.tolist() == [2, 2]
    assert again.is_leaf
    assert again.requires_grad


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_newer_pickles_are_read(protocol: int) -> None:
    made = made_by(fastinit)
    assert shown(fastinit.load(saved(made, pickle_protocol=protocol))) == shown(made)


def test_records_start_where_they_can_be_mapped(tmp_path: Path) -> None:
    fastinit.save([fastinit.ones(3), fastinit.ones(5)], tmp_path / "name.pt")
    whole = (tmp_path / "name.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "name.pt") as archive:
        infos = archive.infolist()
    assert infos[0].filename == "name/data.pkl"
    for info in infos:
        header = whole[info.header_offset : info.header_offset + 30]
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        assert (info.header_offset + 30 + lengths) % 64 == 0


def test_a_file_is_the_same_each_time() -> None:
    obj = {"w": fastinit.ones(2)}
    assert saved(obj).getvalue() == saved(obj).getvalue()


def test_writes_to_what_is_mapped_stay_private(tmp_path: Path) -> None:
    fastinit.save(fastinit.zeros(3), tmp_path / "a.pt")
    mapped = fastinit.load(tmp_path / "a.pt", mmap=True)
    mapped.fill_(1)
    assert fastinit.load(tmp_path / "a.pt").tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="must be a file path"):
        fastinit.load(saved(1), mmap=True)


def test_a_module_is_loaded_from_those_one_trusts() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net[1].weight = net[0].weight
    again = fastinit.load(saved(net), weights_only=False)
    assert repr(again) == repr(net)
    assert again[1].weight is again[0].weight
    assert fastinit.equal(again[0].weight, net[0].weight)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL fastinit\.nn\.container\.Sequential was not"):
        fastinit.load(saved(net))


def test_arrays_that_are_laid_out_in_other_ways_are_saved() -> None:
    numbers = np.arange(24.0).reshape(4, 6)
    arrays = [numbers[::-1], numbers[:, ::2], np.asfortranarray(numbers), numbers[1:, 3:], numbers.T]
    arrays += [np.lib.stride_tricks.sliding_window_view(numbers[0].copy(), 3)]
    tensors = [fastinit.from_numpy(each.copy() if not each.flags.writeable else each) for each in arrays]
    for mine, again in zip(tensors, fastinit.load(saved(tensors)), strict=True):
        assert again.tolist() == mine.tolist()
    windows = fastinit.arange(6.0)[1:].as_strided((3, 2), (1, 1))
    assert fastinit.load(saved(windows)).tolist() == windows.tolist()


def test_one_memory_has_one_dtype() -> None:
    torch = pytest.importorskip("torch")
    messages = []
    for library in (fastinit, torch):
        t = library.ones(2)
        with pytest.raises(RuntimeError) as error:
            library.save([t, t.view(library.int32)], io.BytesIO())
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_a_file_that_cannot_be_pickled_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        fastinit.save(lambda: 0, tmp_path / "a.pt")
    assert not (tmp_path / "a.pt").exists()


def test_places_for_tensors_of_other_devices() -> None:
    here = saved({"w": fastinit.ones(2)})
    elsewhere = io.BytesIO()
    with zipfile.ZipFile(here) as source, zipfile.ZipFile(elsewhere, "w") as changed:
        for name in source.namelist():
            data = source.read(name)
            changed.writestr(name, data.replace(b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0"))

    def load(map_location: object) -> fastinit.Tensor:
        elsewhere.seek(0)
        return fastinit.load(elsewhere, map_location)["w"]

    with pytest.raises(RuntimeError, match=r"map_location=fastinit\.device\('cpu'\)"):
        load(None)
    with pytest.raises(RuntimeError, match="CUDA device"):
        load({"cuda:1": "cpu"})
    with pytest.raises(RuntimeError, match="CUDA device"):
        load(lambda storage, place: None)
    with pytest.raises(RuntimeError, match="tagged with tpu"):
        load({"cuda:0": "tpu"})
    seen = []
    for place in ("cpu", fastinit.device("cpu"), {"cuda:0": "cpu"}, lambda s, where: seen.append(where) or s):
        assert load(place).tolist() == [1, 1]
    assert seen == ["cuda:0"]
    assert load("meta").is_meta


def test_wrong_arguments_raise_what_pytorch_raises(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    (tmp_path / "empty").write_bytes(b"")
    for call in (
        lambda library: library.save(1, 3),
        lambda library: library.load(tmp_path / "none"),
        lambda library: library.load(tmp_path / "none", pickle_module=pickle, weights_only=True),
        lambda library: library.load(saved(1), mmap=True),
    ):
        texts = []
        for library in (fastinit, torch):
            with pytest.raises(Exception) as error:  # noqa: PT011 - which, is compared
                call(library)
            texts.append((type(error.value), str(error.value)))
        assert texts[0] == texts[1]
    for file in (tmp_path / "empty", io.BytesIO(b"no zip file"), saved(1)):
        if isinstance(file, io.BytesIO) and zipfile.is_zipfile(file):
            emptied = io.BytesIO()
            with zipfile.ZipFile(emptied, "w") as archive:
                archive.writestr("a/version", b"3")
            file = emptied  # noqa: PLW2901
        with pytest.raises(pickle.UnpicklingError):
            fastinit.load(file)
    with pytest.raises(NotImplementedError, match="zip format"):
        fastinit.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)


def archive_of(pickled: bytes, **records: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", pickled)
        for name, data in records.items():
            archive.writestr(f"a/data/{name.removeprefix('r')}", data)
    file.seek(0)
    return file


class Calling:
    def __init__(self, function: object, *arguments: object) -> None:
        self.how = function, arguments

    def __reduce__(self) -> object:
        return self.how


HOSTILE = {
    "a call": pickle.dumps(Calling(os.system, "echo called")),
    "eval": pickle.dumps(Calling(eval, "print(1)")),
    "a class": pickle.dumps(Calling(subprocess.Popen, ["true"])),
    "an instance": b"(ios\nsystem\n.",
    "an attribute": pickle.dumps(getattr),
    "a state of a class": b"ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.",
    "a new object": b"ctorch\nTensor\n)\x81.",
    "a call of a class": b"ctorch\nTensor\n(K\x02tR.",
    "a state of a size": b"ctorch\nSize\n)R}X\x01\x00\x00\x00aK\x01sb.",
    "an extension": b"\x82\x01.",
    "no storage": b"(X\x01\x00\x00\x00aK\x01tQ.",
    "a name in a name": b"\x80\x04\x8c\x08builtins\x8c\x0bset.__doc__\x93.",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_in_a_file_is_run(what: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(pickle.UnpicklingError):
        fastinit.load(archive_of(HOSTILE[what]))
    assert not capfd.readouterr().out


def tensor_pickle(offset: object, size: object, stride: object, count: int = 4) -> bytes:
    """A pickle of one tensor on a storage of `count` float32."""
    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK"
        + bytes([count])
        + b"tQ"
    )
    parts = b"".join(pickle.dumps(each, 2)[2:-1] for each in (offset, size, stride, False, None))
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + parts + b"tR."


def test_a_tensor_stays_in_its_storage() -> None:
    data = np.arange(4, dtype=np.float32).tobytes()
    fits = fastinit.load(archive_of(tensor_pickle(1, (3,), (1,)), r0=data))
    assert fits.tolist() == [1, 2, 3]
    for place in (
        *((2, (3,), (1,)), (0, (5,), (1,)), (0, (2, 2), (4, 1)), (-1, (2,), (1,)), (0, (2,), (-1,))),
        *((0, (2**62,), (0,)), (0, (2,), (1, 1)), (0, (2.0,), (1,)), (0, "ab", (1, 1)), (True, (2,), (1,))),
        *((5, (1,), (1,)), (2**70, (1,), (1,))),
    ):
        with pytest.raises(pickle.UnpicklingError):
            fastinit.load(archive_of(tensor_pickle(*place), r0=data))
    for count, record in ((3, data), (5, data), (4, data[:-1])):
        with pytest.raises(pickle.UnpicklingError, match="bytes"):
            fastinit.load(archive_of(tensor_pickle(0, (1,), (1,), count), r0=record))
    with pytest.raises(pickle.UnpicklingError):
        fastinit.load(archive_of(tensor_pickle(0, (1,), (1,))))


def test_attributes_of_a_file_do_not_replace_those_of_tensors() -> None:
    noted = fastinit.ones(2)
    noted.note = 1
    file = saved(noted)
    with zipfile.ZipFile(file) as source:
        pickled, record = source.read("archive/data.pkl"), source.read("archive/data/0")
    for name in (b"_array", b"_node", b"shape"):
        changed = pickled.replace(b"\x04\x00\x00\x00note", bytes([len(name)]) + b"\x00\x00\x00" + name)
        assert changed != pickled
        assert fastinit.load(archive_of(changed, r0=record)).tolist() == [1, 1]


def test_compressed_records_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", pickle.dumps(1, 2))
    with pytest.raises(pickle.UnpicklingError, match="compressed"):
        fastinit.load(file)


def test_files_of_the_other_byte_order_are_read() -> None:
    other = {"little": "big", "big": "little"}[sys.byteorder]
    data = np.arange(4, dtype=np.float32).byteswap().tobytes()
    file = archive_of(tensor_pickle(0, (4,), (1,)), r0=data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("a/byteorder", other)
    assert fastinit.load(file).tolist() == [0, 1, 2, 3]


VALUE = {
    "w": fastinit.arange(6.0).reshape(2, 3),
    "n": nn.Parameter(fastinit.ones(2)),
    "s": OrderedDict(a=[1, "b"]),
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_pickle_gives_an_error_or_harmless_values(changes: list[tuple[int, int]]) -> None:
    with zipfile.ZipFile(saved(VALUE)) as source:
        pickled = bytearray(source.read("archive/data.pkl"))
        records = {f"r{i}": source.read(f"archive/data/{i}") for i in range(2)}
    for place, byte in changes:
        pickled[place % len(pickled)] = byte
    with contextlib.suppress(pickle.UnpicklingError, RuntimeError):
        repr(fastinit.load(archive_of(bytes(pickled), **records)))
