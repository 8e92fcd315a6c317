"""The zoo's table: for every model the published figures beside those measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import AnyBoard, list_any_boards, list_boards, list_linux_boards
from mcuzoo.errors import InputError, McuzooError
from mcuzoo.plan.linux_facts import LinuxFacts, NpuUse, graph_runs, shipped_linux_facts
from mcuzoo.plan.zoo_facts import (
    Facts,
    FactsCache,
    Fits,
    file_identity,
    layers_identity,
    structure_facts,
)
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.catalog import catalog, similar_model
from mcuzoo.zoo.derived import known_derivative
from mcuzoo.zoo.find import FoundFile, file_sha256, find_file, find_model_file
from mcuzoo.zoo.measured import Measurement, best_of, measurements
from mcuzoo.zoo.registry import shape_complaint
from mcuzoo.zoo.schema import Figure, Role, SourceFile, ZooModel

ACCURACIES: tuple[Figure, ...] = (
    "top1_fp32", "top5_fp32", "top1_int8", "top5_int8", "top1_uint8", "top5_uint8",
)  # fmt: skip
FILE_FIGURES: tuple[Figure, ...] = ("ops", "params", "fp32_bytes", "int8_bytes")


@dataclass(frozen=True)
class PublishedFigure:
    """A figure that somebody published. value: accuracies as fractions, sizes in bytes, ops as 2 x
    MAC. source: who published it, where.
    """

    value: float
    source: str


@dataclass(frozen=True)
class MeasuredFigure:
    """how: "file" (counted in the file of that name), "layers" (computed from the architecture, the
    file not being at hand) or "images" (what `measurement` says). value: in the unit of the
    published one."""

    value: float
    how: str
    file: str | None = None
    measurement: Measurement | None = None


@dataclass(frozen=True)
class TableFigure:
    """What was published of a model and what was measured; None where there is nothing."""

    published: PublishedFigure | None
    measured: MeasuredFigure | None


@dataclass(frozen=True)
class TableFile:
    """One of a model's files, as the registry has it. path: where it is at hand, None elsewhere.

    sha256: of the file; url_sha256: of what the address gives, None where nobody recorded it
    (url_sha256_source). role: "int8", "uint8", "fp32" or "keras". title, source, licence: as the
    registry says. names: those that the file may have. bytes: None where nobody recorded it. url:
    where it, or an archive with it, is on the web; None where it is not.
    """

    role: Role
    title: str
    source: str
    licence: str
    names: tuple[str, ...]
    sha256: str | None
    bytes: int | None
    url: str | None
    url_sha256: str | None
    url_sha256_source: str | None
    path: str | None


@dataclass(frozen=True)
class TableRow:
    """One model. fits: by board id and runtime, what `mcuzoo fit` says of the file or, by_layers,
    without it.

    fits has the runtimes aot and tflm of a board with a microcontroller, and aot and tflite of one
    that runs Linux; None where the runtime does not run the model. npu: by id of the boards that
    run Linux, what the compiler of the board's NPU makes of the model; None where that is not known
    here. published_boards: by board id, whether the source of the figures lists the board; boards
    that no such source lists are missing.

    file and sha256: the INT8 file that the name means here; None when it is not at hand. task,
    description, architecture, backbone, data_set: words of the registry. input: height, width,
    channels. classes: how many. figures: by name. published_compatibility: platforms that the
    source of the figures lists. notes: what a reader of the figures must know. preprocessing: the
    recipe. files: all that the registry has.
    """

    name: str
    task: str
    description: str
    architecture: str
    backbone: str
    data_set: str
    input: tuple[int, int, int]
    classes: int
    preprocessing: Recipe
    files: tuple[TableFile, ...]
    file: str | None
    sha256: str | None
    figures: dict[Figure, TableFigure]
    published_compatibility: tuple[str, ...]
    published_boards: dict[str, bool]
    fits: Fits
    npu: dict[str, NpuUse | None]
    by_layers: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ZooTable:
    """boards: id and name of every board that a verdict is about. others: products that the zoo's
    pages list and mcuzoo has no board for. rows: a model each."""

    boards: dict[str, str]
    others: tuple[str, ...]
    rows: tuple[TableRow, ...]


def zoo_table(
    name: str | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> ZooTable:
    """Every model of the zoo, or the one of that name.

    Needs no network and no file; nothing is fetched or converted. progress: rows done and in all.
    Raises InputError when there is no such model.
    """
    known = catalog()
    if name is not None and name not in known:
        raise InputError(
            f"The zoo has no model {name!r}; it has {', '.join(known)}.",
            f"{similar_model(name)}mcuzoo inspect takes the path of a file.",
        )
    boards = list_any_boards()
    cache = FactsCache(list_boards())
    linux = shipped_linux_facts(list_linux_boards())
    products = published_products()
    remembered = measurements()
    wanted = [model for model in known.values() if name in (None, model.name)]
    rows: list[TableRow] = []
    for model in wanted:
        progress(len(rows), len(wanted))
        rows.append(_row(model, boards, products, cache, linux, remembered))
    cache.save()
    others = (item for item in products if not any(board.is_called(item) for board in boards))
    return ZooTable({board.id: board.name for board in boards}, tuple(others), tuple(rows))


def published_products() -> tuple[str, ...]:
    """The products that the published tables have a column for, in their order."""
    return tuple(
        dict.fromkeys(
            product
            for model in catalog().values()
            for item in model.published
            for product in item.compatibility
        )
    )


def _row(
    model: ZooModel,
    boards: Sequence[AnyBoard],
    products: Sequence[str],
    cache: FactsCache,
    linux: Mapping[str, LinuxFacts],
    remembered: Sequence[Measurement],
) -> TableRow:
    int8 = _int8_file(model)
    complaints: list[str] = []
    try:
        facts = _facts(model, int8, cache)
    except McuzooError as error:
        # One bad file of the user must not break the whole table.
        complaints.append(f"{error.message} The figures are by the layers.")
        int8, facts = None, _facts(model, None, cache)
    on_linux = _linux_facts(model, int8, linux) if facts else None
    listed = next((item.compatibility for item in model.published if item.compatibility), ())
    figures: dict[Figure, TableFigure] = {}
    for name in (*ACCURACIES, *FILE_FIGURES):
        published = model.figure(name)
        figures[name] = TableFigure(
            None if published is None else PublishedFigure(*published),
            _accuracy(model, name, int8, remembered)
            if name in ACCURACIES
            else _counted(model, name, int8, facts),
        )
    return TableRow(
        name=model.name,
        task=model.task,
        description=model.description,
        architecture=model.architecture,
        backbone=model.backbone,
        data_set=model.data_set,
        input=model.input,
        classes=model.labels.count,
        preprocessing=model.as_preprocessing,
        files=tuple(_file(entry) for entry in model.file),
        file=None if int8 is None else str(int8.path),
        sha256=None if int8 is None else int8.sha256,
        figures=figures,
        published_compatibility=listed,
        published_boards=_published_boards(listed, products, boards),
        fits={board.id: _fits(board, facts, on_linux) for board in boards},
        npu={board.id: use for board, use in _npu(boards, on_linux)},
        by_layers=int8 is None and facts is not None,
        notes=(*(note.text for note in model.note), *complaints),
    )


def _published_boards(
    listed: Sequence[str], products: Sequence[str], boards: Sequence[AnyBoard]
) -> dict[str, bool]:
    """By board that the published tables have a column for: whether a model's row has it."""
    if not listed:
        return {}
    return {
        board.id: any(board.is_called(product) for product in listed)
        for board in boards
        if any(board.is_called(product) for product in products)
    }


def _fits(
    board: AnyBoard, facts: Facts | None, on_linux: LinuxFacts | None
) -> dict[str, bool | None]:
    if isinstance(board, LinuxBoard):
        return dict(on_linux.runs) if on_linux else {}
    return facts.fits.get(board.id, {}) if facts else {}


def _npu(
    boards: Sequence[AnyBoard], on_linux: LinuxFacts | None
) -> Iterator[tuple[AnyBoard, NpuUse | None]]:
    for board in boards:
        if isinstance(board, LinuxBoard):
            yield board, on_linux.npu.get(board.id) if on_linux else None


def _linux_facts(
    model: ZooModel, int8: FoundFile | None, linux: Mapping[str, LinuxFacts]
) -> LinuxFacts | None:
    """The facts that come with mcuzoo; of another file what its graph says."""
    if int8 is None:
        return linux.get(layers_identity(model))
    known = linux.get(file_identity(model, int8.sha256))
    if known is not None:
        return known
    from mcuzoo.graph.read import load_model

    return LinuxFacts(graph_runs(load_model(int8.path)), {})


def _file(entry: SourceFile) -> TableFile:
    found = find_file(entry)
    return TableFile(
        role=entry.role,
        title=entry.title,
        source=entry.source,
        licence=entry.licence,
        names=entry.names,
        sha256=entry.sha256,
        bytes=entry.bytes,
        url=None if entry.download is None else entry.download.url,
        url_sha256=None if entry.download is None else entry.download.sha256,
        url_sha256_source=None if entry.download is None else entry.download.sha256_source,
        path=None if found is None else str(found.path),
    )


def _int8_file(model: ZooModel) -> FoundFile | None:
    """The INT8 file that the name means here, if it needs no conversion."""
    found = find_model_file(model, "int8")
    if found is not None:
        return found
    original = find_model_file(model, "uint8")
    derived = None if original is None else known_derivative(original)
    if original is None or derived is None:
        return None
    return FoundFile(original.entry, derived, file_sha256(derived), original.verified)


def _facts(model: ZooModel, int8: FoundFile | None, cache: FactsCache) -> Facts | None:
    if int8 is not None:
        identity = file_identity(model, int8.sha256)
        known = cache.facts(identity, None)
        if known is not None:
            return known
        from mcuzoo.graph.read import load_model

        loaded = load_model(int8.path)
        complaint = shape_complaint(model, loaded)
        if complaint is not None:
            raise InputError(f"{int8.path} {complaint}.", "Give the file another name.")
        return cache.facts(identity, loaded)
    return structure_facts(model, cache)


def _counted(
    model: ZooModel, name: Figure, int8: FoundFile | None, facts: Facts | None
) -> MeasuredFigure | None:
    how, file = ("layers", None) if int8 is None else ("file", int8.path.name)
    if name == "fp32_bytes":
        found = find_model_file(model, "fp32")
        if found is not None:
            return MeasuredFigure(found.path.stat().st_size, "file", found.path.name)
        return None if facts is None else MeasuredFigure(4 * facts.params, "layers")
    if facts is None:
        return None
    value = {"ops": facts.ops, "params": facts.params, "int8_bytes": facts.bytes}[name]
    return MeasuredFigure(value, how, file)


def _accuracy(
    model: ZooModel, name: Figure, int8: FoundFile | None, remembered: Sequence[Measurement]
) -> MeasuredFigure | None:
    """The best measurement of a file of that role, at hand now or known by its hash."""
    metric, _, role = name.partition("_")
    hashes = {file.sha256 for file in model.file if file.role == role and file.sha256}
    hashes |= _hashes_at_hand(model, role)
    if role == "int8" and int8 is not None:
        # Only measurements of the file that the name means: another file is another network.
        best = best_of(remembered, {int8.sha256}, metric)
        if best is not None:
            return MeasuredFigure(best.value, "images", int8.path.name, best)
        return None
    best = best_of(remembered, hashes, metric)
    return None if best is None else MeasuredFigure(best.value, "images", None, best)


def _hashes_at_hand(model: ZooModel, role: str) -> set[str]:
    roles: tuple[Role, ...] = ("fp32", "keras") if role == "fp32" else (role,)  # type: ignore[assignment]
    found = (find_model_file(model, item) for item in roles)
    return {item.sha256 for item in found if item is not None}
