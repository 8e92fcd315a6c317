"""mcuzoo models: the zoo's table, published beside measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.progress import step

if TYPE_CHECKING:
    from mcuzoo.report.zoo_table import TableFigure, TableRow, ZooTable

LEGEND = """\
published  what the zoo's page or the model's publisher says (u: of the UINT8 file)
measured   counted in the file at hand (~ computed from the layers, the file not being at hand);
           accuracy by `mcuzoo evaluate`, with the number of images; RT: the verdict of `mcuzoo
           fit`: "fits" with both runtimes, "aot" with the ahead-of-time runtime only
OPS = 2 x MAC; MB = 1,000,000 bytes; 8M Plus, 93: not measured here"""

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("mobilenet_v1_0.25_128",),
)


def models(
    model: Annotated[
        str | None, typer.Argument(help="One model in full: files, licences, sources [all].")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    import json

    from mcuzoo.report.zoo_card import model_card
    from mcuzoo.report.zoo_table import zoo_table

    with step("planning what fits, which is remembered: models") as update:
        table = zoo_table(model, update)
    if json_output:
        print(json.dumps(table.as_dict(), indent=2))
    elif model is None:
        _print_table(table)
    else:
        print(model_card(table.rows[0]))


def _print_table(table: ZooTable) -> None:
    from mcuzoo.cli.output import print_table
    from mcuzoo.report.zoo_card import provenance
    from mcuzoo.tables import Column

    boards = [board.upper() for board in table.boards]
    columns = (
        Column("model"),
        Column("figures"),
        *(Column(heading, right=True) for heading in ("FP32", "INT8")),
        Column("OPS", right=True),
        Column("MParams", right=True, rank=2),
        *(Column(heading, right=True, rank=2) for heading in ("FP32 MB", "INT8 MB")),
        *(Column(heading, rank=3) for heading in ("8M Plus", "93")),
        *(Column(board) for board in boards),
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
    print_table(columns, rows)
    for row in table.rows:
        for line in (*provenance(row), *row.notes):
            print(f"{row.name}: {line}")
    print(LEGEND)


def _published(row: TableRow, table: ZooTable) -> list[str]:
    figures = row.figures
    int8 = _value(figures["top1_int8"], ".3f")
    if figures["top1_int8"].published is None and figures["top1_uint8"].published is not None:
        int8 = _value(figures["top1_uint8"], ".3f") + "u"
    products = {product.lower() for product in row.published_compatibility}

    def listed(product: str) -> str:
        return "yes" if product in products else "no" if products else ""

    return [
        _value(figures["top1_fp32"], ".3f"),
        int8,
        _value(figures["ops"], ".4g", 1e6, "M"),
        _value(figures["params"], ".4g", 1e6),
        _value(figures["fp32_bytes"], ".3g", 1e6),
        _value(figures["int8_bytes"], ".3g", 1e6),
        *(listed(f"i.mx {product}") for product in ("8m plus", "93", *table.boards)),
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
        "",
        "",
        *(
            mark + verdict if (verdict := _verdict(row.fits[board])) else ""
            for board in table.boards
        ),
    ]


def _verdict(fits: dict[str, bool | None]) -> str:
    """ "fits" with every runtime, "no" with none, or the names of those with which it does."""
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
