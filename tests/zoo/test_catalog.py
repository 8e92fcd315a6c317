"""The registry's files, and what is said of one that is wrong."""

from __future__ import annotations

import pytest

from mcuzoo.errors import InputError
from mcuzoo.zoo.catalog import catalog, parse_models, similar_model
from mcuzoo.zoo.schema import ZOO

SIGNS = (ZOO / "models" / "signs.toml").read_text(encoding="utf-8")
MOBILENETS = (ZOO / "models" / "mobilenet_v1.toml").read_text(encoding="utf-8")


CLASSIFIERS = {
    "deepface_emotion", "tiny_resnet", "visual_wake_word", "mobilenet_v2", "mnasnet",
    "efficientnet_lite0", "resnet_50", "inception_v4",
}  # fmt: skip
"""Those of the eIQ Model Zoo's page but MobileNet V1."""


def test_the_zoo_has_every_published_size() -> None:
    sizes = {
        f"mobilenet_v1_{width}_{resolution}"
        for width in ("0.25", "0.5", "0.75", "1.0")
        for resolution in (128, 160, 192, 224)
    }
    assert set(catalog()) == sizes | CLASSIFIERS | {"signs"}


def test_every_classifier_of_the_page_has_its_columns() -> None:
    page = "eIQ Model Zoo, tasks/vision/classification/README.md"
    for name in (*CLASSIFIERS, "mobilenet_v1_0.25_128"):
        entry = catalog()[name]
        (published,) = [item for item in entry.published if item.source == page]
        columns = {"top1_fp32", "top1_int8", "ops", "params", "fp32_bytes", "int8_bytes"}
        unsaid = {"deepface_emotion": {"top1_int8"}, "inception_v4": {"fp32_bytes"}}
        assert set(published.figures) == columns - unsaid.get(name, set())
        assert published.compatibility
        recipe = any("recipe.sh" in file.source for file in entry.file)
        assert recipe or any(file.download for file in entry.file)


def test_a_family_differs_by_its_rows() -> None:
    large, small = catalog()["mobilenet_v1_1.0_224"], catalog()["mobilenet_v1_0.25_128"]
    assert large.input == (224, 224, 3)
    assert [file.role for file in large.file] == ["uint8", "fp32"]
    assert [file.role for file in small.file] == ["int8", "uint8", "fp32"]
    assert large.figure("top1_uint8") == (0.701, large.published[0].source)
    assert (small.figure("ops"), large.figure("ops")) != (None, None)
    assert large.file[0].sha256 is None and small.file[1].bytes == 497_264
    downloads = [model.file[0].download for model in catalog().values()]
    hashes = [download.sha256 for download in downloads if download and download.sha256]
    assert len(hashes) == len(set(hashes)) == 18


def test_every_download_is_bounded_and_its_hash_has_a_source() -> None:
    for model in catalog().values():
        for file in model.file:
            if file.download is not None:
                assert file.download.url.startswith("https://")
                assert file.download.max_bytes <= 1 << 28
                assert (file.download.sha256 is None) == (file.download.sha256_source is None)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('role = "int8"', 'role = "int9"', r"signs.toml:11: file.0.role: Input should be"),
        ('task = "image', 'tusk = "image', r"signs.toml:3: tusk: unknown key"),
        ("crop = 0.875", "crop = 1.5", r"signs.toml:19: preprocessing.crop: Input should be less"),
        ("bundled = ", 'names = ["x.tflite"]\nbundled = ', "either bundled or names"),
        ("[labels]", "[labels]\nlines = 7", "give classes, or names with lines"),
        ("top1_int8 = 0.96", "top1_int8 = 96.", "accuracies are fractions"),
        ('source = "tr', 'source = "tr\\q', "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, complaint: str) -> None:
    assert old in SIGNS
    with pytest.raises(InputError, match=complaint):
        parse_models(SIGNS.replace(old, new), "signs.toml")


def test_a_fault_of_one_row_is_found_where_it_stands() -> None:
    bad = MOBILENETS.replace('["0.5", "160", "0.591"', '["0.5", "160", "59.1"')
    with pytest.raises(InputError, match=r"m.toml:\d+: published.1.figures of 0.5, 160.*fractions"):
        parse_models(bad, "m.toml")
    with pytest.raises(InputError, match="no column 'widht'"):
        parse_models(MOBILENETS.replace("V1 {width}", "V1 {widht}"), "m.toml")
    short = MOBILENETS.replace('"0.5", "160", ', '"0.5", ', 1)
    with pytest.raises(InputError, match=r"variants.*row 5 is not 11 strings"):
        parse_models(short, "m.toml")


def test_addresses_must_be_https_and_names_must_be_plain() -> None:
    for old, new in (
        ('url = "https://download', 'url = "http://download'),
        ('member = "mobilenet', 'member = "../mobilenet'),
        ('names = ["mobilenet_v1_{width}', 'names = ["/etc/{width}'),
    ):
        assert old in MOBILENETS
        with pytest.raises(InputError, match="match pattern"):
            parse_models(MOBILENETS.replace(old, new), "m.toml")


def test_a_family_without_its_size_means_the_default_or_the_smallest() -> None:
    for word in ("mobilenet", "MobileNet", "mobilenet-v1", "mobilenet_v1_0.25"):
        assert "'mobilenet_v1_0.25_128'" in similar_model(word), word
    assert "'mobilenet_v1_0.5_128'" in similar_model("mobilenet_v1_0.5")
    assert "'deepface_emotion'" in similar_model("deepface")
    assert "'signs'" in similar_model("sgins")
    assert similar_model("yolo") == "" == similar_model("")
