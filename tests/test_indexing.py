"""What may stand between square brackets, and what may be written there, against PyTorch."""

import pytest

import fastinit
from reference.differential import calls, transcript

PROGRAM = """
c = torch.arange(24.0).reshape(2, 3, 4)
y, z, empty = torch.tensor([1, 2, 3]), torch.tensor(2.5), torch.empty(0)
bytes_ = torch.tensor([1, 2], dtype=torch.uint8)
small = torch.tensor([1, 0], dtype=torch.int16)

def put(index, value, into=None):
    into = c.clone() if into is None else into.clone()
    into[index] = value
    return into

def one(name):
    return torch.ones(1, dtype=getattr(torch, name))
"""

READS = """
c[[0, slice(None)]] | c[[None, 0]] | c[[..., 0]] | c[[[0]]] | c[[[0], 0]] | c[[(0, 1)]] | c[[[]]] | c[[]]
c[[np.array([0, 1])]] | c[[np.array(0)]] | c[[torch.tensor(0)]] | c[[torch.tensor([0, 1])]]
c[[[0, 1], [1, 0]]] | c[[[0, 1], [1, 0]],] | c[[[0, 1], [1]]] | c[[0, 1.5]] | c[[1.7]] | c[[True, 1]]
c[["a"]] | c["ab"] | c["a"] | c[b"a"] | c[0, "a"] | c[range(2)] | c[range(40)] | c[[[0]] * 40].shape
c[[0, 1] * 20].shape | c[[[0, 1]] * 31] | c[np.array([0.0, 1.0])] | c[bytes_.numpy()] | c[bytes_]
c[small] | c[0, small[0]] | c[np.array([0, 1], dtype=np.int16)]
c[torch.tensor(1, dtype=torch.uint8)].shape | c[{}] | c[object()] | c[1j] | c[0, [1.5]]
c[0, [[0, 1], [1]]] | c[0, (0, 1)] | c[[0, 1], [0, 1, 2]]
c[torch.tensor([0, 1]), :, torch.tensor([0, 1, 2])] | c[::0] | c[::-1] | c[[-4]] | c[c > 5, [0, 1]]
empty[[0]] | empty[0] | empty[[]] | torch.empty(3, 0)[:, [0]] | z[[0]] | z[torch.tensor(True)]
c[[True, False]] | c[[[True, False, True], [False] * 3],] | c[[0, True]] | c[np.float64(1)]
c[torch.tensor(1.0)] | c.index_select(0, torch.tensor([[0]])) | c.index_select(0, z)
c.index_select(0, torch.tensor(1)) | c.masked_select(y) | c.masked_select(torch.tensor([True, False]))
c.masked_fill(c > 5, torch.ones(4)) | c.masked_fill(c > 5, z)
"""

WRITES = """
put(0, [1, 2, 3, 4]) | put([0], [1, 2, 3, 4]) | put([0], np.ones(4)) | put(0, np.float32(3))
put(0, np.int64(3)) | put([0], np.float64(3)) | put(0, np.bool_(True)) | put(0, True) | put([0], None)
put([0], "a") | put(c > 5, [1]) | put(0, (1,)) | put(0, 1j) | put([0], 1j) | put(0, object())
put(0, {}) | put("a", 1) | put([[0, 1], [0, 1]], 1) | put([[0, 1], [0, 1]], torch.ones(2, 4))
put([0, slice(None)], 1) | put([0, 1], torch.ones(2)) | put(0, 300, bytes_) | put([0], 300, bytes_)
put(0, -1, bytes_) | put(0, -300, bytes_) | put(0, 1.7, bytes_) | put([0], 1.7, bytes_)
put(0, float("nan"), y) | put([0], float("nan"), y) | put(0, 2**63, y) | put([0], 2**63, y)
put(0, -(2**63) - 1, y) | put(0, 1e39) | put(0, 10**400) | put([0], 2**70) | put(0, 300, one("int8"))
put(0, -129, one("int8")) | put(0, 1e5, one("float16")) | put(0, -1e300, one("bfloat16"))
put(0, 0.5, y > 1) | bytes_.clone().fill_(300) | bytes_.clone().fill_(-1) | bytes_.clone().fill_(-1.5)
bytes_.clone().fill_(255.9) | one("int8").fill_(128) | one("int8").fill_(-128.9)
torch.ones(2, dtype=torch.float16).fill_(1e6)
one("float32").fill_(1e39) | bytes_.clone().fill_(torch.tensor(300))
bytes_.clone().fill_(float("inf")) | y.clone().fill_(float("nan")) | y.clone().fill_(2**63)
one("float32").fill_(1j) | one("bool").fill_(float("nan")) | c.masked_fill(c > 5, 1e39)
torch.full((1,), 300, dtype=torch.uint8) | torch.full((1,), 1e39)
torch.full((1,), -1, dtype=torch.uint8) | torch.full_like(bytes_, 300) | bytes_.new_full((1,), 300)
torch.full((2,), 1e39, dtype=torch.bfloat16) | torch.full((1,), 2**63)
nn.init.constant_(torch.ones(2, dtype=torch.float16), 1e6) | nn.init.constant_(one("float32"), 1e39)
torch.ones(2, dtype=torch.float16).masked_fill(torch.ones(2) > 0, 1e6)
torch.ones(2, dtype=torch.float16).index_fill(0, torch.tensor([0]), 1e6)
put([0], 1e6, torch.ones(2, dtype=torch.float16)) | put(0, -1e9, torch.ones(2, 2, dtype=torch.float16))
"""


@pytest.mark.parametrize("call", [*calls(READS), *calls(WRITES)])
def test_an_index_means_what_it_means_in_torch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = (
        "\n".join(transcript(library, PROGRAM, call)).split(" (Triggered internally")[0]
        for library in (fastinit, torch)
    )
    assert ours == theirs
