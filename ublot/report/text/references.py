"""Sources that a methods paragraph cites, each as one line."""

from __future__ import annotations

__all__ = ["REFERENCES", "Citations"]

REFERENCES: dict[str, str] = {
    "Bretz 2005": "Bretz F, Pinheiro JC, Branson M. Combining multiple comparisons and modeling techniques in "
    "dose-response studies. Biometrics 2005;61:738-748.",
    "Carroll 1984": "Carroll RJ, Ruppert D. Power transformations when fitting theoretical models to data. "
    "J Am Stat Assoc 1984;79:321-328.",
    "Dunnett 1955": "Dunnett CW. A multiple comparison procedure for comparing several treatments with a control. "
    "J Am Stat Assoc 1955;50:1096-1121.",
    "Eilers 1996": "Eilers PHC, Marx BD. Flexible smoothing with B-splines and penalties. Stat Sci 1996;11:89-121.",
    "Fritsch 1984": "Fritsch FN, Butland J. A method for constructing local monotone piecewise cubic interpolants. "
    "SIAM J Sci Stat Comput 1984;5:300-304.",
    "Golub 1973": "Golub GH, Pereyra V. The differentiation of pseudo-inverses and nonlinear least squares problems "
    "whose variables separate. SIAM J Numer Anal 1973;10:413-432.",
    "Jeffreys 1946": "Jeffreys H. An invariant form for the prior probability in estimation problems. Proc R Soc Lond "
    "A 1946;186:453-461.",
    "Kalambet 2011": "Kalambet Y, Kozmin Y, Mikhailova K, Nagaev I, Tikhonov P. Reconstruction of chromatographic "
    "peaks using the exponentially modified Gaussian function. J Chemom 2011;25:352-356.",
    "Lakowicz 2006": "Lakowicz JR. Principles of Fluorescence Spectroscopy. 3rd ed. Springer 2006, chapter 10.",
    "Langsrud 2005": "Langsrud Ø. Rotation tests. Stat Comput 2005;15:53-60.",
    "Lowry 2020": "Lowry RR, Rees PA. Optimizing reduction of Western blotting analytical variations: use of replicate "
    "test samples, multiple normalization methods, and sample loading positions. bioRxiv 2020.12.16.423026.",
    "Motulsky 2006": "Motulsky HJ, Brown RE. Detecting outliers when fitting data with nonlinear regression: a new "
    "method based on robust nonlinear regression and the false discovery rate. BMC Bioinformatics 2006;7:123.",
    "Portugal 1994": "Portugal LF, Júdice JJ, Vicente LN. A comparison of block pivoting and interior-point algorithms "
    "for linear least squares problems with nonnegative variables. Math Comput. 1994;63:625-643.",
    "Roehrl 2004": "Roehrl MHA, Wang JY, Wagner G. A general framework for development and data analysis of "
    "competitive high-throughput screens for small-molecule inhibitors of protein-protein interactions by fluorescence "
    "polarization. Biochemistry 2004;43:16056-16066.",
    "Sebaugh 2011": "Sebaugh JL. Guidelines for accurate EC50/IC50 estimation. Pharm Stat 2011;10:128-134.",
    "Sternberg 1983": "Sternberg SR. Biomedical image processing. Computer 1983;16:22-34.",
    "Baek 2015": "Baek SJ, Park A, Ahn YJ, Choo J. Baseline correction using asymmetrically reweighted penalized least "
    "squares smoothing. Analyst 2015;140:250-257.",
    "Morhac 2008": "Morháč M, Matoušek V. Peak clipping algorithms for background estimation in spectroscopic data. "
    "Appl Spectrosc 2008;62:91-106.",
    "Virtanen 2020": "Virtanen P, Gommers R, Oliphant TE, et al. SciPy 1.0: fundamental algorithms for scientific "
    "computing in Python. Nat Methods 2020;17:261-272.",
    "Harris 2020": "Harris CR, Millman KJ, van der Walt SJ, et al. Array programming with NumPy. "
    "Nature 2020;585:357-362.",
    "Wang 1995": "Wang ZX. An exact mathematical expression for describing competitive binding of two different "
    "ligands to a protein molecule. FEBS Lett 1995;360:111-114.",
    "Wood 2011": "Wood SN. Fast stable restricted maximum likelihood and marginal likelihood estimation of "
    "semiparametric generalized linear models. J R Stat Soc B 2011;73:3-36.",
    "Zhang 1999": "Zhang JH, Chung TDY, Oldenburg KR. A simple statistical parameter for use in evaluation and "
    "validation of high throughput screening assays. J Biomol Screen 1999;4:67-73.",
}


class Citations:
    """Numbers for sources in the order in which they are cited."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        """``" [1,2]"`` for the sources named."""
        for key in keys:
            if key not in REFERENCES:
                raise KeyError(key)
            if key not in self._keys:
                self._keys.append(key)
        return f" [{','.join(str(self._keys.index(key) + 1) for key in keys)}]"

    @property
    def lines(self) -> tuple[str, ...]:
        """The list of references."""
        return tuple(f"{i}. {REFERENCES[key]}" for i, key in enumerate(self._keys, 1))
