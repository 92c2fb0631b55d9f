"""Masses of targets and modifiers, against masses summed over their sequences."""

from __future__ import annotations

import pytest

from ublot.errors import BlotError
from ublot.reference.proteins import CIAP1, MODIFIERS, TARGETS, UBIQUITIN, find_modifier, find_target

# Average residue masses, Da (Unimod / ExPASy).
RESIDUE = {
    "A": 71.0788, "R": 156.1875, "N": 114.1038, "D": 115.0886, "C": 103.1388, "E": 129.1155, "Q": 128.1307,
    "G": 57.0519, "H": 137.1411, "I": 113.1594, "L": 113.1594, "K": 128.1741, "M": 131.1926, "F": 147.1766,
    "P": 97.1167, "S": 87.0782, "T": 101.1051, "W": 186.2132, "Y": 163.1760, "V": 99.1326,
}  # fmt: skip

CIAP1_SEQUENCE = (
    "MHKTASQRLFPGPSYQNIKSIMEDSTILSDWTNSNKQKMKYDFSCELYRMSTYSTFPAGVPVSERSLARAGFYYTGVNDKVKCFCCGLMLDNWKLGDSPIQKHK"
    "QLYPSCSFIQNLVSASLGSTSKNTSPMRNSFAHSLSPTLEHSSLFSGSYSSLSPNPLNSRAVEDISSSRTNPYSYAMSTEEARFLTYHMWPLTFLSPSELARAG"
    "FYYIGPGDRVACFACGGKLSNWEPKDDAMSEHRRHFPNCPFLENSLETLRFSISNLSMQTHAARMRTFMYWPSSVPVQPEQLASAGFYYVGRNDDVKCFCCDGG"
    "LRCWESGDDPWVEHAKWFPRCEFLIRMKGQEFVDEIQGRYPHLLEQLLSTSDTTGEENADPPIIHFGPGESSSEDAVMMNTPVVKSALEMGFNRDLVKQTVQSK"
    "ILTTGENYKTVNDIVSALLNAEDEKREEEKEKQAEEMASDDLSLIRKNRMALFQQLTCVLPILDNLLKANVINKQEHDIIKQKTQIPLQARELIDTILVKGNAA"
    "ANIFKNCLKEIDSTLYKNLFVDKNMKYIPTEDVSGLSLEEQLRRLQEERTCKVCMDKEVSVVFIPCGHLVVCQECAPSLRKCPICRGIIKGTVRTFLS"
)
UBIQUITIN_SEQUENCE = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG"
SUMO1_MATURE = "SDQEAKPSTEDLGDKKEGEYIKLKVIGQDSSEIHFKVKMTTHLKKLKESYCQRQGVPMNSLRFLFEGQRIADNHTPKELGMEEEDVIEVYQEQTGG"
SUMO2_MATURE = "MADEKPKEGVKTENNDHINLKVAGQDGSVVQFKIKRHTPLSKLMKAYCERQGLSMRQIRFRFDGQPINETDTPAQLEMEDEDTIDVFQQQTGG"
SUMO3_MATURE = "MSEEKPKEGVKTENDHINLKVAGQDGSVVQFKIKRHTPLSKLMKAYCERQGLSMRQIRFRFDGQPINETDTPAQLEMEDEDTIDVFQQQTGG"
NEDD8_MATURE = "MLIKVKTLTGKEIEIDIEPTDKVERIKERVEEKEGIPPQQQRLIYSGKQMNDEKTAADYKILGGSVLHLVLALRGG"
ISG15_MATURE = (
    "MGWDLTVKMLAGNEFQVSLSSSMSVSELKAQITQKIGVHAFQQRLAVHPSGVALQDRVPLASQGLGPGSTVLLVVDKCDEPLSILVRNNKGRSSTYEVRLTQTV"
    "AHLKQQVSGLEGVQDDLFWLTFEGKPLEDQLPLGEYGLKPLSTVFMNLRLRGG"
)


def kda(sequence: str) -> float:
    return (sum(RESIDUE[c] for c in sequence) + 18.0153) / 1000


@pytest.mark.parametrize(
    ("name", "sequence", "find"),
    [
        ("cIAP1", CIAP1_SEQUENCE, find_target),
        ("cIAP1-BIR3-RING", CIAP1_SEQUENCE[259:], find_target),
        ("ubiquitin", UBIQUITIN_SEQUENCE, find_modifier),
        ("SUMO1", SUMO1_MATURE, find_modifier),
        ("SUMO2", SUMO2_MATURE, find_modifier),
        ("SUMO3", SUMO3_MATURE, find_modifier),
        ("NEDD8", NEDD8_MATURE, find_modifier),
        ("ISG15", ISG15_MATURE, find_modifier),
    ],
)
def test_mass_is_the_sequence_mass(name, sequence, find):
    assert find(name).mass_kda == pytest.approx(kda(sequence), rel=0.004)


def test_the_contract_masses():
    assert CIAP1.mass_kda == 69.9
    assert UBIQUITIN.mass_kda == 8.565
    assert len(CIAP1_SEQUENCE) == 618


@pytest.mark.parametrize("protein", [*TARGETS, *MODIFIERS], ids=lambda p: p.name)
def test_mass_fits_the_length_of_the_chain(protein):
    first, last = protein.source.rsplit(" ", 1)[1].split("-")
    per_residue = 1000 * protein.mass_kda / (int(last) - int(first) + 1)
    assert 106 < per_residue < 118


@pytest.mark.parametrize("name", ["birc2", "C-IAP1", "ciap1", "c iap 1", "BIRC2"])
def test_names_are_forgiving(name):
    assert find_target(name) is CIAP1


def test_names_and_aliases_are_unambiguous():
    for table in (TARGETS, MODIFIERS):
        keys = {}
        for protein in table:
            for name in {n.lower().replace("-", "").replace(" ", "") for n in (protein.name, *protein.aliases)}:
                assert keys.setdefault(name, protein) is protein


def test_unknown_names_list_close_ones():
    with pytest.raises(BlotError, match=r"cIAP1.*--target-kda"):
        find_target("cIAP11")
    with pytest.raises(BlotError, match="ubiquitin"):
        find_modifier("ubiquitn")
    with pytest.raises(BlotError, match=r"NEDD8.*ISG15"):
        find_modifier("zzzz")
