"""The page of a run: what broke, the pictures, the figures, and nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from helpers.journals import create_journal
from helpers.page_runs import (
    BOARD,
    EVIL,
    INPUT,
    PageRun,
    broken_firmware,
    broken_rig,
    emulated,
    hostile,
    many_classes,
    several_boards,
    signs_meta,
    signs_run,
    toy_profile,
    unlabelled,
)
from PIL import Image

from mcuzoo import extras
from mcuzoo.cli.report import report
from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import Item
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.errors import InputError, UsageError
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.html.blocks import Gallery, Page, Table
from mcuzoo.report.html.page import page_html
from mcuzoo.report.html.run import RunPage, run_html, run_page
from mcuzoo.run.feed import Prepared, prepare
from mcuzoo.run.journal import Journal
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.summary import summarize


class Parsed(HTMLParser):
    """tags: each with its attributes; text: all that a reader sees, and script and style apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inner: dict[str, str] = {}
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style", "title"):
            self.inner[self._within] = self.inner.get(self._within, "") + data
        else:
            self.text += data


def page_of(run: PageRun, show: int = 24, profile: bool = False) -> Page:
    """Without charts, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extras, "_is_there", lambda module: module != "matplotlib")
        return run_page(_asked(run, show, profile))


def html_of(run: PageRun, show: int = 24, profile: bool = False) -> str:
    return run_html(_asked(run, show, profile))


def _asked(run: PageRun, show: int, profile: bool) -> RunPage:
    told = toy_profile() if profile else None
    return RunPage(Path("runs/x"), run.summary, run.project, told, show)


def cards(page: Page, anchor: str) -> Gallery:
    section = next(one for one in page.sections if one.anchor == anchor)
    return next(block for block in section.blocks if isinstance(block, Gallery))


@pytest.mark.parametrize(
    ("make", "headline", "broke"),
    [
        (signs_run, "Pass", None),
        (broken_firmware, "Fail: the firmware", "Firmware"),
        (broken_rig, "Fail: the rig", "Rig"),
        (unlabelled, "Pass", None),
    ],
)
def test_what_broke_is_seen_first(
    make: Callable[[], PageRun], headline: str, broke: str | None
) -> None:
    page = page_of(make())
    assert page.verdict.headline == headline
    assert [part.name for part in page.parts if part.tone == "bad"] == ([broke] if broke else [])
    text = Parsed(page_html(page)).text
    assert text.index(headline) < text.index("Model")


def test_a_model_below_its_bound_is_what_broke() -> None:
    strict = lambda meta: replace(meta, settings=replace(meta.settings, min_top1=0.99))  # noqa: E731
    page = page_of(signs_run(meta=strict))
    assert [part.name for part in page.parts if part.tone == "bad"] == ["Model"]
    assert "min_top1 0.99 does not hold" in next(
        part.text for part in page.parts if part.name == "Model"
    )


def test_no_model_is_blamed_while_the_firmware_is_broken() -> None:
    model = next(part for part in page_of(broken_firmware()).parts if part.name == "Model")
    assert model.state == "- not judged" and "the firmware is broken" in model.text


def test_labels_in_another_order_are_what_broke_of_the_data() -> None:
    """Every sign is taken for its neighbour."""

    def change(row: Row) -> Row:
        assert row.label is not None
        return replace(row, top1=(row.label + 1) % 16, rank=1)

    page = page_of(signs_run(64, change))
    data = next(part for part in page.parts if part.name == "Data")
    assert page.verdict.headline == "Fail: the data" and data.tone == "bad"
    assert "as labelled 0 of 64 images are right" in data.text


def test_texts_from_outside_never_become_markup() -> None:
    page = html_of(hostile(), profile=True)
    parsed = Parsed(page)
    assert sum(tag == "script" for tag, _ in parsed.tags) == 1
    assert all(not name.startswith("on") for _, values in parsed.tags for name in values)
    sources = [values.get("src") or "" for tag, values in parsed.tags if tag == "img"]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert f"{EVIL} on {EVIL}" in parsed.inner["title"]
    assert parsed.text.count(EVIL) > 20


def test_a_browser_may_load_nothing_and_run_one_script() -> None:
    parsed = Parsed(html_of(signs_run()))
    (policy,) = [
        values["content"] or ""
        for tag, values in parsed.tags
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = base64.b64encode(hashlib.sha256(parsed.inner["script"].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    for _, values in parsed.tags:
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert (values.get(name) or "#").startswith(("#", "data:"))
    assert "url(" not in parsed.inner["style"] and "@import" not in parsed.inner["style"]


def test_no_id_is_there_twice() -> None:
    ids = [values["id"] for _, values in Parsed(html_of(broken_rig())).tags if "id" in values]
    assert len(ids) == len(set(ids)) > 10


def test_a_miss_is_the_very_picture_that_the_network_saw() -> None:
    run = signs_run(16)
    shown = cards(page_of(run), "misses").cards
    wrong = [row for row in run.summary.rows if row.top1 != row.label]
    assert sorted(card.name for card in shown) == sorted(row.file for row in wrong) and wrong
    items = load_data_set(Path("signs"), Classes(16), 16).items
    for card in shown:
        item: Item = next(item for item in items if item.file == card.name)
        ready = prepare(item, PictureInput(Recipe(), INPUT.shape), None)
        assert isinstance(ready, Prepared)
        png = base64.b64decode(card.png.removeprefix("data:image/png;base64,"))
        pixels = np.asarray(Image.open(io.BytesIO(png)))
        np.testing.assert_array_equal(pixels, ready.tensor.astype(np.int16) + 128)
        assert [fact.name for fact in card.facts][:2] == ["is", "answered"]
        assert len(card.scores) == 5 and {score.tone for score in card.scores} == {
            "bad",
            "good",
            "",
        }


def test_the_surest_miss_comes_first() -> None:
    def change(row: Row) -> Row:
        return replace(row, score=row.index / 100)

    run = signs_run(32, change)
    scores = {row.file: row.score or 0 for row in run.summary.rows}
    names = [card.name for card in cards(page_of(run), "misses").cards]
    assert names == sorted(names, key=lambda name: -scores[name])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"input_crc32": 1}, "another input now"),
        ({"sha256": "00" * 32}, "has changed"),
        ({"sha256": None}, "no hash"),
        ({"input_crc32": None}, "no hash"),
        ({"file": "another.png"}, "no longer in the data set"),
    ],
)
def test_a_picture_that_is_not_the_runs_is_not_shown(change: dict[str, object], why: str) -> None:
    run = signs_run(8, lambda row: replace(row, **change))  # type: ignore[arg-type]
    for card in cards(page_of(run), "misses").cards:
        assert not card.png and why in card.absent


def test_a_data_set_that_is_gone_is_said_on_each_card() -> None:
    gone = signs_run(
        8, meta=lambda meta: replace(meta, settings=replace(meta.settings, data_set="/gone"))
    )
    for card in cards(page_of(gone), "misses").cards:
        assert not card.png and "not at hand" in card.absent and "/gone" in card.absent


def test_pictures_end_where_the_page_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcuzoo.report.html.run._PICTURE_BYTES", 6000)
    shown = cards(page_of(signs_run(32)), "misses").cards
    assert shown[0].png and not shown[-1].png and "too large" in shown[-1].absent


def test_without_labels_the_answers_are_shown() -> None:
    page = page_of(unlabelled(), show=5)
    anchors = {one.anchor for one in page.sections}
    assert "answers" in anchors and not anchors & {"misses", "accuracy", "confusion"}
    gallery = cards(page, "answers")
    assert len(gallery.cards) == 5 and "7 other images" in gallery.left_out
    assert all(card.png for card in gallery.cards)


def test_a_run_without_an_answer_has_a_page() -> None:
    pending = signs_run(3, lambda row: Row(row.index, row.file, row.label, row.sha256))
    text = Parsed(html_of(pending)).text
    assert (
        "Fail: the rig" in text
        and "3 images were not run. To go on: mcuzoo run-serial --resume runs/x" in text
    )


def test_ten_thousand_images_of_1001_classes_stay_a_page() -> None:
    page = html_of(many_classes(10_000))
    assert len(page) < 600_000
    text = Parsed(page).text
    assert (
        "others: --csv FILE lists them all" in text and "The run's project is not at hand" in text
    )
    assert "other classes, none of them worse" in text


def test_a_run_of_many_classes_with_few_images_says_so() -> None:
    text = Parsed(html_of(many_classes(40))).text
    assert "have fewer than 5 images" in text


def test_an_emulated_board_has_no_time() -> None:
    page = page_of(emulated())
    text = Parsed(page_html(page)).text
    assert "12,410,615 instructions" in text and "they are not time" in text
    assert not re.search(r"\d ms", text)
    assert re.search(r"\d ms", Parsed(html_of(signs_run())).text)


def test_losses_of_the_line_are_told() -> None:
    text = Parsed(html_of(broken_rig())).text
    for figure in ("4,000", "61 (1.52%)", "88 bytes", "64 at worst", "The board does not answer."):
        assert figure in text


def test_each_board_has_its_row() -> None:
    page = page_of(several_boards())
    text = Parsed(page_html(page)).text
    assert page.verdict.headline == "Fail: the firmware" and "retired: It does not answer." in text
    assert "b2: 1 of 8 outputs unlike the host's." in text
    assert "--port /dev/ttyACM0 --port /dev/ttyACM1" in text
    for figure in ("84.2 kB/s", "74% of the time", "115,200, 921,600 baud"):
        assert figure in text


def test_a_run_of_before_has_a_page() -> None:
    """It knew nothing of the line, of the output's shape and of where a recipe is from."""
    old = signs_run(
        8,
        meta=lambda meta: replace(meta, link=None, output_shape=None, recipe_source="", stack=None),
    )
    assert "frames sent" not in html_of(old)


def test_of_another_build_a_profile_says_so() -> None:
    run = signs_run(4)
    one, other = (
        run_html(RunPage(Path("x"), run.summary, run.project, toy_profile(build)))
        for build in (BOARD.build_id, "99" * 16)
    )
    assert "of another build" in other and "of another build" not in one
    assert one.count("CONV_2D</th>") == 5


def test_the_host_is_bounded_where_outputs_differ() -> None:
    text = Parsed(html_of(broken_firmware())).text
    assert re.search(r"0\.\d{4} to 0\.\d{4}: \d outputs differ", text)
    assert "the same outputs, so the same answers" in Parsed(html_of(signs_run())).text


def test_without_matplotlib_the_page_has_all_but_its_charts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = signs_run(16)
    with_charts = html_of(run)
    monkeypatch.setattr(extras, "_is_there", lambda module: module not in ("matplotlib",))
    bare = html_of(run)
    assert "<svg" in with_charts and "<svg" not in bare
    assert "Charts are left out: " in bare and "matplotlib" in bare


def test_the_same_run_gives_the_same_page() -> None:
    found = [html_of(broken_rig(), profile=True) for _ in range(2)]
    clock = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC</p></footer>")
    assert clock.sub("", found[0]) == clock.sub("", found[1])


def recorded(folder: Path) -> PageRun:
    run = signs_run(8)
    meta = signs_meta(16, None, 8)
    items = load_data_set(Path("signs"), Classes(16), 8).items
    create_journal(folder, meta, items)
    with Journal(folder) as journal:
        for row in run.summary.rows:
            if row.index != 2:
                journal.record(row)
    return run


def test_report_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path / "runs" / "one")
    file = tmp_path / "run.html"
    report(tmp_path / "runs", html=file, misses=1)
    text = Parsed(file.read_text(encoding="utf-8")).text
    assert "Fail: the rig" in text and "mcuzoo run-serial --port /dev/ttyACM0" in text
    assert "The run's project is not at hand" in text
    assert "verdict     FAIL: rig" in capsys.readouterr().out
    report(tmp_path / "runs", html=Path("-"))
    said = capsys.readouterr()
    assert said.out.startswith("<!doctype html>") and "verdict" in said.err


def test_report_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    recorded(tmp_path / "one")
    (tmp_path / "profile.json").write_text('{"model": 3}')
    with pytest.raises(InputError, match=r"profile\.json is no profile"):
        report(tmp_path / "one", html=tmp_path / "x.html", profile=tmp_path / "profile.json")
    with pytest.raises(UsageError, match="without --html"):
        report(tmp_path / "one", misses=3)
    with pytest.raises(UsageError, match="stdout"):
        report(tmp_path / "one", html=Path("-"), json_output=True)
    assert not (tmp_path / "x.html").exists()


def test_summaries_of_every_kind_have_all_parts() -> None:
    run = signs_run(4)
    bad = [replace(row, status=Status.BAD_IMAGE, error="no image") for row in run.summary.rows]
    summary = summarize(run.summary.meta, [*run.summary.rows[:2], *bad[2:]])
    page = run_page(RunPage(Path("x"), summary, run.project))
    assert [part.name for part in page.parts] == ["Model", "Firmware", "Rig", "Data"]
    assert "2 images could not be decoded" in page.parts[3].text


def test_a_delegate_has_a_card_and_its_flips_are_shown() -> None:
    def change(row: Row) -> Row:
        assert row.top1 is not None
        host = (row.top1 + 1) % 16 if row.index % 4 == 0 else row.top1
        return replace(row, reference_difference=2, host_top1=host)

    def meta(meta: RunMeta) -> RunMeta:
        settings = replace(meta.settings, min_top1=None)
        return replace(meta, settings=settings, board=replace(BOARD, delegate="ethosu"))

    run = signs_run(16, change, meta)
    page = page_of(run)
    assert page.verdict.passed is None and page.verdict.headline == "Compared, not judged"
    (part,) = [one for one in page.parts if one.name == "Delegate"]
    assert part.state == "- not judged" and "ethosu: 4 of 16 answers" in part.text
    assert [one.note for one in page.tiles if one.name == "flips"] == [
        "of 16 answers; outputs off by up to 2 steps"
    ]
    (unlike,) = [one for one in page.sections if one.anchor == "unequal"]
    assert unlike.title == "Answers unlike the host's" and len(cards(page, "unequal").cards) == 4

    (table,) = next(one for one in page.sections if one.anchor == "delegate").blocks
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0]][:4] == [
        "ethosu and the host", "0 of 16", "2", "4 of 16",
    ]  # fmt: skip
    rows = [replace(row, cpu_top1=row.host_top1, cpu_difference=1) for row in run.summary.rows]
    beside = summarize(replace(run.summary.meta, cpu_engine="builtin"), rows)
    shown = html_of(replace(run, summary=beside))
    assert "ethosu and the board&#39;s CPU (builtin)" in shown

    settings = replace(run.summary.meta.settings, max_flips=3)
    beyond = summarize(replace(run.summary.meta, settings=settings), run.summary.rows)
    page = page_of(replace(run, summary=beyond))
    assert page.verdict.headline == "Fail: the delegate, by max_flips"
    assert [one.state for one in page.parts if one.name == "Delegate"] == ["✗ broke"]
