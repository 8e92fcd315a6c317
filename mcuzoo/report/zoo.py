"""The zoo as a table and for JSON, and one of its models in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mcuzoo.plan.linux_facts import NpuUse
from mcuzoo.plan.zoo_table import TableFigure, TableFile, TableRow, ZooTable
from mcuzoo.project.recipe import recipe_text
from mcuzoo.tables import Column, table_text

LEGEND = """\
published  what the zoo's page or the model's publisher says (u: of the UINT8 file)
measured   counted in the file at hand (~ computed from the layers, the file not being at hand);
           accuracy by `mcuzoo evaluate`, with the number of images; RT: the verdict of `mcuzoo
           fit`: "fits" with both runtimes, "aot" with the ahead-of-time runtime only
IMX        runs Linux: "cpu" on its cores; "npu" by the NPU's compiler all on the NPU, "npu 9/10"
           9 of 10 operators, the others on the cores; "tflite" by the BSP's TFLite only; the
           NPU of the IMX8MP has its compiler on the board, so nothing is said of it
OPS = 2 x MAC; MB = 1,000,000 bytes; MCX: not measured here"""
_SIZES = ("ops", "params", "fp32_bytes", "int8_bytes")


def model_card(row: TableRow) -> str:
    """Files with licence and hash, figures with their source, verdicts with what is missing."""
    height, width, channels = row.input
    sees = row.preprocessing
    lines = [
        f"{row.name}: {row.description}",
        f"{row.task}, {row.architecture}, {row.backbone}, trained on {row.data_set}",
        f"input {height}x{width}x{channels}; {row.classes} classes",
        f"pictures {recipe_text(sees)}",
        f"the name means {row.file}" if row.file else _absent(row),
    ]
    for file in row.files:
        lines += ["", *_file(file)]
    lines += ["", *_figures(row), *provenance(row), "", *_verdicts(row)]
    lines += ["", *row.notes] if row.notes else []
    return "\n".join(lines)


def _absent(row: TableRow) -> str:
    if any(file.url is not None for file in row.files):
        return f"not at hand: mcuzoo fetch {row.name}"
    return "not at hand, and published nowhere: below is what makes it"


def provenance(row: TableRow) -> list[str]:
    """One line for each accuracy that was measured: on what, with what, when."""
    lines = []
    for name, figure in row.figures.items():
        item = None if figure.measured is None else figure.measured.measurement
        if item is not None:
            lines.append(
                f"{name} {item.value:.4f}: {item.n} images of {item.data_set}, {item.engine}, "
                f"{item.date[:10]}, mcuzoo {item.tool_version}, file {item.model_sha256[:12]}"
            )
    return lines


def _file(file: TableFile) -> list[str]:
    lines = [f"{file.role}: {file.title}"]
    if file.names:
        lines.append(f"  name     {' or '.join(file.names)}")
    lines.append(f"  source   {file.source}")
    lines.append(f"  licence  {file.licence}")
    if file.sha256 is not None:
        size = "" if file.bytes is None else f", {file.bytes:,} bytes"
        lines.append(f"  sha256   {file.sha256}{size}")
    if file.url is not None:
        lines.append(f"  url      {file.url}")
        if file.url_sha256 is None:
            lines.append("  gives    what no hash is on record for: learnt at the first fetch")
        else:
            lines.append(f"  gives    sha256 {file.url_sha256}, {file.url_sha256_source}")
    lines.append(f"  here     {file.path or 'no'}")
    return lines


def _figures(row: TableRow) -> list[str]:
    lines = []
    for name, figure in row.figures.items():
        if figure.published is not None:
            form = (
                f"{figure.published.value:,.0f}"
                if name in _SIZES
                else f"{figure.published.value:g}"
            )
            lines.append(f"{name} {form} published: {figure.published.source}")
        measured = figure.measured
        if measured is not None and measured.measurement is None:
            how = f"in {measured.file}" if measured.how == "file" else "by the layers"
            lines.append(f"{name} {measured.value:,.0f} {how}")
    return lines


def _verdicts(row: TableRow) -> list[str]:
    lines = []
    if row.published_compatibility:
        lines.append(f"published for {', '.join(row.published_compatibility)}")
    words = {None: "does not run", True: "fits", False: "does not fit"}
    for board, by_runtime in row.fits.items():
        if board in row.npu:
            if by_runtime:
                lines += _linux_verdicts(row, board)
            continue
        for runtime, fit in by_runtime.items():
            lines.append(
                f"{board}, {runtime}: {words[fit]} (mcuzoo fit {row.name} --board {board} "
                f"--runtime {runtime})"
            )
    return lines


def _linux_verdicts(row: TableRow, board: str) -> Iterator[str]:
    """What runs the model on a board with Linux, and what that needs."""
    runs, use = row.fits[board], row.npu[board]
    by = {"aot": "the C agent", "tflite": "the BSP's TFLite, by the Python agent"}
    able = [by[runtime] for runtime, does in runs.items() if does]
    yield f"{board}, cores: {' and '.join(able) or 'nothing'} can run it"
    if use is None:
        yield f"{board}, NPU: not known here (mcuzoo fit {row.name} --board {board})"
        return
    left = f"; {', '.join(use.cpu_names)} on the cores" if use.cpu else ""
    memory = "" if use.fits else ", more than the board has"
    yield (
        f"{board}, NPU: {use.npu} of {use.npu + use.cpu} operators{left}; {use.sram_bytes:,} bytes "
        f"of its memory{memory} ({use.compiler}; mcuzoo fit {row.name} --board {board})"
    )


def zoo_document(table: ZooTable) -> dict[str, Any]:
    """The document that `mcuzoo models --json` prints; sizes in bytes, accuracies as fractions."""
    return {
        "boards": table.boards,
        "other_products": list(table.others),
        "models": [asdict(row) for row in table.rows],
    }


def zoo_text(table: ZooTable, width: int) -> str:
    """Two rows a model: published, and measured here; then where the figures are from."""
    boards = [board.upper() for board in table.boards]
    columns = (
        Column("model"),
        Column("figures"),
        *(Column(heading, right=True) for heading in ("FP32", "INT8")),
        Column("OPS", right=True),
        Column("MParams", right=True, rank=2),
        *(Column(heading, right=True, rank=2) for heading in ("FP32 MB", "INT8 MB")),
        *(Column(board) for board in boards),
        *(Column(product, rank=3) for product in table.others),
        Column("input", rank=4),
        Column("data set", rank=4),
        Column("", rank=4),
    )
    rows = []
    for row in table.rows:
        size = f"{row.input[0]}x{row.input[1]}"
        what = f"{row.architecture}, {row.backbone}"
        rows.append((row.name, "published", *_published(row, table), size, row.data_set, what))
        rows.append(("", "measured", *_measured(row, table), "", "", ""))
    told = [f"{row.name}: {line}" for row in table.rows for line in (*provenance(row), *row.notes)]
    return table_text(columns, rows, width) + "".join(f"{line}\n" for line in (*told, LEGEND))


def _published(row: TableRow, table: ZooTable) -> list[str]:
    figures = row.figures
    int8 = _value(figures["top1_int8"], ".3f")
    if figures["top1_int8"].published is None and figures["top1_uint8"].published is not None:
        int8 = _value(figures["top1_uint8"], ".3f") + "u"
    known: dict[str, bool] = dict(row.published_boards)
    if row.published_compatibility:
        known |= {other: other in row.published_compatibility for other in table.others}
    words = {True: "yes", False: "no", None: ""}

    return [
        _value(figures["top1_fp32"], ".3f"),
        int8,
        _value(figures["ops"], ".4g", 1e6, "M"),
        _value(figures["params"], ".4g", 1e6),
        _value(figures["fp32_bytes"], ".3g", 1e6),
        _value(figures["int8_bytes"], ".3g", 1e6),
        *(words[known.get(name)] for name in (*table.boards, *table.others)),
    ]


def _measured(row: TableRow, table: ZooTable) -> list[str]:
    figures = row.figures
    mark = "~" if row.by_layers else ""
    return [
        _accuracy(figures["top1_fp32"]),
        _accuracy(figures["top1_int8"]),
        _counted(figures["ops"], ".4g", "M"),
        _counted(figures["params"], ".4g"),
        _counted(figures["fp32_bytes"], ".3g"),
        _counted(figures["int8_bytes"], ".3g"),
        *(mark + said if (said := _verdict(row, board)) else "" for board in table.boards),
        *("" for _ in table.others),
    ]


def _verdict(row: TableRow, board: str) -> str:
    fits = row.fits[board]
    return _running(fits, row.npu[board]) if board in row.npu else _fitting(fits)


def _running(runs: dict[str, bool | None], npu: NpuUse | None) -> str:
    """What a board that runs Linux does with a model."""
    if npu is not None and npu.fits and npu.npu:
        return "npu" if not npu.cpu else f"npu {npu.npu}/{npu.npu + npu.cpu}"
    return "cpu" if runs.get("aot") else "tflite" if runs.get("tflite") else "no" if runs else ""


def _fitting(fits: dict[str, bool | None]) -> str:
    """ "fits" if every runtime fits, "no" if none does, or the names of the runtimes that fit."""
    if not fits:
        return ""
    fitting = [runtime for runtime, fit in fits.items() if fit]
    return "fits" if len(fitting) == len(fits) else ", ".join(fitting) or "no"


def _value(figure: TableFigure, form: str, divisor: float = 1.0, unit: str = "") -> str:
    if figure.published is None:
        return ""
    return f"{figure.published.value / divisor:{form}}{unit}"


def _counted(figure: TableFigure, form: str, unit: str = "") -> str:
    if figure.measured is None:
        return ""
    mark = "~" if figure.measured.how == "layers" else ""
    return f"{mark}{figure.measured.value / 1e6:{form}}{unit}"


def _accuracy(figure: TableFigure) -> str:
    if figure.measured is None or figure.measured.measurement is None:
        return ""
    return f"{figure.measured.value:.3f} ({figure.measured.measurement.n})"
