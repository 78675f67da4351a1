"""The same checkpoint at any address: a path, `file://`, memory, an object store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastinit import checkpoint
from fastinit.checkpoint import MismatchError
from fastinit.checkpoint.header import INDEX
from fastinit.checkpoint.manifest import MANIFEST
from fastinit.checkpoint.store import Store, open_store
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.checkpoints import RECIPE, SEED, contents, layers

fsspec = pytest.importorskip("fsspec")

# The parts of an object must have 5 MiB at least for S3 to put them together.
LARGE = Recipe(
    [Rule("*", "normal_")], tensors={**layers(3, (100, 1000)).tensors, "large": TensorSpec((2000, 1000))}
)
SIZE = 6 << 20


class Place:
    """An address, what reaches it, and what lies there."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.url = url
        self.options = options

    def write(self, recipe: Recipe = LARGE, **options: Any) -> checkpoint.Manifest:
        given = {"seed": SEED, "max_shard_size": SIZE, "options": self.options, **options}
        return checkpoint.write(recipe, self.url, **given)

    def verify(self) -> checkpoint.Manifest:
        return checkpoint.verify(self.url, options=self.options)

    @property
    def store(self) -> Store:
        return open_store(self.url, self.options)

    def contents(self) -> dict[str, bytes]:
        """Every file there, hidden ones and those of folders too."""
        files, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False, **self.options)
        files.invalidate_cache()
        root = root.rstrip("/")
        return {path.removeprefix(f"{root}/"): files.cat_file(path) for path in files.find(root)}

    def spoil(self, name: str, data: bytes) -> None:
        files, root = fsspec.core.url_to_fs(self.url, **self.options)
        files.pipe_file(f"{root.rstrip('/')}/{name}", data)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, Any]]:
    """An object store on this machine, and the options that reach it."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    pytest.importorskip("s3fs")
    server.start()
    host, port = server.get_host_and_port()
    client = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    yield {"key": "test", "secret": "test", "client_kwargs": client}
    server.stop()


@pytest.fixture
def bucket(s3_server: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[Place]:
    """An address in a bucket of its own, which is empty."""
    import boto3

    name = f"bucket-{abs(hash(request.node.nodeid)):x}"
    secrets = {"aws_access_key_id": s3_server["key"], "aws_secret_access_key": s3_server["secret"]}
    client = boto3.client("s3", **s3_server["client_kwargs"], **secrets)
    client.create_bucket(Bucket=name)
    yield Place(f"s3://{name}/models/first", s3_server)
    assert not client.list_multipart_uploads(Bucket=name).get("Uploads"), (
        "what is begun costs, and is not seen"
    )
    client.close()


@pytest.fixture
def memory() -> Iterator[Place]:
    yield Place("memory://models/first", {})
    fsspec.filesystem("memory").rm("/models", recursive=True)


@pytest.fixture(params=["file", "memory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of address in turn."""
    if request.param == "file":
        return Place(f"file://{tmp_path}/models/first", {})
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The checkpoint at a plain path."""
    directory = tmp_path_factory.mktemp("whole")
    manifest = checkpoint.write(LARGE, directory, seed=SEED, max_shard_size=SIZE)
    assert [file.whole for file in manifest.job.plan.files] == [True, False]
    return contents(directory)


def test_the_bytes_are_those_of_a_path(place: Place, whole: dict[str, bytes]) -> None:
    place.write()
    assert place.contents() == whole
    place.verify()


def test_a_shard_size_below_that_of_the_parts_of_an_object(place: Place, tmp_path: Path) -> None:
    recipe = layers(1, (600, 1000))
    place.write(recipe, max_shard_size="1MB")
    checkpoint.write(recipe, tmp_path / "plain", seed=SEED, max_shard_size="1MB")
    assert place.contents() == contents(tmp_path / "plain")


def test_tensors_without_values_and_scalars(place: Place, tmp_path: Path) -> None:
    place.write(RECIPE, max_shard_size=100)
    checkpoint.write(RECIPE, tmp_path / "plain", seed=SEED, max_shard_size=100)
    assert place.contents() == contents(tmp_path / "plain")
    place.verify()


@pytest.mark.parametrize("after", [0, 1_000_000, 8_000_000])
def test_what_is_interrupted_is_gone_on_with(place: Place, whole: dict[str, bytes], after: int) -> None:
    done = 0

    def stop(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        if done > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.write(progress=stop)
    if after < 1_200_000:
        assert place.contents() == {}
    place.write(resume=True)
    assert place.contents() == whole


def test_what_is_complete_is_only_looked_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place.write()

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(type(place.store), "create", refuse)
    assert place.write(resume=True) == first


def test_an_existing_checkpoint_is_kept_unless_forced(place: Place, whole: dict[str, bytes]) -> None:
    place.write(RECIPE, max_shard_size=1)
    with pytest.raises(FileExistsError, match="exists, and is kept without force"):
        place.write()
    place.write(force=True)
    assert place.contents() == whole


def test_the_manifest_of_another_checkpoint_goes_before_its_files_are_replaced(place: Place) -> None:
    place.write(seed=SEED + 1)
    done = 0

    def stop(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        if done > 8_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.write(force=True, progress=stop)
    if MANIFEST in place.contents():
        place.verify()
    else:
        assert INDEX not in place.contents()
        with pytest.raises(FileExistsError, match="another recipe, seed or shard size"):
            place.write(seed=SEED + 1, resume=True)


def test_a_bit_that_changes_is_found(place: Place) -> None:
    place.write()
    name = "model-00002-of-00002.safetensors"
    data = bytearray(place.contents()[name])
    data[-1] ^= 1
    place.spoil(name, bytes(data))
    with pytest.raises(MismatchError, match='"large" differs first at flat index 1999999 '):
        place.verify()


class Flaky:
    """Lets some of the requests that send bytes to an object store fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: Any, error: Exception) -> None:
        from aiobotocore.httpsession import AIOHTTPSession

        self.seen = 0
        send = AIOHTTPSession.send

        async def flaky(session: Any, request: Any) -> Any:
            if request.method == "PUT":
                self.seen += 1
                if failing(self.seen):
                    raise error
            return await send(session, request)

        monkeypatch.setattr(AIOHTTPSession, "send", flaky)


def lost() -> Exception:
    from botocore.exceptions import ConnectionClosedError

    return ConnectionClosedError(endpoint_url="http://127.0.0.1")


def test_requests_that_fail_now_and_then_are_made_again(
    bucket: Place, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky = Flaky(monkeypatch, lambda number: number % 3 == 0, lost())
    bucket.write()
    assert flaky.seen > 5
    assert bucket.contents() == whole


def test_an_upload_that_fails_leaves_no_object_and_is_gone_on_with(
    bucket: Place, whole: dict[str, bytes]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Flaky(patch, lambda number: number > 1, PermissionError("Access Denied"))
        with pytest.raises(OSError, match="Access Denied"):
            bucket.write()
    assert not [name for name in bucket.contents() if name.endswith(".safetensors")]
    bucket.write(resume=True)
    assert bucket.contents() == whole


@pytest.mark.parametrize("failing", [2, 3])
def test_an_upload_in_several_blocks_that_fails_takes_back_what_it_has_sent(
    bucket: Place, failing: int
) -> None:
    recipe = layers(1, (9, 1 << 20))
    with pytest.MonkeyPatch.context() as patch:
        Flaky(patch, lambda number: number >= failing, PermissionError("Access Denied"))
        with pytest.raises(OSError, match="Access Denied"):
            bucket.write(recipe, max_shard_size="1GB")
    assert bucket.contents() == {}


def test_a_store_that_nobody_answers_for_is_an_error_that_names_it() -> None:
    client = {"endpoint_url": "http://127.0.0.1:1", "region_name": "us-east-1"}
    options = {
        "key": "test",
        "secret": "test",
        "client_kwargs": client,
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    pytest.importorskip("s3fs")
    with pytest.raises(OSError, match=r"127\.0\.0\.1:1"):
        checkpoint.write(RECIPE, "s3://bucket/model", options=options)


def test_a_bucket_that_is_not_there_is_an_error(s3_server: dict[str, Any]) -> None:
    with pytest.raises(OSError, match="bucket"):
        checkpoint.write(RECIPE, "s3://no-such-bucket/model", options=s3_server)


def test_a_protocol_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(OSError, match=r"cannot reach nonsense://a: .*nonsense"):
        checkpoint.write(RECIPE, "nonsense://a")


@pytest.mark.parametrize(
    ("missing", "url", "extra"), [("fsspec", "memory://a", "remote"), ("s3fs", "s3://bucket/a", "s3")]
)
def test_what_is_not_installed_is_named_with_the_extra_that_has_it(
    missing: str, url: str, extra: str
) -> None:
    script = f"""
import sys
sys.modules[{missing!r}] = None
from fastinit import checkpoint
from fastinit.recipe import Recipe, Rule, TensorSpec
try:
    checkpoint.write(Recipe([Rule("*", "ones_")], tensors={{"w": TensorSpec((1,))}}), {url!r})
except OSError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert f'pip install "fastinit[{extra}]"' in done.stdout


def test_nothing_of_fsspec_is_imported_for_a_path(tmp_path: Path) -> None:
    script = f"""
import sys
from fastinit import checkpoint
from fastinit.recipe import Recipe, Rule, TensorSpec
checkpoint.write(Recipe([Rule("*", "ones_")], tensors={{"w": TensorSpec((1,))}}), {os.fspath(tmp_path)!r})
print({{"fsspec", "s3fs", "distributed", "ray"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_checkpoint_is_read_and_compared_where_it_lies(place: Place) -> None:
    place.write()
    found = checkpoint.Checkpoint(place.url, place.options)
    index = (slice(7, 9), slice(None))
    rows = found.read("large", 7 * 1000, 9 * 1000).reshape(2, 1000)
    np.testing.assert_array_equal(rows, LARGE.value("large", index, SEED))
    assert {each.unchanged for each in checkpoint.drift(found, LARGE, SEED).values()} == {1.0}
