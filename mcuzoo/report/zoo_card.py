"""One model of the zoo in full, as text."""

from __future__ import annotations

from mcuzoo.report.zoo_table import TableFile, TableRow

_SIZES = ("ops", "params", "fp32_bytes", "int8_bytes")


def model_card(row: TableRow) -> str:
    """Files with licence and hash, figures with their source, verdicts with what is missing."""
    height, width, channels = row.input
    recipe = row.preprocessing
    lines = [
        f"{row.name}: {row.description}",
        f"{row.task}, {row.architecture}, {row.backbone}, trained on {row.data_set}",
        f"input {height}x{width}x{channels}, {recipe.color}, central crop {recipe.crop:g}, "
        f"{recipe.resize}, pixel {recipe.pixel_offset:+d}; {row.classes} classes",
        f"the name means {row.file}" if row.file else f"not at hand: mcuzoo fetch {row.name}",
    ]
    for file in row.files:
        lines += ["", *_file(file)]
    lines += ["", *_figures(row), *provenance(row), "", *_verdicts(row)]
    lines += ["", *row.notes] if row.notes else []
    return "\n".join(lines)


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
        for runtime, fit in by_runtime.items():
            lines.append(
                f"{board}, {runtime}: {words[fit]} (mcuzoo fit {row.name} --board {board} "
                f"--runtime {runtime})"
            )
    return lines
