"""What instruments write: files made by independent writers, read level by level with what they say of themselves."""

from __future__ import annotations

import json

import corpus
import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16

from ublot import BlotError, read_blot
from ublot.io.images.metadata import said_by_text, seconds

GREY, OTHER = blot16(), blot16(seed=1)


def read_levels(path, **options):
    return read_blot(path, polarity="light-on-dark", response="linear", **options)


def saved(tmp_path, content, name="blot.scn"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


# --------------------------------------------------------------------------------------------------------- Bio-Rad scn
@pytest.mark.parametrize("endian", ["little", "big"])
def test_scn_comes_back_level_by_level(tmp_path, endian):
    blot = read_levels(saved(tmp_path, corpus.scn_bytes(GREY, endian=endian)))
    np.testing.assert_array_equal(blot.signal, GREY)
    assert (blot.source.format, blot.source.dtype, blot.flags) == ("scn", "uint16", ())
    said = blot.source.metadata
    assert said["make"] == "Bio-Rad" and said["model"] == "ChemiDoc™ MP"
    assert said["software"] == "Image Lab 6.0.1 build 34"
    assert said["exposure"] == "12.5 s" and said["binning"] == "4x4"
    assert "acquired by A. User" in said["audit"]


def test_scn_of_bytes(tmp_path):
    flat = blot8()
    blot = read_levels(saved(tmp_path, corpus.scn_bytes(flat, ceiling=255)))
    np.testing.assert_array_equal(blot.signal, flat)
    assert blot.source.dtype == "uint8"


def test_the_ceiling_that_the_scanner_states_is_believed(tmp_path):
    """A 12-bit camera: 4095 is full, though the samples could hold 65535."""
    levels = np.minimum(GREY // 4, 4095)
    assert (levels == 4095).sum() > 100
    blot = read_levels(saved(tmp_path, corpus.scn_bytes(levels, ceiling=4095)))
    assert blot.ceiling == 4095
    np.testing.assert_array_equal(blot.saturated, levels == 4095)
    below = read_levels(saved(tmp_path, corpus.scn_bytes(np.minimum(GREY // 8, 4094), ceiling=4095)))
    assert below.ceiling == 4095 and below.saturated is None


def test_one_saturated_pixel_is_known_where_the_file_states_the_ceiling(tmp_path):
    levels = GREY // 2
    levels[100, 100] = 40000
    assert read_levels(saved(tmp_path, corpus.scn_bytes(levels, ceiling=40000))).saturated.sum() == 1


def test_channels_of_a_scn(tmp_path):
    path = saved(tmp_path, corpus.scn_bytes(GREY, OTHER, names=("Chemi", "Stain Free Blot")), "two.mscn")
    first = read_levels(path)
    np.testing.assert_array_equal(first.signal, GREY)
    assert "first_page" in first.flags
    assert first.source.metadata["channels"] == "1 Chemi, 2 Stain Free Blot"
    second = read_levels(path, channel=2)
    np.testing.assert_array_equal(second.signal, OTHER)
    assert second.flags == ()
    assert second.source.metadata["exposure"] == "25 s" and second.source.metadata["application"] == "Stain Free Blot"
    with pytest.raises(BlotError, match="no channel 3"):
        read_blot(path, channel=3)


def test_pixels_may_spell_a_boundary(tmp_path):
    levels = GREY.copy()
    spelt = np.frombuffer(b"\r\n--=_Inner_Boundary_0\r\n\r\n--=_Top_Boundary_1--\r\n", "<u2")
    levels[50, 10 : 10 + len(spelt)] = spelt
    np.testing.assert_array_equal(read_levels(saved(tmp_path, corpus.scn_bytes(levels))).signal, levels)


@pytest.mark.parametrize("slack", [0, 6, 40])
def test_the_length_of_a_header_may_be_overstated(tmp_path, slack):
    np.testing.assert_array_equal(read_levels(saved(tmp_path, corpus.scn_bytes(GREY, slack=slack))).signal, GREY)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"width='320'", b"width='99999999'", "million"),
        (b"width='320'", b"width='640'", "truncated"),
        (b"width='320'", b"width='many'", "decoded"),
        (b"<root>\n<endian>", b"<!ENTITY a 'aaaaaaaa'>", "entities"),
        (b"application/octet-stream", b"application/octopus", "no picture"),
        (b'boundary="=_Top', b'"=_Top', "boundary"),
    ],
)
def test_a_damaged_scn_is_refused(tmp_path, old, new, says):
    content = corpus.scn_bytes(GREY)
    assert old in content
    with pytest.raises(BlotError, match=says) as error:
        read_blot(saved(tmp_path, content.replace(old, new)))
    assert "blot.scn" in str(error.value)


def test_a_scn_without_closing_delimiters_is_whole(tmp_path):
    """Image Lab 3.0 to 6.1 writes none: a part ends where the delimiter of the outer one follows."""
    content = corpus.scn_bytes(GREY, OTHER)
    for boundary in ("=_Inner_Boundary_0", "=_Inner_Boundary_1", "=_Top_Boundary_1"):
        content = content.replace(f"--{boundary}--\r\n".encode(), b"")
    path = saved(tmp_path, content)
    np.testing.assert_array_equal(read_levels(path, channel=1).signal, GREY)
    np.testing.assert_array_equal(read_levels(path, channel=2).signal, OTHER)


def test_square_roots_that_image_lab_imported_are_refused(tmp_path):
    content = corpus.scn_bytes(GREY)
    imported = b"<scaler><moldyn mode='1' real_scale='0.000021'/></scaler>\n<scan_attributes>"
    with pytest.raises(BlotError, match=r"square roots.*\.gel file itself"):
        read_levels(saved(tmp_path, content.replace(b"<scan_attributes>", imported)))


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.97])
def test_a_truncated_scn_is_refused(tmp_path, share):
    content = corpus.scn_bytes(GREY)
    with pytest.raises(BlotError, match=r"blot\.scn"):
        read_blot(saved(tmp_path, content[: int(share * len(content))]))


# ------------------------------------------------------------------------------------------------- what files say
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.5", 2.5), ("500 ms", 0.5), ("1,5 s", 1.5), ("2 min", 120), ("1/8", 0.125), ("(5, 2)", 2.5),
        ("0:02:30", 150), ("3:05", 185), ("250 µs", 2.5e-4), ("1 h", 3600), ("1e1 sec", 10),
    ],
)  # fmt: skip
def test_times(text, expected):
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "auto", "1/0", "five", "1 2", "-3"])
def test_no_times(text):
    assert np.isnan(seconds(text))


DESCRIPTIONS = {
    "lines": "Exposure Time (ms): 30000\nBinning = 2x2\nChannel: 800\nInstrument: Odyssey Fc\nComment: x",
    "xml": '<?xml version="1.0" encoding="utf-16"?><Scan Instrument="Odyssey Fc"><ExposureTime>30</ExposureTime>'
    "<Binning>2x2</Binning><ChannelName>800</ChannelName></Scan>",
    "pairs": '<Image><p name="Exposure Time (sec)" value="30"/><p name="Binning" value="2x2"/>'
    '<p name="Channel" value="800"/><p name="Imager" value="Odyssey Fc"/></Image>',
    "json": json.dumps(
        {"Camera": {"exposure_time_ms": 30000, "binning": "2x2"}, "channel": "800", "instrument": "Odyssey Fc"}
    ),
}


@pytest.mark.parametrize("dialect", DESCRIPTIONS)
def test_descriptions_in_the_dialects_of_imagers(tmp_path, dialect):
    tifffile.imwrite(tmp_path / "blot.tif", GREY, description=DESCRIPTIONS[dialect], metadata=None)
    said = read_blot(tmp_path / "blot.tif").source.metadata
    assert (said["exposure"], said["binning"], said["channel"]) == ("30 s", "2x2", "800")
    assert said["model"] == "Odyssey Fc"


@pytest.mark.parametrize(
    "text", ["", "<a", "{", "[1,", "Exposure: auto", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "[" * 5000, "= 3"]
)
def test_descriptions_that_say_nothing(text):
    assert "exposure" not in said_by_text(text)


def test_exposure_as_a_tag_of_its_own(tmp_path):
    tifffile.imwrite(tmp_path / "blot.tif", GREY, extratags=[(33434, "2I", 1, (5, 2), True)])
    assert read_blot(tmp_path / "blot.tif").source.metadata["exposure"] == "2.5 s"


def test_ome_channels_by_name(tmp_path):
    path = saved(tmp_path, corpus.ome_bytes([GREY, OTHER], ["IRDye 700", "IRDye 800"], [500, 1000]), "two.ome.tif")
    first = read_levels(path)
    assert first.source.metadata["channels"] == "1 IRDye 700, 2 IRDye 800"
    assert "first_page" in first.flags
    second = read_levels(path, channel=2)
    np.testing.assert_array_equal(second.signal, OTHER)
    assert second.source.metadata["channel"] == "IRDye 800" and second.source.metadata["exposure"] == "1 s"


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_a_second_channel_beside_grey_is_no_opacity(tmp_path, planar):
    two = np.stack([GREY, OTHER], -1 if planar == "contig" else 0)
    options = {"photometric": "minisblack", "planarconfig": planar, "extrasamples": ["unspecified"]}
    tifffile.imwrite(tmp_path / "blot.tif", two, **options)
    blot = read_levels(tmp_path / "blot.tif")
    np.testing.assert_array_equal(blot.signal, GREY)
    assert "first_page" in blot.flags
    np.testing.assert_array_equal(read_levels(tmp_path / "blot.tif", channel=2).signal, OTHER)


def test_pages_are_listed_by_name(tmp_path):
    with tifffile.TiffWriter(tmp_path / "blot.tif") as tif:
        for levels, name in ((GREY, "700 nm"), (OTHER, "800 nm")):
            tif.write(levels, extratags=[(285, "s", 0, name, True)], metadata=None)
    assert read_blot(tmp_path / "blot.tif").source.metadata["channels"] == "1 700 nm, 2 800 nm"
    with pytest.raises(BlotError, match=r"no channel 3.*2 pages"):
        read_blot(tmp_path / "blot.tif", channel=3)
