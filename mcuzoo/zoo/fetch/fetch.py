"""`mcuzoo fetch`: from a model's name to checked files in the cache, one of them INT8."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Literal, get_args

from mcuzoo.errors import FetchError, InputError, ModelError, UsageError
from mcuzoo.graph.model import DType, Model
from mcuzoo.graph.read import load_model
from mcuzoo.ops.coverage import check_tflm
from mcuzoo.zoo.catalog import catalog, similar_model
from mcuzoo.zoo.derived import derived_int8
from mcuzoo.zoo.fetch.archive import GZIP_MARK, Partial, extract_member
from mcuzoo.zoo.fetch.download import Patience, Progress, Wanted, download
from mcuzoo.zoo.find import (
    MODELS_VARIABLE,
    FoundFile,
    cache_folder,
    cache_hint,
    file_sha256,
    find_file,
    learn,
    trust_key,
)
from mcuzoo.zoo.options import FetchOptions
from mcuzoo.zoo.registry import shape_complaint
from mcuzoo.zoo.schema import Role, SourceFile, ZooModel

_HDF5_MARK = b"\x89HDF\r\n\x1a\n"


def require_role(model: ZooModel, entry: SourceFile, path: Path) -> None:
    """Raise FetchError for a file that cannot be `entry` of `model`, whatever its hash."""
    if entry.role == "keras":
        with path.open("rb") as file:
            if file.read(len(_HDF5_MARK)) != _HDF5_MARK:
                raise FetchError(f"{path.name} is no HDF5 file.", "It is not the right file.")
        return
    try:
        loaded = load_model(path)
    except ModelError as error:
        raise FetchError(f"The fetched file is no model: {error.message}", error.hint) from error
    complaint = shape_complaint(model, loaded)
    if complaint is not None:
        raise FetchError(f"The fetched file {complaint}.", "It is not the right file.")
    constants = [tensor for tensor in loaded.tensors if tensor.data is not None]
    floats = any(tensor.dtype is DType.FLOAT32 for tensor in constants)
    if (entry.role == "fp32") != floats:
        kind = "float" if floats else "quantized"
        raise FetchError(
            f"The fetched file is {kind}; the role is {entry.role}.",
            "It is not the right file.",
        )


def require_tflm_ready(model: Model) -> None:
    """Raise FetchError when TFLite-Micro would refuse it."""
    uncovered = check_tflm(model)
    if uncovered:
        first = uncovered[0]
        raise FetchError(
            f"{model.name} is not ready for TFLite-Micro: op {first.op.index} {first.op.name} "
            f"{first.reason}.",
            "mcuzoo inspect shows every op.",
        )


Trust = Literal["registry", "remembered", "learnt"]
MAX_MEMBER_BYTES = 256 << 20


@dataclass(frozen=True)
class Converted:
    """The INT8 model made from a fetched UINT8 one. report: of the conversion. path: of the INT8
    file; sha256: of its content."""

    path: str
    sha256: str
    report: dict[str, Any]


@dataclass(frozen=True)
class FetchReport:
    """The file that is at hand now.

    trust: why the file is trusted: the registry states its hash (or its archive's), the hash was
    recorded at an earlier fetch, or it was recorded just now. fetched: False if the file was there.
    ready: the INT8 file to use, None when the model must be quantized first. role: "int8", "uint8",
    "fp32" or "keras". path, sha256, bytes: of the fetched file. source, licence: as the registry
    says. converted: None where nothing had to be converted.
    """

    model: str
    role: Role
    path: str
    sha256: str
    bytes: int
    trust: Trust
    fetched: bool
    source: str
    licence: str
    converted: Converted | None
    ready: str | None


def check_role(text: str) -> Role:
    """`text` as a role of a model's files. Raises UsageError for any other."""
    roles: tuple[Role, ...] = get_args(Role)
    for known in roles:
        if text == known:
            return known
    raise UsageError(f"There is no role {text!r}.", f"Roles: {', '.join(roles)}.")


def choose_file(model: ZooModel, role: Role | None = None) -> SourceFile:
    """The file that a fetch gets: the first of `role`, else the first that can be downloaded.

    Raises UsageError when the model has no such file.
    """
    fetchable = [file for file in model.file if file.download is not None]
    chosen = [file for file in fetchable if role in (None, file.role)]
    if chosen:
        return chosen[0]
    if model.file[0].bundled is not None:
        raise UsageError(f"{model.name} comes with mcuzoo.", "There is nothing to fetch.")
    if not fetchable:
        raise UsageError(
            f"No file of {model.name} is published; {model.file[0].names[0]} is "
            f"{model.file[0].source}.",
            f"A file that you have: set {MODELS_VARIABLE} to its folder, or give its path instead "
            "of the name.",
        )
    roles = ", ".join(file.role for file in fetchable)
    raise UsageError(f"{model.name} has no {role} file to fetch.", f"It has: {roles}.")


def fetch_model(
    name: str,
    options: FetchOptions = FetchOptions(),
    progress: Progress = lambda done, total: None,
) -> FetchReport:
    """Bring a model of the zoo into the cache, checked; a UINT8 one is converted to INT8 too.

    Whatever is there already and right is not fetched again.

    Raises InputError for an unknown name, UsageError for a role that the model lacks, FetchError
    for a file that does not arrive or is wrong; then the cache keeps only the beginning of a
    download that can be resumed.
    """
    known = catalog()
    if name not in known:
        raise InputError(
            f"The zoo has no model {name!r}; it has {', '.join(known)}.",
            f"{similar_model(name)}mcuzoo models lists them.",
        )
    role = None if options.role is None else check_role(options.role)
    patience = Patience(stall_s=options.timeout)
    return fetch_file(known[name], options.origin, role, progress, patience)


def fetch_file(
    model: ZooModel,
    origin: str | None = None,
    role: Role | None = None,
    progress: Progress = lambda done, total: None,
    patience: Patience | None = None,
    context: ssl.SSLContext | None = None,
) -> FetchReport:
    """Like fetch_model, for any model that a registry file describes."""
    entry = choose_file(model, role)
    found = find_file(entry) if origin is None else None
    if found is not None:
        require_role(model, entry, found.path)
        trust: Trust = "registry" if found.verified else _trust_of(entry, found.sha256)
        return _report(model, found, trust, fetched=False)
    if origin is None or origin.startswith(("https://", "http://")):
        trust = _from_web(model, entry, origin, progress, patience, context)
    else:
        trust = _from_file(model, entry, Path(origin).expanduser())
    path = cache_folder() / entry.names[0]
    return _report(model, FoundFile(entry, path, file_sha256(path), True), trust, fetched=True)


def _from_web(
    model: ZooModel,
    entry: SourceFile,
    url: str | None,
    progress: Progress,
    patience: Patience | None,
    context: ssl.SSLContext | None,
) -> Trust:
    stated = entry.download
    assert stated is not None
    address = stated.url if url is None else url
    # For an address of the user only the hash tells whether it is the file or an archive.
    expected = stated.sha256 if url is None else None
    wanted = Wanted(address, expected, stated.max_bytes)
    place = sha256(address.encode()).hexdigest()[:16]
    try:
        with Partial(cache_folder() / "partial" / place) as partial:
            content_sha256 = download(wanted, partial, progress, patience, context)
            try:
                trust = _install(model, entry, partial.path, content_sha256, address)
            finally:
                partial.remove()
    except FetchError as error:
        raise type(error)(
            f"{entry.names[0]} of {model.name} is not fetched: {error.message}",
            f"{error.hint}\nBy hand: get {stated.url}, then mcuzoo fetch {model.name} --from FILE; "
            f"or put {entry.names[0]} into a folder named by {MODELS_VARIABLE}.",
        ) from error
    return trust


def _from_file(model: ZooModel, entry: SourceFile, path: Path) -> Trust:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "--from takes a file or an https address.")
    size = path.stat().st_size
    assert entry.download is not None
    most = max(entry.download.max_bytes, MAX_MEMBER_BYTES)
    if size > most:
        raise FetchError(
            f"{path} has {size:,} bytes; more than {most:,} are not taken.", "Is it that file?"
        )
    return _install(model, entry, path, file_sha256(path), None)


def _install(
    model: ZooModel, entry: SourceFile, content: Path, content_sha256: str, url: str | None
) -> Trust:
    """Check `content`, the file or its archive, and move a copy into the cache.

    url: where it is from, None from the user's disk.
    """
    stated = entry.download
    assert stated is not None
    with content.open("rb") as file:
        is_archive = file.read(2) == GZIP_MARK
    if is_archive and stated.member is not None:
        # An archive of another hash is accepted if the member's own hash is stated and right.
        if entry.sha256 is None:
            _require_hash("The archive", stated.sha256, content_sha256, stated.sha256_source)
        with _new_file(entry) as (target, temporary):
            extract_member(content, stated.member, target, MAX_MEMBER_BYTES)
            trust = _accept(model, entry, temporary, stated.sha256 == content_sha256)
            if url is not None and stated.sha256 is None:
                learn(url, content_sha256)
    else:
        own = entry.sha256 or (stated.sha256 if stated.member is None else None)
        _require_hash("The file", own, content_sha256, None)
        with _new_file(entry) as (target, temporary):
            with content.open("rb") as file:
                while chunk := file.read(1 << 20):
                    target.write(chunk)
            trust = _accept(model, entry, temporary, own is not None)
    return trust


def _require_hash(what: str, stated: str | None, actual: str, recorded_by: str | None) -> None:
    if stated is not None and actual != stated:
        said = f" (recorded by {recorded_by})" if recorded_by else ""
        raise FetchError(
            f"{what} is not the right file: SHA-256 {actual}, expected {stated}{said}.",
            "Nothing was kept.",
        )


def _accept(model: ZooModel, entry: SourceFile, path: Path, vouched: bool) -> Trust:
    """Check the file itself; vouched: its content is already known to be the one stated."""
    actual = file_sha256(path)
    if entry.sha256 is not None:
        if actual != entry.sha256:
            raise FetchError(
                f"{entry.names[0]} is not the right file: SHA-256 {actual}, expected "
                f"{entry.sha256}.",
                "Nothing was kept.",
            )
        vouched = True
    require_role(model, entry, path)
    new = learn(trust_key(entry), actual, vouched)
    return "registry" if vouched else "learnt" if new else "remembered"


def _trust_of(entry: SourceFile, actual: str) -> Trust:
    """The trust in a file at hand whose hash the registry does not state."""
    return "learnt" if learn(trust_key(entry), actual) else "remembered"


@contextlib.contextmanager
def _new_file(entry: SourceFile) -> Iterator[tuple[IO[bytes], Path]]:
    """A file that gets its name in the cache if the block succeeds, and is deleted else."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".fetch-", dir=folder)
    except OSError as error:
        raise FetchError(
            f"The cache {folder} cannot be written: {error.strerror}.",
            cache_hint(),
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            yield file, temporary
        temporary.chmod(0o644)
        temporary.replace(folder / entry.names[0])
    except OSError as error:
        raise FetchError(
            f"The cache {folder} cannot be written: {error.strerror}.", "Is the disk full?"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _report(model: ZooModel, found: FoundFile, trust: Trust, fetched: bool) -> FetchReport:
    entry = found.entry
    converted = None
    ready: str | None = None
    if entry.role == "uint8":
        derived = derived_int8(found)
        require_tflm_ready(load_model(derived.path))
        converted = Converted(str(derived.path), derived.sha256, derived.report)
        ready = converted.path
    elif entry.role == "int8":
        require_tflm_ready(load_model(found.path))
        ready = str(found.path)
    return FetchReport(
        model=model.name,
        role=entry.role,
        path=str(found.path),
        sha256=found.sha256,
        bytes=found.path.stat().st_size,
        trust=trust,
        fetched=fetched,
        source=entry.source,
        licence=entry.licence,
        converted=converted,
        ready=ready,
    )
