"""The zoo's table: for every model the published figures beside those measured here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcuzoo.board.load import list_boards
from mcuzoo.board.model import Board
from mcuzoo.errors import InputError, McuzooError
from mcuzoo.plan.zoo_facts import Facts, FactsCache, Fits, file_identity, structure_facts
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
    fits: Fits
    by_layers: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ZooTable:
    """boards: id and name of every board that a verdict is about. rows: a model each."""

    boards: dict[str, str]
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
    boards = list_boards()
    cache = FactsCache(boards)
    remembered = measurements()
    wanted = [model for model in known.values() if name in (None, model.name)]
    rows: list[TableRow] = []
    for model in wanted:
        progress(len(rows), len(wanted))
        rows.append(_row(model, boards, cache, remembered))
    cache.save()
    return ZooTable({board.id: board.name for board in boards}, tuple(rows))


def _row(
    model: ZooModel, boards: Sequence[Board], cache: FactsCache, remembered: Sequence[Measurement]
) -> TableRow:
    int8 = _int8_file(model)
    complaints: list[str] = []
    try:
        facts = _facts(model, int8, cache)
    except McuzooError as error:
        # One bad file of the user must not break the whole table.
        complaints.append(f"{error.message} The figures are by the layers.")
        int8, facts = None, _facts(model, None, cache)
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
        published_compatibility=next(
            (item.compatibility for item in model.published if item.compatibility), ()
        ),
        fits={board.id: facts.fits.get(board.id, {}) if facts else {} for board in boards},
        by_layers=int8 is None and facts is not None,
        notes=(*(note.text for note in model.note), *complaints),
    )


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
